"""Find the samples of fragments whose ``moof`` is lost: the other fragments teach what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mediarescue.errors import ReferenceMismatchError
from mediarescue.events import Listener, StageFinished, StageStarted
from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Gap
from mediarescue.recover.families import Families, make_families
from mediarescue.recover.fragmented import FragmentRescue, IndexedTrack
from mediarescue.recover.run import IDENTIFY
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.tracks import RescuedTrack, build_tracks
from mediarescue.recover.window import MediaWindow


def fill_lost(source: ByteSource, rescue: FragmentRescue, listener: Listener) -> FragmentRescue:
    """Search the gaps of a rescue for samples, and put them where they belong.

    Notes
    -----
    The times of the fragments around a gap say how long it lasted: what is found in it fills that time. Where they do
    not, it lasts as long as it would at the recording's own rate.
    """
    lost = [gap for gap in rescue.gaps if not gap.expected]
    if not lost:
        return rescue
    try:
        families = make_families(rescue.profile, MediaWindow(source, 0, source.size))
    except ReferenceMismatchError:
        return rescue
    listener(StageStarted(IDENTIFY, sum(gap.size for gap in lost)))
    tracks, gaps = list(rescue.tracks), [gap for gap in rescue.gaps if gap.expected]
    for gap in lost:
        found, left = _search(source, families, gap)
        for part in found:
            at = next((i for i, t in enumerate(tracks) if t.profile.index == part.profile.index), None)
            if at is not None:
                tracks[at] = _inserted(tracks[at], part)
        gaps += left
    listener(StageFinished(IDENTIFY))
    end = max(int((track.offset + track.size).max()) for track in tracks)
    return replace(rescue, tracks=tuple(tracks), gaps=tuple(sorted(gaps, key=lambda gap: gap.offset)), end=end)


def _search(source: ByteSource, families: Families, gap: Gap) -> tuple[list[RescuedTrack], Sequence[Gap]]:
    """Return the samples in a gap, and what of it is still one."""
    window = MediaWindow(source, gap.offset, gap.offset + gap.size)
    segmentation = Segmenter(window, families.matchers, families.order).run()
    if not segmentation.recovered_bytes:
        return [], [gap]
    return build_tracks(families, segmentation, read=source.read, probe=None), segmentation.gaps


def _inserted(track: IndexedTrack, part: RescuedTrack) -> IndexedTrack:
    """Put samples found in one gap between those around it."""
    at = int(np.searchsorted(track.offset, part.offset[0])) if len(part.offset) else len(track.offset)
    offset = np.insert(track.offset, at, part.offset)
    size = np.insert(track.size, at, part.size)
    entries = np.insert(track.entries, at, np.full(len(part.size), track.entries[max(at - 1, 0)], np.int32))
    if track.is_pcm:
        return replace(track, offset=offset, size=size, entries=entries.astype(np.int32))
    own = track.profile.samples
    usual = int(np.median(own.duration)) if own is not None and len(own) else 0
    begin = int(track.decode_time[at - 1]) + usual if at else int(track.decode_time[0])
    room = int(track.decode_time[at]) - begin if at < len(track.decode_time) else 0
    needed = int(part.duration.sum())
    duration = part.duration
    later = track.decode_time[at:]
    if room > 0 and needed:
        ends = np.cumsum(duration) * room // needed
        duration = np.diff(ends, prepend=0)
    else:
        later = later + max(begin + needed - int(later[0]), 0) if len(later) else later
    filled = replace(part, duration=duration)
    times = np.concatenate((track.decode_time[:at], begin + np.cumsum(duration) - duration, later))
    last = track.duration[-1:] if at < len(track.duration) else duration[-1:]
    return replace(
        track,
        offset=offset,
        size=size,
        entries=entries.astype(np.int32),
        duration=np.append(np.diff(times), last),
        decode_time=times,
        composition=np.insert(track.composition, at, filled.composition_offset),
        is_sync=np.insert(track.is_sync, at, part.is_sync),
    )
