"""Find the samples of fragments whose ``moof`` is lost: the other fragments teach what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import ReferenceMismatchError
from mediarescue.events import Listener, StageFinished, StageStarted
from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Gap
from mediarescue.recover.families import Families, make_families
from mediarescue.recover.fragmented import FragmentRescue, IndexedTrack
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.run import IDENTIFY
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.tracks import build_tracks
from mediarescue.recover.window import MediaWindow

Int64Array = NDArray[np.int64]
_ENOUGH_STEPS = 8
_WIDE = 1.5
"""Times the usual distance of two pictures; jitter stays below, a missing picture is above."""


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
    count, later = len(part.size), track.decode_time[at:]
    room = int(later[0]) - begin if len(later) else 0
    if room <= 0:
        room = count * usual
        later = later + max(begin + room - int(later[0]), 0) if len(later) else later
    inside = begin + np.arange(count + 1) * room // count
    filled = replace(part, duration=np.diff(inside))
    times = np.concatenate((track.decode_time[:at], inside[:-1], later))
    composition = np.insert(track.composition, at, filled.composition_offset)
    places = _free_places(times + composition, at, count)
    if places is not None:
        order = np.argsort((times + composition)[at : at + count], kind="stable")
        composition[at + order] = places - times[at + order]
    last = track.duration[-1:] if at < len(track.duration) else np.array([usual])
    return replace(
        track,
        offset=offset,
        size=size,
        entries=entries.astype(np.int32),
        duration=np.append(np.diff(times), last),
        decode_time=times,
        composition=composition,
        is_sync=np.insert(track.is_sync, at, part.is_sync),
    )


def _free_places(shown: Int64Array, at: int, count: int) -> Int64Array | None:
    """Return when samples ``at`` to ``at + count`` are shown: the times that the others leave free, int64 (count,).

    None where the others' times leave more or fewer places, as at the end of a recording.

    Notes
    -----
    Pictures are shown in another order than they are decoded in, also across the borders of a fragment: where in
    that order a fragment begins, its own pictures do not say.
    """
    known = np.sort(np.concatenate((shown[:at], shown[at + count :])))
    steps = np.diff(known)
    if len(steps) < _ENOUGH_STEPS:
        return None
    usual = float(np.median(steps))
    wide = np.flatnonzero(steps > _WIDE * usual)
    places = [known[i] + np.arange(1, n) * steps[i] // n for i in wide.tolist() if (n := round(steps[i] / usual)) > 1]
    free = np.concatenate(places) if places else known[:0]
    near = free[
        (free > shown[max(at - 1, 0)] - count * usual) & (free < shown[min(at + count, len(shown) - 1)] + count * usual)
    ]
    return near if len(near) == count else None
