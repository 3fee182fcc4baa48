"""Where several tracks share a codec: whose chunk goes on behind damage, and how much of it is left."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mediarescue.recover.candidate import FamilySamples, Segmentation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mediarescue.recover.interleave_model import InterleaveModel

_PREDICTED = 0.8
"""How far the prediction is trusted: as many bytes as the gap has may not be what was lost (cut out, put in)."""
_UNSURE = (0.15, 0.15, 0.03)
"""Samples by which the count of the lost ones may be wrong: at least, by their sizes, by how full the film is there."""
_ELSEWHERE = 2.0
"""Nats of going on elsewhere than the bytes lost say."""
_MOST_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Resumed:
    """A way to go on behind a gap: the track, the samples left of its chunk, how sure that is, and its price in nats.

    ``spread`` is the standard deviation of ``left`` in samples, 0 where nothing is known of it.
    """

    place: int
    left: int
    spread: float
    cost: float
    is_same: bool
    """Whether no other chunk began in the gap."""
    lost: tuple[int, ...]
    """Samples of each track in the gap."""


def lost_samples(samples: FamilySamples, segmentation: Segmentation, *, unknown: int = 0) -> NDArray[np.float64]:
    """Return about how many of the family's samples were lost right before each of them, float64 (n,); 0: none.

    Parameters
    ----------
    unknown : int
        Bytes of the longest gap that may be samples of a track nobody can recognise.

    Notes
    -----
    As many as stand in so many bytes elsewhere in the film, and at least a part of one.
    """
    lost = np.zeros(len(samples.size))
    gaps = [gap for gap in segmentation.gaps if not gap.expected and gap.size > unknown]
    if not gaps or not len(lost):
        return lost
    density = len(lost) / max(segmentation.recovered_bytes, 1)
    first = np.searchsorted(samples.offset, [gap.offset for gap in gaps])
    for index, gap in zip(first.tolist(), gaps, strict=True):
        if 0 < index < len(lost):
            lost[index] += max(gap.size * density, 0.5)
    return lost


def resumptions(
    model: InterleaveModel,
    context: tuple[int, ...],
    count: int,
    lost: float,
    following: Callable[[tuple[int, ...]], int],
) -> list[Resumed]:
    """Return the ways in which chunks may go on behind a gap.

    Parameters
    ----------
    context : tuple of int
        Tracks of the chunks so far, the last one interrupted.
    count : int
        Samples of it.
    lost : float
        Samples of the family in the gap, about.
    following : callable
        Context -> the track whose chunk comes next.
    """
    spread = _UNSURE[0] + _UNSURE[1] * math.sqrt(lost) + _UNSURE[2] * lost
    best: dict[tuple[int, int], Resumed] = {}
    for surprise, many in ((0.0, lost), (0.5, lost - spread), (0.5, lost + spread)):
        place, left, same, of = _after(model, context, count, max(0, round(many)), following)
        known = best.get((place, left))
        if known is None or surprise < known.cost:
            best[place, left] = Resumed(place, left, spread, surprise, same, of)
    each = (round(lost / model.tracks),) * model.tracks
    for place in range(model.tracks):
        best[place, -1] = Resumed(place, 0, 0.0, _ELSEWHERE, place == context[-1], each)
    return list(best.values())


def _after(
    model: InterleaveModel, context: tuple[int, ...], count: int, lost: int, following: Callable[[tuple[int, ...]], int]
) -> tuple[int, int, bool, tuple[int, ...]]:
    """Return the track ``lost`` samples later, what is left of its chunk, if it is the same one, and who lost them."""
    place, same, of = context[-1], True, [0] * model.tracks
    left = _usual(model, place) - count
    for _ in range(_MOST_STEPS):
        if left > lost:
            break
        lost -= max(left, 0)
        of[place] += max(left, 0)
        place, same = following(context), False
        context = (*context, place)[-3:]
        left = _usual(model, place)
    of[place] += lost
    return place, max(left - lost, 1), same, tuple(of)


def _usual(model: InterleaveModel, place: int) -> int:
    lengths = model.lengths[place]
    return max(lengths.most_common(1)[0][0], 1) if lengths else 1


def end_costs(model: InterleaveModel, place: int, left: int, spread: float) -> list[tuple[float, float]]:
    """Return the cost of a resumed chunk of going on, and of its end, after 0, 1, 2... samples."""
    most = max(max(model.lengths[place], default=1), left) + 1
    chance = np.full(most, 1 / (most - 1))
    if spread:
        near = np.exp(-0.5 * ((np.arange(most) - left) / spread) ** 2)
        chance = _PREDICTED * near / near[1:].sum() + (1 - _PREDICTED) * chance
    chance[0] = 0.0
    at_least = np.maximum(np.cumsum(chance[::-1])[::-1], 1e-12)
    hazard = np.clip(chance / at_least, 1e-6, 1 - 1e-3)
    return [(-math.log(1 - h), -math.log(h)) for h in hazard.tolist()]
