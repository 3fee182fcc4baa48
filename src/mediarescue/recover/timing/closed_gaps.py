"""Close gaps: what follows moves up by one time in all tracks, so that they stay together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import Gap
from mediarescue.recover.rescued_track import RescuedTrack

Int64Array = NDArray[np.int64]
Seconds = NDArray[np.float64]
_SPARSE = 0.4
"""Seconds from one sample to the next from which on a track is moved along, and holds no other back."""


def closed_gaps(
    tracks: Sequence[RescuedTrack], spent: Sequence[Seconds], gaps: Sequence[Gap]
) -> tuple[list[RescuedTrack], Seconds]:
    """Move what follows each gap up to what stands before it, by the same time in all tracks.

    Parameters
    ----------
    tracks : sequence of RescuedTrack
        With stand-ins for lost samples.
    spent : sequence of float64 (gaps,)
        Seconds that each gap took of each track.
    gaps : sequence of Gap
        In file order.

    Returns
    -------
    tracks : list of RescuedTrack
        With fewer and shorter stand-ins.
    closed : float64 (gaps,)
        Seconds by which each gap was closed: whole pictures that no picture or sound is left of.
    """
    closed = _closable(tracks, spent, gaps)
    return [_moved_up(track, gaps, closed) for track in tracks], closed


def _closable(tracks: Sequence[RescuedTrack], spent: Sequence[Seconds], gaps: Sequence[Gap]) -> Seconds:
    """Return the seconds that each gap took of all pictures and sound behind it, float64 (gaps,)."""
    moving = [(t, lost) for t, lost in zip(tracks, spent, strict=True) if t.sample_count > 1 and t.duration_ticks]
    dense = [(t, lost) for t, lost in moving if t.profile.kind in ("video", "audio") and _step(t) < _SPARSE]
    ends = np.array([gap.offset + gap.size for gap in gaps], dtype=np.int64)
    closed = np.full(len(gaps), np.inf)
    for track, lost in dense or moving:
        closed = np.where(track.offset[-1] >= ends, np.minimum(closed, lost), closed)
    closed = np.where(np.isfinite(closed), closed, 0.0)
    pictures = max((t for t, _ in dense if t.profile.kind == "video"), key=lambda t: t.sample_count, default=None)
    return closed if pictures is None else _whole_pictures(pictures, gaps, closed)


def _step(track: RescuedTrack) -> float:
    """Return the usual seconds from one sample to the next."""
    if track.is_pcm:
        return 0.0
    return float(np.median(track.duration)) / track.profile.track.timescale


def _whole_pictures(track: RescuedTrack, gaps: Sequence[Gap], at_most: Seconds) -> Seconds:
    """Return what the last lost pictures of each gap last that do so no longer than ``at_most``, float64 (gaps,)."""
    if track.stand_in is None:
        return np.zeros(len(gaps))
    timescale, offset = track.profile.track.timescale, track.offset[track.stand_in]
    ticks = track.sample_ticks[track.stand_in]
    out = np.zeros(len(gaps))
    for index, gap in enumerate(gaps):
        mine = ticks[np.searchsorted(offset, gap.offset) : np.searchsorted(offset, gap.offset + gap.size)][::-1]
        lasting = np.concatenate(([0], np.cumsum(mine))) / timescale
        out[index] = lasting[np.searchsorted(lasting, at_most[index] + 0.5 / timescale) - 1]
    return out


def _moved_up(track: RescuedTrack, gaps: Sequence[Gap], closed: Seconds) -> RescuedTrack:
    """Let a track's samples come earlier by what is closed of the gaps before them."""
    ends = np.array([gap.offset + gap.size for gap in gaps], dtype=np.int64)
    in_front = np.searchsorted(ends, track.offset, side="right")
    in_front = np.append(in_front, len(gaps) if _spans_all(track, float(closed.sum())) else in_front[-1:])
    earlier = np.concatenate(([0.0], np.cumsum(closed)))[in_front]
    ticks = track.sample_ticks
    times = np.concatenate(([0], np.cumsum(ticks))) - np.round(earlier * track.profile.track.timescale).astype(np.int64)
    times = np.maximum(times, -track.lead)
    times = np.minimum.accumulate(times[::-1])[::-1]
    duration = np.diff(times)
    if not earlier.any():
        return track
    if track.profile.chunks is not None:
        return _less_silence(track, duration)
    track = replace(track, duration=duration, lead=track.lead + int(times[0]))
    if track.stand_in is None:
        return track
    return _only(track, ~track.stand_in | (duration > 0))


def _spans_all(track: RescuedTrack, closed: float) -> bool:
    """Whether a single sample lasts the whole film, so that it ends earlier by all that is closed."""
    return track.sample_count == 1 and track.seconds > closed


def _less_silence(track: RescuedTrack, ticks: Int64Array) -> RescuedTrack:
    """Shorten the silence of a track of PCM to the given ticks a chunk."""
    chunks, stand_in = track.profile.chunks, track.stand_in
    if chunks is None or stand_in is None:
        return track
    size = track.size.copy()
    size[stand_in] = np.round(ticks[stand_in] / (chunks.delta * chunks.packet_samples)).astype(np.int64) * chunks.block
    keep = size > 0
    entries = None if track.entries is None else track.entries[keep]
    return replace(track, offset=track.offset[keep], size=size[keep], stand_in=stand_in[keep], entries=entries)


def _only(track: RescuedTrack, keep: NDArray[np.bool_]) -> RescuedTrack:
    """Leave stand-ins out that last no time; the others keep their order of output."""
    ranks, independent, partial = track.ranks, track.is_independent, track.is_partial_sync
    assert track.stand_in is not None
    if ranks is not None:
        place = np.empty(int(keep.sum()), dtype=np.int64)
        place[np.argsort(ranks[keep], kind="stable")] = np.arange(len(place))
        ranks = place
    return replace(
        track,
        offset=track.offset[keep],
        size=track.size[keep],
        duration=track.duration[keep],
        ranks=ranks,
        is_sync=track.is_sync[keep],
        is_independent=None if independent is None else independent[keep],
        is_partial_sync=None if partial is None else partial[keep],
        entries=None if track.entries is None else track.entries[keep],
        stand_in=track.stand_in[keep],
        composition=None if track.composition is None else track.composition[keep],
    )
