"""Exposure times as a clock: a camera that exposes longer than a frame lasts makes the frame longer.

The first iPhone SE writes, in each 56-byte ``live-photo-info`` sample, the exposure time as a float at byte 12. A frame
lasts as long as the next one is exposed, and never less than at the camera's usual rate.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.timing.telemetry.form import Read, Stamps
from mediarescue.recover.window import MediaWindow

Int64Array = NDArray[np.int64]

_KEY = b"com.apple.quicktime.live-photo-info"
_SIZE = 56
_EXPOSURE = struct.Struct("<12xf")
_SHORTEST, _LONGEST = 1e-6, 1.0
_USUAL_RATE = 1 / 30
_STEP = 120
"""Frames of iPhones last whole multiples of 1/120 s."""
_CLOSE = 0.002
_MOSTLY = 0.85
_FEWEST = 8
_LEARNED = 600


@dataclass(frozen=True, slots=True)
class ExposureClock:
    """Exposure times in a metadata track that tell how long the frames of a video track last.

    Attributes
    ----------
    metadata, video : int
        Indices of the two tracks in the reference.
    error : float
        Seconds by which the reference's own times stray from it at most.
    """

    metadata: int
    video: int
    error: float


def learn_exposure(tracks: Sequence[TrackProfile], reference: MediaWindow) -> ExposureClock | None:
    """Return the clock where a track has that layout, and most of the reference's frames last as long as it says."""
    for meta in tracks:
        keys = meta.configuration(b"keys") if meta.codec == b"mebx" else None
        if keys is None or _KEY not in keys or meta.samples is None or len(meta.samples) < _FEWEST:
            continue
        if set(meta.samples.size.tolist()) != {_SIZE}:
            continue
        offsets = meta.samples.offset[:_LEARNED].tolist()
        exposures = _exposures([reference.peek(offset, _SIZE) for offset in offsets])
        for video in tracks:
            if video.kind != "video" or video.samples is None:
                continue
            own = video.samples.duration[:-1] / video.track.timescale
            told = frame_seconds(exposures)
            count = min(len(own), len(told))
            if count < _FEWEST or not np.isfinite(told[:count]).all():
                continue
            if (np.abs(own[:count] - told[:count]) < _CLOSE).mean() >= _MOSTLY:
                astray = np.cumsum(told[:count] - own[:count])
                return ExposureClock(meta.index, video.index, max(float(np.abs(astray).max()), 1 / _STEP))
    return None


def exposure_durations(
    clock: ExposureClock, offset: Int64Array, size: Int64Array, owner: Int64Array, usual: Int64Array, timescale: int, *,
    read: Read,
) -> Int64Array | None:  # fmt: skip
    """Return a video track's durations in ticks by the exposures beside it, int64 (n,); None where they are none.

    Parameters
    ----------
    clock : ExposureClock
    offset, size : int64 (m,)
        The metadata's samples; those of size 0 stand for lost ones.
    owner : int64 (m,)
        Which frame each belongs to (`paired`).
    usual : int64 (n,)
        Durations by the reference, for frames without an exposure.
    timescale : int
    read : callable
        ``(offset, size)`` -> bytes of the broken file.
    """
    places = zip(offset.tolist(), size.tolist(), strict=True)
    samples = (read(place, count) if count == _SIZE else b"" for place, count in places)
    told = np.full(len(usual) + 1, np.nan)
    there = (owner >= 0) & (owner < len(usual))
    told[owner[there]] = _exposures(samples)[there]
    seconds = frame_seconds(told)
    known = np.isfinite(seconds)
    if known.sum() < max(_FEWEST, len(usual) // 2):
        return None
    lengths = np.where(known, seconds * timescale, usual)
    times = np.floor(np.concatenate(([0.0], np.cumsum(lengths))) + 0.5).astype(np.int64)
    return np.asarray(np.diff(times), dtype=np.int64)


def frame_seconds(exposures: Stamps) -> Stamps:
    """Return how long each frame but the last lasts, float64 (n - 1,), NaN where the next one's exposure is unknown."""
    return np.asarray(np.maximum(np.round(exposures[1:] * _STEP) / _STEP, _USUAL_RATE), dtype=np.float64)


def _exposures(samples: Iterable[bytes]) -> Stamps:
    """Return the exposure times in seconds, float64 (n,); NaN where there is none that can be."""
    told = (_EXPOSURE.unpack_from(sample)[0] if len(sample) == _SIZE else np.nan for sample in samples)
    out = np.fromiter(told, dtype=np.float64)
    out[~((out > _SHORTEST) & (out < _LONGEST))] = np.nan
    return out
