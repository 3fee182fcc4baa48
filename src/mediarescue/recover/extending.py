"""Go on where a file's own index ends: its first part teaches what the rest is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import ReferenceMismatchError
from mediarescue.events import Listener, Progressed, StageFinished, StageStarted
from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Gap
from mediarescue.recover.evidence import DecodeProbe
from mediarescue.recover.families import make_families
from mediarescue.recover.foreign import name_gaps
from mediarescue.recover.fragmented import IndexedTrack
from mediarescue.recover.padding import learn_padding
from mediarescue.recover.profile import ReferenceProfile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.run import IDENTIFY
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.timing.decode import learn_clock
from mediarescue.recover.tracks import build_tracks
from mediarescue.recover.window import MediaWindow
from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]
_BACK = 32 << 20
_CHUNKS_BACK = 3
_ALIGNED_BY = 16
_FEW = 4
_ENDS_EARLY = 8
"""Times a track's usual distance between chunks: one that ends so far before the others is listed too short."""


@dataclass(frozen=True, slots=True)
class Extension:
    """What lies behind the samples that an index lists."""

    tracks: tuple[IndexedTrack, ...]
    gaps: tuple[Gap, ...]
    added: int


def search_start(tracks: Sequence[IndexedTrack]) -> int:
    """Return the place from which on samples may be unlisted: where the first sound or picture track ends.

    Notes
    -----
    Tracks do not end at one place: what is left of each is its last chunk. One that ends many chunks before the others
    is listed too short, as in a file whose index was written while it was recorded.
    """
    ends = {track.profile.index: int((track.offset + track.size).max()) for track in tracks}
    last = max(ends.values())
    start = last
    for track in tracks:
        begins = _chunk_starts(track)
        if track.profile.kind not in ("video", "audio") or len(begins) < _FEW:
            continue
        if last - ends[track.profile.index] > _ENDS_EARLY * int(np.diff(begins).max()):
            start = min(start, ends[track.profile.index])
    return start


def extend_tracks(
    source: ByteSource,
    profile: ReferenceProfile,
    tracks: Sequence[IndexedTrack],
    *,
    start: int,
    end: int,
    probe: DecodeProbe | None,
    listener: Listener,
) -> Extension:
    """Search ``[start, end)`` for samples of the tracks, and put them behind those that are known.

    Parameters
    ----------
    source : ByteSource
    profile : ReferenceProfile
        The file's own, with the known samples.
    tracks : sequence of IndexedTrack
    start, end : int
        Byte range.
    probe : callable or None
        As for `build_tracks`.

    Notes
    -----
    The search begins some chunks before ``start``: samples found there that are known set the clock, and the order in
    which pictures are shown goes on across the border.
    """
    try:
        families = make_families(profile, MediaWindow(source, 0, source.size))
    except ReferenceMismatchError:
        return Extension(tuple(tracks), _left_over(start, end), 0)
    begin = _overlap_start(tracks, start)
    listener(StageStarted(IDENTIFY, end - begin))
    segmentation = Segmenter(
        MediaWindow(source, begin, end),
        families.matchers,
        families.order,
        padding=learn_padding(profile.tracks),
        progress=lambda pos: listener(Progressed(IDENTIFY, pos - begin)),
    ).run()
    found = [_on_own_clock(part) for part in build_tracks(families, segmentation, read=source.read, probe=probe)]
    gaps = _behind(name_gaps(segmentation.gaps, end, source.read), start)
    listener(StageFinished(IDENTIFY))
    extended, added = with_found(tracks, found)
    return Extension(_beside_sound(extended, tracks), gaps, added)


def with_found(tracks: Sequence[IndexedTrack], found: Sequence[RescuedTrack]) -> tuple[tuple[IndexedTrack, ...], int]:
    """Return the tracks with what was found behind their samples, and the number of samples added (PCM: chunks)."""
    out = {track.profile.index: track for track in tracks}
    known = _Known(tracks)
    added = 0
    for part in sorted(found, key=lambda part: -len(part.size)):
        index = _owner(tracks, part)
        own = out.get(index)
        if own is None or own.is_pcm != part.is_pcm:
            continue
        longer = (_with_chunks if own.is_pcm else _with_samples)(own, part, known.clear)
        added += len(longer.size) - len(own.size)
        out[index] = longer
    return tuple(out[track.profile.index] for track in tracks), added


def _on_own_clock(part: RescuedTrack) -> RescuedTrack:
    """Return a track whose times were fitted to sound on the clock of its known samples: a part begins anywhere."""
    samples = part.profile.samples
    if part.source not in (TimingSource.AUDIO_CLOCK, TimingSource.GUESSED) or samples is None or not len(samples):
        return part
    clock = replace(learn_clock(samples.duration, part.profile.track.timescale), lead=0)
    return replace(part, duration=clock.durations(len(part.duration)), source=clock.source)


def _beside_sound(tracks: Sequence[IndexedTrack], before: Sequence[IndexedTrack]) -> tuple[IndexedTrack, ...]:
    """Stretch what was added to pictures of no steady rate so that they lie beside the sound as the known ones do."""
    sounds = [
        t for t in tracks if t.profile.kind == "audio" and t.source in (TimingSource.BITSTREAM, TimingSource.INDEX)
    ]
    if not sounds:
        return tuple(tracks)
    sound = max(sounds, key=lambda track: track.seconds)
    ends = (
        np.cumsum(sound.profile.chunks.samples_in(sound.size))
        if sound.profile.chunks is not None
        else sound.decode_time
    )
    seconds = np.asarray(ends / sound.profile.track.timescale, dtype=np.float64)
    out = []
    for track, old in zip(tracks, before, strict=True):
        count = len(old.size)
        first = np.flatnonzero(np.append(True, track.offset[1:] != track.offset[:-1] + track.size[:-1]))
        known, new = first[first < count], first[first > count]
        if track.profile.kind == "video" and track.source is TimingSource.GUESSED and len(known) and len(new):
            timescale = track.profile.track.timescale
            heard = np.interp(track.offset, sound.offset, seconds) * timescale
            begin, last = int(track.decode_time[count]), int(new[-1])
            lag = float(np.median((track.decode_time - heard)[known]))
            span, wanted = int(track.decode_time[last]) - begin, float(heard[last]) + lag - begin
            if span > 0 and 0.5 < wanted / span < 2:
                track = _stretched(track, count, wanted / span)
        out.append(track)
    return tuple(out)


def _stretched(track: IndexedTrack, count: int, factor: float) -> IndexedTrack:
    """Return a track whose samples from ``count`` on last ``factor`` times as long."""
    begin = int(track.decode_time[count])

    def scaled(times: Int64Array) -> Int64Array:
        return begin + np.round((times - begin) * factor).astype(np.int64)

    ends = scaled(track.decode_time[count:] + track.duration[count:])
    shown = scaled((track.decode_time + track.composition)[count:])
    times = scaled(track.decode_time[count:])
    return replace(
        track,
        decode_time=np.append(track.decode_time[:count], times),
        duration=np.append(track.duration[:count], ends - times),
        composition=np.append(track.composition[:count], shown - times),
    )


class _Known:
    """The bytes that listed samples lie in."""

    def __init__(self, tracks: Sequence[IndexedTrack]) -> None:
        offset = np.concatenate([track.offset for track in tracks])
        order = np.argsort(offset, kind="stable")
        self._offset = offset[order]
        self._end = np.maximum.accumulate(np.concatenate([track.offset + track.size for track in tracks])[order])

    def clear(self, offset: Int64Array, size: Int64Array) -> NDArray[np.bool_]:
        """Return which ranges no listed sample lies in, bool (n,)."""
        at = np.searchsorted(self._offset, offset + size, side="left") - 1
        return np.asarray((at < 0) | (self._end[np.maximum(at, 0)] <= offset), dtype=np.bool_)


def _owner(tracks: Sequence[IndexedTrack], part: RescuedTrack) -> int:
    """Return the index of the track that has most of the part's samples, else that of the part itself."""
    shared = [
        (int(np.isin(part.offset, track.offset).sum()), track.profile.index == part.profile.index, track.profile.index)
        for track in tracks
    ]
    best = max(shared, default=(0, False, part.profile.index))
    return best[2] if best[0] else part.profile.index


def _with_samples(
    own: IndexedTrack, part: RescuedTrack, clear: Callable[[Int64Array, Int64Array], NDArray[np.bool_]]
) -> IndexedTrack:
    """Append the samples behind the last known one; what both have sets the clock."""
    new = (part.offset >= int((own.offset + own.size).max())) & clear(part.offset, part.size)
    if not new.any():
        return own
    decoded = np.cumsum(part.duration) - part.duration
    shown = decoded + part.composition_offset
    _, ours, theirs = np.intersect1d(own.offset, part.offset, assume_unique=False, return_indices=True)
    ours, theirs = ours[-_ALIGNED_BY:], theirs[-_ALIGNED_BY:]
    first = int(np.argmax(new))
    duration = own.duration
    if len(own.decode_time) and not duration[-1]:
        duration = np.append(duration[:-1], part.duration[max(first - 1, 0)])
    begin = int(own.decode_time[-1] + duration[-1])
    times = begin + decoded[new] - decoded[first]
    delta = begin - int(decoded[first])
    if len(ours):
        delta = int(np.median((own.decode_time + own.composition)[ours] - shown[theirs]))
    elif part.ranks is None and len(own.composition):
        delta += int(own.composition[-1]) - part.shift
    return replace(
        own,
        offset=np.append(own.offset, part.offset[new]),
        size=np.append(own.size, part.size[new]),
        duration=np.append(duration, part.duration[new]),
        decode_time=np.append(own.decode_time, times),
        composition=np.append(own.composition, shown[new] + delta - times),
        is_sync=np.append(own.is_sync, part.is_sync[new]),
        entries=np.append(own.entries, part.description_index[new]).astype(np.int32),
        source=part.source,
        error=part.error,
    )


def _with_chunks(
    own: IndexedTrack, part: RescuedTrack, clear: Callable[[Int64Array, Int64Array], NDArray[np.bool_]]
) -> IndexedTrack:
    """Append the chunks of PCM behind the last known one; one that begins before its end, from there on."""
    chunks = own.profile.chunks
    assert chunks is not None
    end = int((own.offset + own.size).max())
    offset = np.maximum(part.offset, end)
    size = part.offset + part.size - offset
    new = (size >= chunks.block) & ((offset - part.offset) % chunks.block == 0) & clear(offset, size)
    return replace(
        own,
        offset=np.append(own.offset, offset[new]),
        size=np.append(own.size, size[new]),
        entries=np.append(own.entries, part.description_index[new]).astype(np.int32),
    )


def _chunk_starts(track: IndexedTrack) -> Int64Array:
    """Return where the contiguous runs of a track begin, int64 (n,)."""
    if not len(track.offset):
        return track.offset
    begins = np.append(True, track.offset[1:] != track.offset[:-1] + track.size[:-1])
    starts: Int64Array = track.offset[begins]
    return starts


def _overlap_start(tracks: Sequence[IndexedTrack], start: int) -> int:
    """Return where a search goes back to: a known sample some chunks and a sync sample before ``start``."""
    wanted = start
    for track in tracks:
        if not len(track.offset):
            continue
        begins = _chunk_starts(track)
        begins = begins[begins < start]
        if len(track.offset) >= _FEW and len(begins):
            wanted = min(wanted, int(begins[-_CHUNKS_BACK:][0]))
        if track.profile.kind == "video" and not track.is_pcm and len(track.is_sync) == len(track.offset):
            syncs = track.offset[track.is_sync & (track.offset < start)]
            if len(syncs):
                wanted = min(wanted, int(syncs[-2:][0]))
    wanted = max(wanted, start - _BACK)
    offsets = np.concatenate([track.offset for track in tracks])
    before = offsets[(offsets >= wanted) & (offsets < start)]
    return int(before.min()) if len(before) else start


def _behind(gaps: Sequence[Gap], start: int) -> tuple[Gap, ...]:
    """Return the gaps, or parts of them, that lie behind ``start``."""
    out = []
    for gap in gaps:
        end = gap.offset + gap.size
        if end > start:
            at = max(gap.offset, start)
            out.append(replace(gap, offset=at, size=end - at))
    return tuple(out)


def _left_over(start: int, end: int) -> tuple[Gap, ...]:
    return (Gap(start, end - start, "media data of which the index lists nothing"),) if end > start else ()
