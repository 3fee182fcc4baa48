"""How two tracks lie beside each other in the file, as a likelihood: what time a gap took of one, told by the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
Seconds = NDArray[np.float64]

_BIN = 0.001
_SHARP = 0.003
"""Seconds: half width of the kernel that smooths lags, heavy-tailed so that far ones still draw together."""
_ALONE = 0.3
"""Seconds by which a lag may miss the only one known."""
_MANY = 6
_REACH = 2.0
_FLOOR = 1e-4
FEWEST_LAGS = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well each shift of one track against another makes the lags behind a gap like those before it.

    Attributes
    ----------
    low : float
        The first shift, seconds.
    score : float64 (k,)
        Log likelihood of each shift, in steps of a millisecond.
    """

    low: float
    score: NDArray[np.float64]

    @property
    def best(self) -> float:
        """The likeliest shift in seconds; the middle of those that are as good."""
        close = np.flatnonzero(self.score >= self.score.max() - 0.5)
        return self.low + _BIN * float(np.median(close))

    def cost(self, shift: Seconds) -> NDArray[np.float64]:
        """Return nats by which each shift is worse than the best."""
        place = np.clip(np.round((shift - self.low) / _BIN).astype(np.int64), 0, len(self.score) - 1)
        return np.asarray(self.score.max() - self.score[place], dtype=np.float64)


def agreement(before: tuple[Seconds, ...], after: tuple[Seconds, ...], reach: float) -> Agreement | None:
    """Compare lags on both sides of a gap; None where there are too few.

    Parameters
    ----------
    before, after : tuples of float64 (n,)
        Lags of one kind each (at the first track's chunks, at the second's), of the same kinds on both sides.
    reach : float
        Seconds to look around the middle.
    """
    pairs = [(b, a) for b, a in zip(before, after, strict=True) if len(b) >= FEWEST_LAGS and len(a)]
    if not pairs or (sum(len(a) for _, a in pairs) < FEWEST_LAGS and max(len(b) for b, _ in pairs) < _MANY):
        return None
    middle = float(np.mean([np.median(b) - np.median(a) for b, a in pairs]))
    spread = max(float(np.ptp(b)) + float(np.ptp(a)) for b, a in pairs)
    half = int((reach + min(spread, _REACH)) / _BIN)
    low = middle - half * _BIN
    score = np.zeros(2 * half + 1)
    for b, a in pairs:
        score += _score(b, a, low, len(score))
    return Agreement(low, score)


def _score(before: Seconds, after: Seconds, low: float, count: int) -> NDArray[np.float64]:
    """Return the log likelihood of ``after`` + shift under the density of ``before``, for ``count`` shifts."""
    start = float(after.min()) + low
    length = int((float(np.ptp(after))) / _BIN) + count + 2
    grid = start + _BIN * np.arange(length)
    density = np.zeros(length)
    for lag, width in zip(before, _widths(before), strict=True):
        density += _SHARP / width / (1 + np.square((grid - lag) / width))
    worth = np.log(density / len(before) + _FLOOR)
    score = np.zeros(count)
    for first in np.round((after - after.min()) / _BIN).astype(np.int64).tolist():
        score += worth[first : first + count]
    return score


def _widths(lags: Seconds) -> Seconds:
    """Return the half width of each lag's kernel: few lags are no distribution, each stands for what lies near it."""
    least = max(_SHARP, _ALONE / len(lags) ** 2)
    if len(lags) < 2:
        return np.full(len(lags), least)
    order = np.argsort(lags)
    apart = np.diff(lags[order])
    nearest = np.minimum(np.append(apart, np.inf), np.insert(apart, 0, np.inf))
    widths = np.empty(len(lags))
    widths[order] = np.maximum(nearest, least)
    return widths
