"""The last chunks of a closed film: one of each track, in turn, as short as it happens to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mediarescue.recover.interleave_model import Evidence, InterleaveModel

BALANCE_COST = 1.5
MOST_BALANCE = 12.0
_ROUNDS = 2
"""Rounds of chunks at the end that may be shared out anew."""
_LONGEST = 2048
_USUAL_LENGTHS = 3


def close_evenly(
    places: NDArray[np.int16],
    apart: NDArray[np.bool_],
    model: InterleaveModel,
    evidence: Evidence,
    lost: Sequence[int] | None = None,
) -> NDArray[np.int16]:
    """Return the track of each sample, the end shared out so that all tracks end together where that is likelier.

    Parameters
    ----------
    places : int16 (n,)
        As the search has them.
    apart : bool (n,)
        Whether other data stand before a sample.
    lost : sequence of int or None
        Samples of each track that gaps swallowed; None for none.

    Notes
    -----
    When a film is closed each track's rest is written, however short: six odd chunks in a row, which no search by the
    usual lengths gets to.
    """
    total, count = len(places), model.tracks
    lost = [0] * count if lost is None else lost
    starts = np.flatnonzero(np.append(True, places[1:] != places[:-1]) | apart)
    together = int(np.flatnonzero(apart)[-1]) if apart.any() else 0
    considered = starts[-(_ROUNDS * count + 1) :]
    considered = considered[(considered >= max(together, total - _LONGEST)) & (considered > 0)]
    if count < 2 or not len(considered):
        return places
    first = int(considered[0])
    best, least = places, _price(places, first, apart, model, evidence, lost)
    usual = {length for seen in model.lengths for length, _ in seen.most_common(_USUAL_LENGTHS)}
    for start, length, turn in product(considered.tolist(), (0, *sorted(usual)), range(count)):
        order = [(turn + k) % count for k in range(count)]
        other = places.copy()
        whole = np.repeat(order, length)  # a last round of the usual length in front of what is left
        if start + len(whole) >= total:
            continue
        other[start : start + len(whole)] = whole
        for rest in _even_rests(other[: start + len(whole)], total, lost):
            other[start + len(whole) :] = np.repeat(order, [rest[place] for place in order])
            price = _price(other, first, apart, model, evidence, lost, least)
            if price < least:
                best, least = other.copy(), price
    return best


def _even_rests(before: NDArray[np.int16], total: int, lost: Sequence[int]) -> Iterator[list[int]]:
    """Give the samples each track still has so that all have the same, the odd ones with the first or the last."""
    count = len(lost)
    have = np.bincount(before, minlength=count) + np.array(lost)
    each, odd = divmod(total + sum(lost), count)
    for extra in {tuple(k < odd for k in range(count)), tuple(k >= count - odd for k in range(count))}:
        rest = [each + more - int(had) for more, had in zip(extra, have.tolist(), strict=True)]
        if min(rest) >= 0:
            yield rest


def _price(
    places: NDArray[np.int16],
    first: int,
    apart: NDArray[np.bool_],
    model: InterleaveModel,
    evidence: Evidence,
    lost: Sequence[int],
    limit: float = float("inf"),
) -> float:
    """Return the surprise in nats of the chunks from sample ``first`` on, the last of each track of any length."""
    totals = np.bincount(places, minlength=model.tracks) + np.array(lost)
    cost = min(BALANCE_COST * int(totals.max() - totals.min()), MOST_BALANCE)
    begins = np.append(True, places[1:] != places[:-1]) | apart
    last, latest = dict[int, int](), dict[int, float]()
    for place in range(model.tracks):
        of = np.flatnonzero(places[:first] == place)
        last[place] = int(of[-1]) if len(of) else -1
    earlier = np.flatnonzero(begins[:first])[-3:]
    context = tuple(places[earlier].tolist())
    length = 0
    for index in range(first, len(places)):
        place = int(places[index])
        if begins[index]:
            if length:
                latest[context[-1]] = model.end_cost(context[-1], length, ended=True)
                cost += latest[context[-1]]
            cost += model.next_cost(bool(apart[index]), context, place)
            context, length = (*context, place)[-3:], 0
        else:
            cost += model.end_cost(place, length, ended=False)
        cost += evidence.alone(place, index) + evidence.following(place, last[place], index)
        last[place], length = index, length + 1
        if cost - sum(latest.values()) > limit:
            return float("inf")
    return cost - sum(known for place, known in latest.items() if place != context[-1])
