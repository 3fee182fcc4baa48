"""Composition offsets from the picture order count, in the reference's own convention."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]

_REORDER_DEPTH = 16
"""No codec lets a picture overtake more than 16 others."""


def display_ranks(sequence: Int64Array, poc: Int64Array, *, step: int = 0, behind_gap: bool = False) -> Int64Array:
    """Return each access unit's place in the order of output, int64 (n,).

    Parameters
    ----------
    sequence : int64 (n,)
        Index of the coded video sequence, rising.
    poc : int64 (n,)
        Picture order count within it.
    step : int
        What picture order counts advance by from one picture shown to the next, 0 where that is not known. With
        it, places are left in the last sequence for pictures that a cut recording lacks.
    behind_gap : bool
        The last sequence begins behind damage: no places are left for pictures that it lacks at its beginning.
    """
    order = np.lexsort((poc, sequence))
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    if step and len(order):
        first = int(np.searchsorted(sequence, sequence[-1]))
        counts = poc[order[first:]] - poc[order[first]]
        if (counts % step == 0).all() and (np.diff(counts) > 0).all():
            left = counts // step - np.arange(len(counts))
            lost = int(left[min(2 * _REORDER_DEPTH, len(left) - 1)]) if behind_gap else 0
            ranks[order[first:]] = first + np.arange(len(counts)) + np.maximum(left - lost, 0)
    return ranks


def picture_step(sequence: Int64Array, poc: Int64Array) -> int:
    """Return by what picture order counts advance from one picture shown to the next, 0 where that varies.

    Notes
    -----
    The end of each sequence is left out: there, pictures may be missing.
    """
    steps, settled = Counter[int](), set[int]()
    for first, stop in _sequences(sequence):
        apart = np.diff(np.sort(poc[first:stop])).tolist()
        steps.update(apart)
        settled.update(apart[:-_REORDER_DEPTH])
    if not steps:
        return 0
    step, times = steps.most_common(1)[0]
    regular = settled <= {step} and 2 * times > steps.total() and min(steps) == step
    return step if regular and step > 0 else 0


def commonest_step(sequence: Int64Array, poc: Int64Array) -> int:
    """Return by what picture order counts advance most often from one picture shown to the next, 0 for no pictures."""
    order = np.lexsort((poc, sequence))
    apart = np.diff(poc[order])[np.diff(sequence[order]) == 0]
    apart = apart[(apart > 0) & (apart < 1 << 12)]
    return int(np.bincount(apart).argmax()) if len(apart) else 0


def _sequences(sequence: Int64Array) -> list[tuple[int, int]]:
    """Return first and end index of each run of equal values."""
    if not len(sequence):
        return []
    starts = np.flatnonzero(np.diff(sequence, prepend=sequence[0] - 1)).tolist()
    return list(zip(starts, [*starts[1:], len(sequence)], strict=True))


def offsets_without_shift(ranks: Int64Array, durations: Int64Array) -> Int64Array:
    """Return each sample's composition minus decode time in ticks, were the shift 0.

    Notes
    -----
    The times at which pictures are shown follow the same clock as the decode times: the picture of rank r is
    shown when the r-th sample is decoded, plus the constant shift. With a constant rate this is exact.
    """
    times = np.cumsum(durations) - durations
    missing = int(ranks.max(initial=-1)) + 1 - len(durations)
    shown = times
    if missing > 0:
        last = int(durations[-1])
        shown = np.concatenate((times, int(times[-1]) + last * np.arange(1, missing + 1)))
    return np.asarray(shown[ranks] - times, dtype=np.int64)


def learn_shift(composition_offset: Int64Array, ranks: Int64Array, durations: Int64Array) -> int:
    """Return the reference's shift: the commonest distance of its offsets from those without shift."""
    if not len(ranks):
        return 0
    distance = composition_offset[: len(ranks)] - offsets_without_shift(ranks, durations[: len(ranks)])
    return int(np.median(distance))
