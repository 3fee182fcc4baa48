"""The interleave as a clock: how much audio stands before a video chunk tells the time of that chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.timing.decode import fit_to_anchors

Int64Array = NDArray[np.int64]
Seconds = NDArray[np.float64]

_FEWEST_ANCHORS = 6
_FEWEST_LAGS = 3
_WIDEST_LAG = 0.12
"""Seconds; a writer whose chunks stray further from the audio beside them is no clock."""
_DISAGREEMENT = 0.03
_LONGEST_TAIL = 0.4
_USUAL_TAIL = 0.3
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
    begin : float
        Where the first one begins.
    """

    offset: Int64Array
    ends: Seconds
    begin: float = 0.0

    def before(self, offset: Int64Array) -> Seconds:
        """Return the seconds of this track that lie before each byte position."""
        place = np.searchsorted(self.offset, offset)
        return np.concatenate(([self.begin], self.ends))[place]


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


def chunk_lags(video: TrackTimes, starts: Int64Array, audio: TrackTimes) -> Seconds:
    """Return video minus audio in seconds at each video chunk; ``starts`` as from :func:`run_starts`."""
    return np.concatenate(([video.begin], video.ends))[starts] - audio.before(video.offset[starts])


def within_audio(offset: Int64Array, starts: Int64Array, audio: TrackTimes) -> Int64Array:
    """Return the chunks that have audio before and behind them: in front of it and after it, it tells no time."""
    if not len(audio.offset):
        return starts[:0]
    place = np.searchsorted(audio.offset, offset[starts])
    return starts[(place > 0) & (place < len(audio.offset))]


def disagreement(lags: Seconds) -> float:
    """Return how far the lags stray from their own middle, in seconds; a shift that all have is none."""
    return float(np.abs(lags - np.median(lags)).mean()) if len(lags) else 0.0


def learn_interleave(lags: Seconds) -> InterleaveClock:
    """Sum up the reference's :func:`chunk_lags`."""
    if not len(lags):
        return InterleaveClock(0.0, np.inf, 0)
    low, middle, high = np.percentile(lags, (5, 50, 95))
    return InterleaveClock(float(middle), float(high - low), len(lags))


def durations_by_interleave(
    clock: InterleaveClock, offset: Int64Array, starts: Int64Array, audio: TrackTimes, timescale: int, step: float
) -> Int64Array | None:
    """Return the video's durations in ticks fitted to the audio beside it, None where there are too few anchors."""
    if not clock.usable or len(starts) < _FEWEST_ANCHORS or len(audio.offset) < 2:
        return None
    times = (audio.before(offset[starts]) + clock.lag) * timescale
    return fit_to_anchors(len(offset), starts, times, step)


def total_by_audio(
    video_seconds: float, audio_seconds: float, *, reference_video: float, reference_audio: float
) -> float | None:
    """Return the video's total where its total at the reference's rate cannot be true beside its audio, else None.

    Parameters
    ----------
    video_seconds, audio_seconds : float
        Totals of the rescued tracks of a recording that was not cut, from a common start.
    reference_video, reference_audio : float
        The same of the reference.

    Notes
    -----
    Cameras stop both tracks within some tenths of a second. A reference where they differ by more is itself a
    part of a film, and its difference says nothing.
    """
    usual = reference_video - reference_audio
    whole_reference = abs(usual) <= min(_LONGEST_TAIL, _USUAL_TAIL * max(reference_video, reference_audio))
    expected = audio_seconds + (usual if whole_reference else 0.0)
    off = abs(video_seconds - expected)
    slack = _SLACK if whole_reference else _LONGEST_TAIL + _SLACK
    return expected if off > max(slack, _DISAGREEMENT * expected) and expected > 0 else None


def scale_by_interleave(lags: Seconds, lag: float, video_before: float) -> float | None:
    """Return by what to stretch a cut recording's video so that its last chunk lies beside its audio, else None.

    Parameters
    ----------
    lags : float64 (chunks,)
        Video minus audio at the reference's video chunks.
    lag : float
        The same at the last video chunk of the rescued film.
    video_before : float
        Seconds of video before that chunk.
    """
    if len(lags) < _FEWEST_LAGS or video_before <= 0:
        return None
    low, high = float(lags.min()), float(lags.max())
    if low - _LONGEST_TAIL <= lag <= high + _LONGEST_TAIL:
        return None
    scale = (video_before - lag + (low + high) / 2) / video_before
    return scale if scale > 0 else None
