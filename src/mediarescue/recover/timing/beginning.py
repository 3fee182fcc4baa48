"""Where the beginning of a recording is lost: how much later one track's first sample is than another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import Segmentation
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.runs import run_starts
from mediarescue.recover.timing.audio_clock import TrackTimes, chunk_lags, within_audio
from mediarescue.recover.timing.interleave import Agreement, agreement
from mediarescue.recover.timing.together import track_times

Int64Array = NDArray[np.int64]
Seconds = NDArray[np.float64]
_CHUNKS = 24
"""At the beginning: further on, the tracks' clocks have strayed from each other."""
_REACH = 3.0
"""Seconds by which writers let one track run ahead of another."""
_LEAST = 0.002


def is_begun_late(segmentation: Segmentation) -> bool:
    """Whether the media begin with bytes that are no sample: what is left of the first one, or garbage."""
    gaps = segmentation.gaps
    return bool(gaps) and gaps[0].offset == segmentation.start and not gaps[0].expected


def late_beginnings(tracks: Sequence[RescuedTrack]) -> list[RescuedTrack]:
    """Put the first samples of tracks whose beginning is lost beside each other as the reference's samples lie.

    Notes
    -----
    Each track begins with the first sample that is left, and they stand up to a second apart in the file. How far one
    runs ahead of the sound at its chunks the reference shows; where it cannot, the track goes with the pictures.
    """
    sounds = [t for t in tracks if t.profile.kind == "audio" and t.profile.sample_count]
    if not sounds:
        return list(tracks)
    sound = max(sounds, key=lambda track: track.seconds)
    shifts = {sound.profile.index: 0.0}
    for track in tracks:
        if track is not sound and track.profile.sample_count and track.duration_ticks:
            found = _beside(track, sound)
            if found is not None:
                shifts[track.profile.index] = found.best
    pictures = [shifts[t.profile.index] for t in tracks if t.profile.kind == "video" and t.profile.index in shifts]
    usual = pictures[0] if pictures else 0.0
    # a sample of telemetry lasts a second and is written before or behind that: the film begins with what is shown
    first = min([usual, *(shifts.get(t.profile.index, usual) for t in tracks if t.profile.kind in ("video", "audio"))])
    out = []
    for track in tracks:
        later = max(shifts.get(track.profile.index, usual) - first, 0.0)
        ticks = round(later * track.profile.track.timescale)
        out.append(replace(track, lead=track.lead + ticks) if later > _LEAST else track)
    return out


def _beside(track: RescuedTrack, sound: RescuedTrack) -> Agreement | None:
    """Return by how many seconds the track must be moved to lie beside the sound as in the reference."""
    known, heard = track_times(track.profile), track_times(sound.profile)
    left, left_heard = track_times(track), track_times(sound)
    before = (
        _lags(known, heard, run_starts(*_places(track.profile))),
        -_lags(heard, known, run_starts(*_places(sound.profile))),
    )
    after = (
        _lags(left, left_heard, run_starts(track.offset, track.size)[:_CHUNKS]),
        -_lags(left_heard, left, run_starts(sound.offset, sound.size)[:_CHUNKS]),
    )
    return agreement(before, after, _REACH)


def _lags(track: TrackTimes, other: TrackTimes, starts: Int64Array) -> Seconds:
    """Return how far a track runs ahead of another at its chunks, where that has samples on both sides."""
    return chunk_lags(track, within_audio(track.offset, starts, other), other)


def _places(profile: TrackProfile) -> tuple[Int64Array, Int64Array]:
    """Return offset and size of the reference's samples (of PCM: its chunks)."""
    if profile.chunks is not None:
        return profile.chunks.offset, profile.chunks.size
    assert profile.samples is not None
    return profile.samples.offset, profile.samples.size
