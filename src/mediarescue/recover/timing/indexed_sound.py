"""How much constant-size sound a gap took, by an index that the camera left in the media data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.hidden import HiddenTimes
from mediarescue.recover.rescued_track import RescuedTrack

Int64Array = NDArray[np.int64]


def silence_by_index(track: RescuedTrack, known: HiddenTimes | None) -> RescuedTrack:
    """Make stand-ins for lost sound as long as an index says, where it lists the chunks on both sides.

    Parameters
    ----------
    track : RescuedTrack
        Other than constant-size sound comes back as it is.
    known : HiddenTimes or None
        Chunks of the track.
    """
    chunks = track.profile.chunks
    if known is None or not len(known) or chunks is None or track.stand_in is None:
        return track
    begun, listed = _true_times(track, known)
    ends = begun + chunks.samples_in(track.size) * chunks.delta
    size = track.size.copy()
    edges = np.diff(track.stand_in.astype(np.int8), prepend=0, append=0)
    for first, stop in zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True):
        if not first or stop >= len(size) or not (listed[first - 1] and listed[stop]):
            continue
        blocks = int(begun[stop] - ends[first - 1]) // (chunks.delta * chunks.packet_samples)
        if blocks >= 0:
            size[first:stop] = np.diff(np.arange(stop - first + 1) * blocks // (stop - first)) * chunks.block
    keep = size > 0
    entries = None if track.entries is None else track.entries[keep]
    return replace(track, offset=track.offset[keep], size=size[keep], stand_in=track.stand_in[keep], entries=entries)


def _true_times(track: RescuedTrack, known: HiddenTimes) -> tuple[Int64Array, NDArray[np.bool_]]:
    """Return when each chunk begins in ticks, and whether the index lists it."""
    chunks = track.profile.chunks
    assert chunks is not None
    order = np.argsort(known.offset, kind="stable")
    starts = (np.cumsum(known.duration) - known.duration)[order]
    place = np.maximum(np.searchsorted(known.offset[order], track.offset, side="right") - 1, 0)
    inside = track.offset - known.offset[order][place]
    into = chunks.samples_in(np.maximum(inside, 0)) * chunks.delta
    listed = (inside >= 0) & (into < known.duration[order][place]) & (inside % chunks.block == 0)
    return starts[place] + into, listed
