"""Picture counters of H.264 and HEVC: how many pictures are missing, modulo the counter's period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
_WINDOW = 96
"""Pictures looked at on each side of a gap; sixteen is the most any of them may be reordered by."""

_MOST_CONVOLVED = 20_000
_UNHEARD_OF = 0.01
_ONCE = 0.6
_NEVER = 1e-5
"""Damaged samples that pass for whole ones, and streams that break the rules, make nothing quite impossible."""


@dataclass(frozen=True, slots=True)
class PictureCounter:
    """What the slice headers say of each picture's place in the order of output.

    Attributes
    ----------
    place : int32 (n,)
        Place within its coded video sequence, modulo ``period``, in pictures.
    period : int
        Pictures after which the counter starts again.
    restarts : bool (n,)
        Pictures at which it starts again at 0 (IDR, BLA).
    depth, ahead : int
        Pictures by which one may be decoded later, or earlier, than it is shown.
    """

    place: NDArray[np.int32]
    period: int
    restarts: NDArray[np.bool_]
    depth: int
    ahead: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the order of decoding before which all pictures up to ``place`` were decoded, and none behind it.

    Attributes
    ----------
    stop : int
        Index of the first sample behind it.
    place : int
        The last picture's place in the order of output, unwrapped from the window's first picture.
    first : int
        Index of the window's first sample.
    places : int64 (m,)
        Places of the window's samples in the same count.
    """

    stop: int
    place: int
    first: int
    places: Int64Array


def picture_counter(
    values: Int64Array, modulus: int, sequence: Int64Array, ranks: Int64Array, *, step: int
) -> PictureCounter | None:
    """Return the counter of a track's pictures; None where it does not tell how many are missing.

    Parameters
    ----------
    values : int64 (n,)
        As the slice headers have them.
    modulus : int
        0 where there is no counter.
    sequence : int64 (n,)
        Index of each picture's coded video sequence.
    ranks : int64 (n,)
        Place of each picture in the order of output.
    step : int
        What values advance by from one picture shown to the next, 0 where that varies.
    """
    early = ranks - np.arange(len(ranks))
    depth, ahead = -int(early.min(initial=0)), int(early.max(initial=0))
    if not modulus or not step or modulus % step or modulus // step <= depth + ahead + 1:
        return None
    restarts = np.diff(sequence, prepend=sequence[:1]) > 0
    if len(values):
        restarts[0] = values[0] == 0
    return PictureCounter((values // step).astype(np.int32), modulus // step, restarts, depth, ahead)


def last_restart(counter: PictureCounter, low: int, stop: int) -> int | None:
    """Return the index of the last restart in ``[low, stop)``."""
    found = np.flatnonzero(counter.restarts[low:stop])
    return low + int(found[-1]) if len(found) else None


def anchor_before(counter: PictureCounter, low: int, stop: int) -> Anchor | None:
    """Return the last anchor in front of ``stop``, among samples from ``low`` on."""
    first = max(low, stop - _WINDOW)
    restart = last_restart(counter, first, stop)
    whole = restart is not None
    first = first if restart is None else restart
    places = _unwrapped(counter, first, stop)
    for count in range(len(places), 0, -1):
        highest = int(places[:count].max())
        if _is_closed(places[:count], counter.depth) or (whole and highest - int(places[0]) == count - 1):
            return Anchor(first + count, highest, first, places)
    return None


def anchor_after(counter: PictureCounter, start: int, high: int) -> Anchor | None:
    """Return the first anchor behind ``start``, among samples up to ``high``."""
    stop = min(high, start + _WINDOW)
    restarts = np.flatnonzero(counter.restarts[start + 1 : stop])
    stop = start + 1 + int(restarts[0]) if len(restarts) else stop
    places = _unwrapped(counter, start, stop)
    for count in range(1, len(places) + 1):
        highest = int(places[:count].max())
        # what is shown next must still come: were some of it decoded before, the gap took it
        ahead = np.isin(np.arange(highest + 1, highest + 1 + counter.ahead), places[count:])
        if _is_closed(places[:count], counter.depth) and ahead.all():
            return Anchor(start + count, highest, start, places)
    if len(restarts) and len(places) > 2 * counter.depth:
        return Anchor(stop, int(places.max()), start, places)
    return None


def places_up_to_restart(counter: PictureCounter, start: int, high: int) -> Int64Array | None:
    """Return places, counted from ``start`` in the order of decoding, of the few pictures there before a restart.

    Where restarts come at one distance, the next one tells what no anchor does: where their sequence began.
    """
    restarts = np.flatnonzero(counter.restarts)
    apart = np.diff(restarts)
    following = restarts[(restarts > start) & (restarts < min(high, start + _WINDOW))]
    if not len(apart) or not len(following):
        return None
    usual = int(np.bincount(apart).argmax())
    stop = int(following[0])
    places = (stop - start) - usual + counter.place[start:stop].astype(np.int64)
    fits = usual <= counter.period and (places < stop - start).all()
    return places if fits else None


def _is_closed(places: Int64Array, depth: int) -> bool:
    """Whether the last ``depth`` + 1 places up to the highest are all there: no earlier one can follow."""
    return bool(np.count_nonzero(places > places.max() - depth - 1) == depth + 1)


def _unwrapped(counter: PictureCounter, start: int, stop: int) -> Int64Array:
    places = counter.place[start:stop].astype(np.int64)
    half = counter.period // 2
    steps = (np.diff(places) + half) % counter.period - half
    return np.concatenate((places[:1], places[:1] + np.cumsum(steps))) if len(places) else places


def counter_cost(
    count: Int64Array, counter: PictureCounter, apart: Int64Array, low: int, at: int, high: int
) -> NDArray[np.float64]:
    """Return how unlikely it is in nats, by the counter, that ``count`` pictures are missing at ``at``.

    Parameters
    ----------
    count : int64 (m,)
        Hypotheses.
    apart : int64 (k,)
        Distances of restarts with nothing missing between.
    low, high : int
        Samples between the gaps before and behind this one.
    at : int
        Index of the first sample behind the gap.

    Notes
    -----
    Where no restart is missing, the count is exact modulo the period. A lost restart leaves the place since it:
    with restarts at one regular distance that is as good, without it is only a lower limit.
    """
    nothing = np.zeros(len(count))
    after = anchor_after(counter, at, high)
    if after is None:
        return nothing
    period = counter.period
    since = 0 if counter.restarts[at] else (after.place + 1 - (after.stop - at)) % period
    before = anchor_before(counter, low, at)
    direct = np.zeros(len(count))
    if before is not None and not counter.restarts[at]:
        missing = (after.place - before.place) - (after.stop - before.stop)
        direct = ((count - missing) % period == 0).astype(np.float64)
    if not len(apart):
        return _cost(0.9 * direct + 0.1 / period) if before is not None else nothing
    begun = last_restart(counter, low, at)
    if begun is None:
        often = 1 - np.exp(-count / apart.mean())
        return _cost((1 - often) * direct + often * (count >= since) / period)
    own = at - begun
    goes_on, restarts, doubt = _renewal(apart, own + int(count[-1]))
    if goes_on[own] < _UNHEARD_OF:
        doubt = 1.0  # this sequence is longer already than any other
    lost = np.zeros(len(count))
    for rounds in range(since, 2 * int(apart.max()), period):
        after_restart = own + count - rounds
        lost += np.where(count >= rounds, restarts[np.maximum(after_restart, 0)], 0.0)
    by_rule = direct * goes_on[own + count] / max(goes_on[own], _UNHEARD_OF) + lost
    often = 1 - np.exp(-count * len(apart) / (apart.sum() + own))
    loose = direct * (1 - often) + often * (count >= since) / period
    return _cost((1 - doubt) * by_rule + doubt * loose)


def _renewal(known: Int64Array, length: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return how likely a distance reaches so far, and how likely some ends just there, and how far to doubt both.

    The first two are float64 (length + 1,).

    Parameters
    ----------
    known : int64 (k,)
        Distances seen, at least one.
    length : int

    Notes
    -----
    Distances follow each other independently: a renewal process, whose density is the sum of all convolutions of the
    distances' histogram. That is smoothed by one sample, as cameras keep to the clock rather than to a number.
    """
    longest = 2 * int(known.max()) + 1
    seen = np.bincount(known, minlength=longest + 1)[: longest + 1] / len(known)
    density = 0.8 * seen + 0.1 * np.roll(seen, 1) + 0.1 * np.roll(seen, -1) if np.ptp(known) else seen
    density[0] = 0.0
    # distances seen but once are as likely to be others the next time (Good-Turing)
    doubt = max(1 / (len(known) + 1.5), _ONCE * np.count_nonzero(np.bincount(known) == 1) / len(known))
    often = 1 / max(float(known.mean()), 1.0)
    reach = np.zeros(length + 1)
    reach[: longest + 1] = (1 - np.cumsum(density) + density)[: length + 1]
    ends = np.full(length + 1, often)
    ends[0] = 1.0
    for at in range(1, min(length, _MOST_CONVOLVED) + 1):
        first = max(at - longest, 0)
        ends[at] = float(ends[first:at] @ density[at - first : 0 : -1])
    ends[0] = 0.0
    return np.clip(reach, 0.0, 1.0), ends, float(doubt)


def sync_cost(
    count: Int64Array, is_sync: NDArray[np.bool_], known: Int64Array, low: int, at: int, high: int
) -> NDArray[np.float64]:
    """Return how unlikely it is in nats, by the distance of sync samples, that ``count`` samples are missing at ``at``.

    Parameters
    ----------
    count : int64 (m,)
        Hypotheses.
    is_sync : bool (n,)
    known : int64 (k,)
        Distances of sync samples with nothing missing between, of this file and of the reference.
    low, at, high : int
        As for `counter_cost`.
    """
    before, after = np.flatnonzero(is_sync[low:at]), np.flatnonzero(is_sync[at:high])
    if len(known) < 2 or not len(before) or not len(after):
        return np.zeros(len(count))
    apart = (at + int(after[0])) - (low + int(before[-1])) + count
    _, ends, doubt = _renewal(known, int(apart[-1]))
    return _cost((1 - doubt) * ends[apart] + doubt / max(float(known.mean()), 1.0))


def _cost(likelihood: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.log(likelihood + _NEVER), dtype=np.float64)
