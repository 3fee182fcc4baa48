"""Decode times of rescued samples: what the reference's clock does, carried on; an estimate says that it is one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]

_RATES = tuple(
    Fraction(base * factor, 1001 if ntsc else 1)
    for factor in (1, 2, 4, 8)
    for base, ntsc in ((30000, True), (30, False), (24000, True), (24, False), (25, False))
)
"""Frame rates of the world's standards, doubled for slow motion."""
_LEAST_LEAD = 0.5
_JITTER = 0.1
_MOSTLY_USUAL = 0.85
_STEADY = 0.25
"""A clock whose times stay within a quarter of a step of a straight line has one rate, and jitter."""


@dataclass(frozen=True, slots=True)
class DecodeClock:
    """How a track's decode times advance.

    Attributes
    ----------
    step : Fraction or None
        Ticks from one sample to the next; None when nothing is known.
    lead : int
        Ticks by which the second sample and all after it stand later (or earlier) than ``step`` has it: jittery
        writers put the difference between the tracks' starts into the first duration.
    source : TimingSource
    spread : float
        Largest distance of the reference's times from the model, in ticks.
    """

    step: Fraction | None
    lead: int
    source: TimingSource
    spread: float = 0.0

    def durations(self, count: int) -> Int64Array:
        """Return the duration of each of ``count`` samples in ticks, int64 (count,)."""
        if self.step is None or count == 0:
            return np.zeros(count, dtype=np.int64)
        index = np.arange(count + 1, dtype=object) if self.step.numerator > 1 << 40 else np.arange(count + 1)
        times = (index * self.step.numerator * 2 + self.step.denominator) // (2 * self.step.denominator)
        times = np.asarray(times, dtype=np.int64)
        times[1:] += max(self.lead, -int(times[1]) + 1 if count else 0) if self.lead else 0
        return np.diff(times)


def learn_clock(durations: Int64Array, timescale: int, *, bitstream_step: Fraction | None = None) -> DecodeClock:
    """Learn a track's clock from the reference's durations.

    Parameters
    ----------
    durations : int64 (n,)
        In ticks; the last one is not trusted, many writers invent it.
    timescale : int
        Ticks a second.
    bitstream_step : Fraction or None
        Ticks a sample as the coded data has it (audio frames); always right where it is known.
    """
    count = len(durations)
    body = durations[:-1] if count > 1 else durations
    if bitstream_step is not None:
        lead = _lead(body, bitstream_step) if count > 2 else 0
        return DecodeClock(bitstream_step, lead, TimingSource.BITSTREAM)
    if count == 0:
        return DecodeClock(None, 0, TimingSource.GUESSED)
    values = set(body.tolist())
    if len(values) == 1:
        return DecodeClock(Fraction(int(body[0])), 0, TimingSource.CONSTANT)
    if count > 3 and len(values := set(body[1:].tolist())) == 1:
        step = values.pop()
        return DecodeClock(Fraction(step), int(body[0]) - step, TimingSource.CONSTANT)
    times = np.concatenate(([0], np.cumsum(body[1:] if count > 3 else body))).astype(np.float64)
    index = np.arange(len(times))
    slope, intercept = np.polyfit(index, times, 1)
    residual = float(np.abs(times - (slope * index + intercept)).max())
    step = _standard_rate(times, timescale) or Fraction(int(times[-1]), len(times) - 1)
    if residual <= 1.0 or residual <= _STEADY * slope:
        return DecodeClock(step, _lead(body, step), TimingSource.PATTERN, residual)
    mean = _but_for_drops(body) or Fraction(int(times[-1]), len(times) - 1)
    apart = count > 3 and not body[1:].min() <= body[0] <= body[1:].max()  # as other writers' lead
    return DecodeClock(mean, round(int(body[0]) - mean) if apart else 0, TimingSource.GUESSED, residual)


def _but_for_drops(durations: Int64Array) -> Fraction | None:
    """Return the mean of the usual durations where all others are whole multiples of it: frames were dropped there."""
    usual = float(np.median(durations))
    if usual <= 0:
        return None
    times = durations / usual
    whole = np.abs(times - np.round(times)) <= _JITTER
    near = whole & (np.round(times) == 1)
    if near.mean() < _MOSTLY_USUAL or not (whole & (times > 0.5)).all():
        return None
    return Fraction(int(durations[near].sum()), int(near.sum()))


def _lead(body: Int64Array, step: Fraction) -> int:
    """Return the median distance of the times from ``index * step``, 0 where it is only rounding."""
    times = np.cumsum(body).astype(np.float64)
    lead = float(np.median(times - np.arange(1, len(times) + 1) * float(step)))
    return round(lead) if abs(lead) > 1.5 else 0


def _standard_rate(times: NDArray[np.float64], timescale: int) -> Fraction | None:
    """Return the step of the standard rate that fits all the times to a tick or two, or None."""
    count = len(times) - 1
    index = np.arange(count + 1)
    best: tuple[float, Fraction] | None = None
    for rate in _RATES:
        step = Fraction(timescale) / rate
        residual = times - index * float(step)
        spread = float(residual.max() - residual.min())
        if spread <= 2.0 + 0.02 * float(step) and (best is None or spread < best[0]):
            best = (spread, step)
    return best[1] if best else None


def rescale(durations: Int64Array, total: int) -> Int64Array:
    """Return the durations stretched so that they add up to ``total`` ticks, in whole ticks."""
    times = np.concatenate(([0], np.cumsum(durations)))
    if times[-1] <= 0:
        return durations
    stretched = np.round(times * (total / times[-1])).astype(np.int64)
    return np.asarray(np.diff(stretched), dtype=np.int64)


def fit_to_anchors(count: int, index: Int64Array, times: NDArray[np.float64], step: float) -> Int64Array:
    """Return durations in ticks whose running sum passes near the given times.

    Parameters
    ----------
    count : int
        Samples of the track.
    index : int64 (k,)
        Samples whose time is known from another clock, rising.
    times : float64 (k,)
        Their times in ticks.
    step : float
        Mean duration, used outside the anchors.

    Notes
    -----
    Anchors carry the jitter of the interleave: nine neighbours are averaged, then made rising.
    """
    width = min(9, len(index) if len(index) % 2 else len(index) - 1)
    if width >= 3:
        kernel = np.ones(width) / width
        slope = np.polyfit(index, times, 1)
        residual = np.pad(times - np.polyval(slope, index), width // 2, mode="edge")
        times = np.asarray(np.polyval(slope, index) + np.convolve(residual, kernel, mode="valid"), dtype=np.float64)
    times = np.maximum.accumulate(times)
    every = np.arange(count + 1)
    inside = np.interp(every, index, times)
    before, after = every < index[0], every > index[-1]
    inside[before] = times[0] - (index[0] - every[before]) * step
    inside[after] = times[-1] + (every[after] - index[-1]) * step
    settled = int(index[min(max(width, 0), len(index) - 1)])
    if inside[settled] > _LEAST_LEAD * settled * step:  # the first sample is at 0, and those after it hurry or wait
        inside[:settled] = every[:settled] * (inside[settled] / max(settled, 1))
    ticks = np.round(inside - inside[0]).astype(np.int64)
    return np.asarray(np.maximum(np.diff(ticks), 1), dtype=np.int64)
