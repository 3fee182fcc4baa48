"""The interleave as a clock: how much audio stands before a video chunk tells the time of that chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.timing.decode import fit_to_anchors

Int64Array = NDArray[np.int64]
Seconds = NDArray[np.float64]

_FEWEST_ANCHORS = 6
_WIDEST_LAG = 0.12
"""Seconds; a writer whose chunks stray further from the audio beside them is no clock."""
_DISAGREEMENT = 0.02
_LONGEST_TAIL = 0.4
_SLACK = 0.15


@dataclass(frozen=True, slots=True)
class TrackTimes:
    """Where a track's samples lie and when they end.

    Attributes
    ----------
    offset : int64 (n,)
        Byte position, rising.
    ends : float64 (n,)
        End of each sample in seconds from the track's start.
    """

    offset: Int64Array
    ends: Seconds

    def before(self, offset: Int64Array) -> Seconds:
        """Return the seconds of this track that lie before each byte position."""
        place = np.searchsorted(self.offset, offset)
        return np.concatenate(([0.0], self.ends))[place]


@dataclass(frozen=True, slots=True)
class InterleaveClock:
    """How far video chunks run ahead of the audio before them, in the reference (seconds)."""

    lag: float
    spread: float
    anchors: int

    @property
    def usable(self) -> bool:
        """Whether the reference's writer keeps audio and video close enough together."""
        return self.anchors >= _FEWEST_ANCHORS and self.spread <= _WIDEST_LAG


def run_starts(offset: Int64Array, size: Int64Array) -> Int64Array:
    """Return the indices of the samples that do not touch the one before, int64 (runs,)."""
    if not len(offset):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], offset[1:] != offset[:-1] + size[:-1])))


def learn_interleave(video: TrackTimes, starts: Int64Array, audio: TrackTimes) -> InterleaveClock:
    """Measure the lag at the reference's video chunks; ``starts`` as from :func:`run_starts`."""
    if not len(starts) or not len(audio.offset):
        return InterleaveClock(0.0, np.inf, 0)
    times = np.concatenate(([0.0], video.ends))[starts]
    lag = times - audio.before(video.offset[starts])
    low, middle, high = np.percentile(lag, (5, 50, 95))
    return InterleaveClock(float(middle), float(high - low), len(starts))


def durations_by_interleave(
    clock: InterleaveClock, offset: Int64Array, starts: Int64Array, audio: TrackTimes, timescale: int, step: float
) -> Int64Array | None:
    """Return the video's durations in ticks fitted to the audio beside it, None where there are too few anchors."""
    if not clock.usable or len(starts) < _FEWEST_ANCHORS or len(audio.offset) < 2:
        return None
    times = (audio.before(offset[starts]) + clock.lag) * timescale
    return fit_to_anchors(len(offset), starts, times, step)


def expected_total(
    video_seconds: float, audio_seconds: float, *, usual_difference: float, run_seconds: float, complete: bool
) -> float | None:
    """Return the video's total by its audio where its total at the reference's mean rate cannot be true.

    Parameters
    ----------
    video_seconds, audio_seconds : float
        Totals of the rescued tracks.
    usual_difference : float
        Video minus audio in the reference.
    run_seconds : float
        Seconds of the longest chunk: so much of either may be missing where the recording was cut.
    complete : bool
        The media ends with a whole sample.

    Notes
    -----
    Cameras stop both tracks within some tenths of a second. A reference where they differ by more is itself a
    part of a film, and its difference says nothing.
    """
    whole_reference = abs(usual_difference) <= _LONGEST_TAIL
    expected = audio_seconds + (usual_difference if whole_reference else 0.0)
    slack = _SLACK if whole_reference else _LONGEST_TAIL
    slack += 0.0 if complete else run_seconds
    off = abs(video_seconds - expected)
    return expected if off > slack and off > _DISAGREEMENT * expected > 0 else None
