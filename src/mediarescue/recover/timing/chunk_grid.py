"""Writers that close a chunk when it holds half a second, or a second: the number of its samples tells their rate.

Apple's writer (AVFoundation) closes one at the first sample with which it lasts 0.5 s, Android's MPEG4Writer at 1 s. A
chunk with fewer samples than usual lacks dropped frames; it lasts as long as the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
Ticks = NDArray[np.float64]

_PERIODS = (0.2, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0)
"""Seconds; what writers are set to."""
_FEWEST_CHUNKS = 2
_MOSTLY = 0.75
_ROUNDING = 1.5
_ALIKE = 0.05
_ASTRAY = 0.25
"""Seconds; a rule that is further off in the reference is none."""
_PACES = (0.98, 10.0)
"""Times the usual duration; the last chunk may have been taken at a lower rate, at no higher one."""


@dataclass(frozen=True, slots=True)
class ChunkGrid:
    """How long a writer's chunks last, in ticks.

    Attributes
    ----------
    period : float
        A chunk ends with the first sample that makes it last so long, or that reaches the next multiple of it.
    step : float
        The usual duration of a sample; longer ones are multiples of it.
    absolute : bool
        Whether chunks end at multiples of the period, wherever they began.
    error : float
        Largest distance of the reference's chunks from where the rule has them.
    """

    period: float
    step: float
    absolute: bool = False
    error: float = 0.0

    def ends(self, counts: Int64Array) -> Ticks:
        """Return when chunks of so many samples end, float64 (n,), in ticks from the first one's beginning."""
        if not self.absolute:
            return np.asarray(np.cumsum([self._length(count, self.period) for count in counts.tolist()]))
        ends, at = np.zeros(len(counts)), 0.0
        for place, count in enumerate(counts.tolist()):
            at += self._length(count, (math.floor(at / self.period + 0.5) + 1) * self.period - at)
            ends[place] = at
        return ends

    def _length(self, count: int, period: float) -> float:
        """Return how long a chunk lasts in which ``count`` samples fill the period."""
        usual, least = count * self.step, period - _ROUNDING
        if usual >= least - 0.5 * self.step:
            return usual
        if 2 * usual > period:  # frames were dropped: as many steps as it takes
            return math.ceil(least / self.step) * self.step
        each = (
            math.ceil(least / max(usual, 1.0)) * self.step
        )  # a lower rate: a whole multiple of the step, if it can be
        return count * each if count * each < period + each else period * (1 + 0.5 / max(count, 1))


def learn_grid(durations: Int64Array, starts: Int64Array, timescale: int) -> ChunkGrid | None:
    """Learn the rule from the reference; None where its chunks follow none.

    Parameters
    ----------
    durations : int64 (n,)
    starts : int64 (k,)
        First sample of each chunk; what touches is one (`run_starts`).
    timescale : int
    """
    if len(starts) < _FEWEST_CHUNKS + 1 or (durations <= 0).all():
        return None
    shown = np.sort(durations[durations > 0])
    near = np.searchsorted(shown, shown * (1 + _ALIKE), side="right") - np.arange(len(shown))
    first = int(near.argmax())  # where most durations are alike
    step = float(shown[first : first + int(near[first])].mean())
    counts = np.diff(starts)  # the last chunk ends where the recording does
    lengths = np.add.reduceat(durations, starts)[:-1].astype(np.float64)
    ends, last = np.cumsum(lengths), durations[starts[1:] - 1]
    best: ChunkGrid | None = None
    for period in (seconds * timescale for seconds in _PERIODS):
        for absolute in (False, True):
            over = (ends + _ROUNDING) % period - _ROUNDING if absolute else lengths - period
            kept = (over > -_ROUNDING) & (over < last + _ROUNDING)
            if absolute:
                kept &= np.diff((ends + _ROUNDING) // period, prepend=0) == 1
            if kept.sum() < max(_FEWEST_CHUNKS, _MOSTLY * len(kept)):
                continue
            grid = ChunkGrid(period, step, absolute)
            chosen = counts if absolute else counts[kept]
            true = ends if absolute else np.cumsum(lengths[kept])
            error = float(np.abs(grid.ends(chosen) - true).max())
            if best is None or error < best.error:
                best = ChunkGrid(period, step, absolute, error)
    return best if best is not None and best.error < _ASTRAY * timescale else None


def durations_by_grid(grid: ChunkGrid, starts: Int64Array, count: int, total: float | None = None) -> Int64Array:
    """Return durations in ticks, int64 (count,), by which each chunk lasts as long as its writer has it.

    ``total`` is when the last one ends, in ticks, where something else tells that.
    """
    counts = np.diff(starts, append=count)
    ends = grid.ends(counts)
    pace = grid.step
    if len(ends) > 1:  # the last one ends where the recording does: at the rate of the one before
        before = ends[-2] - (ends[-3] if len(ends) > 2 else 0.0)
        pace = max(before / max(int(counts[-2]), 1), grid.step)
        ends[-1] = ends[-2] + counts[-1] * pace
    else:
        ends[-1] = counts[-1] * pace
    left = counts[-1] * grid.step
    begun = ends[-1] - counts[-1] * pace
    if total is not None and _PACES[0] * left < total - begun < _PACES[1] * left:
        ends[-1] = total
    times = np.interp(np.arange(count + 1), np.append(starts, count), np.concatenate(([0.0], ends)))
    return np.asarray(np.maximum(np.diff(np.floor(times + 0.5).astype(np.int64)), 1), dtype=np.int64)
