"""Writers that close a chunk when it holds half a second, or a second: the number of its samples tells their rate.

Apple's writer (AVFoundation) closes one at the first sample with which it lasts 0.5 s, Android's MPEG4Writer at 1 s. A
chunk with fewer samples than usual lacks dropped frames; it lasts as long as the others.
"""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class ChunkGrid:
    """How long a writer's chunks last, in ticks.

    Attributes
    ----------
    period : float
        A chunk ends with the first sample that makes it last so long.
    step : float
        The usual duration of a sample; longer ones are multiples of it.
    error : float
        Largest distance of the reference's chunks from where the rule has them.
    """

    period: float
    step: float
    error: float

    def lengths(self, counts: Int64Array) -> Ticks:
        """Return how long chunks of so many samples last, float64 (n,)."""
        usual = counts * self.step
        # with frames dropped: as many steps as it takes; at a lower rate: as many times the step, if that can be, or
        # half a sample beyond the period
        dropped = np.ceil((self.period - _ROUNDING) / self.step) * self.step
        each = np.ceil((self.period - _ROUNDING) / np.maximum(usual, 1)) * self.step
        multiple = counts * each
        fits = multiple < self.period + each
        slower = np.where(fits, multiple, self.period * (1 + 0.5 / np.maximum(counts, 1)))
        sparse = np.where(2 * usual > self.period, dropped, slower)
        return np.asarray(np.where(usual >= self.period - _ROUNDING - 0.5 * self.step, usual, sparse))


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
    values, times = np.unique(durations[durations > 0], return_counts=True)
    step = float(values[times.argmax()])
    near = durations[np.abs(durations - step) <= 1]
    step = float(near.mean())
    counts = np.diff(starts)  # the last chunk ends where the recording does
    lengths = np.add.reduceat(durations, starts)[:-1].astype(np.float64)
    last = durations[starts[1:] - 1]
    for period in _PERIODS:
        over = lengths - period * timescale
        kept = (over > -_ROUNDING) & (over < last + _ROUNDING)
        if kept.sum() >= max(_FEWEST_CHUNKS, _MOSTLY * len(kept)):
            grid = ChunkGrid(period * timescale, step, 0.0)
            astray = np.cumsum(grid.lengths(counts[kept]) - lengths[kept])
            return ChunkGrid(grid.period, step, float(np.abs(astray).max()))
    return None


def durations_by_grid(grid: ChunkGrid, starts: Int64Array, count: int) -> Int64Array:
    """Return durations in ticks, int64 (count,), by which each chunk lasts as long as its writer has it."""
    counts = np.diff(starts, append=count)
    lengths = grid.lengths(counts)
    lengths[-1] = counts[-1] * grid.step
    times = np.interp(np.arange(count + 1), np.append(starts, count), np.concatenate(([0.0], np.cumsum(lengths))))
    return np.asarray(np.maximum(np.diff(np.floor(times + 0.5).astype(np.int64)), 1), dtype=np.int64)
