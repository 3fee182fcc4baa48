"""Damage inside samples whose places are known: pictures that are no whole units, and zeros where coded data belong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import ByteSource
from mediarescue.isobmff.claims import is_units, unit_length_size
from mediarescue.recover.candidate import Gap
from mediarescue.recover.fragmented import IndexedTrack
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.stand_ins import Pause

Int64Array = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
DAMAGED = "damaged: listed samples that are no samples any more"
HOLDS_ZEROS = "a sample that holds zeros in place of data"
_LEAST_RUN = 512
"""Bytes: emulation prevention keeps zeros of H.264 and HEVC to two; fill data of AAC are shorter than this."""
_CELL = 256
_BLOCK = 4 << 20
_EDGE = 16
"""Bytes of zeros at a sample's edge that say nothing: the first bytes of a length, or of the sample behind padding."""
_CODED = {b"mp4a", b"jpeg", b"mjpa", b"mjpb", b"ap4h", b"ap4x", b"apch", b"apcn", b"apcs", b"apco", b"mp4v", b"s263"}
_CODED |= {b"vp08", b"vp09", b"av01", b"Opus"}
_MOSTLY = 0.5
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ListedDamage:
    """What is wrong with known samples.

    Attributes
    ----------
    broken : tuple of bool (n,)
        One array a track: samples that are not there any more.
    zeros : tuple of bool (n,)
        One array a track: samples whose place and size are true, and that hold zeros in place of data.
    """

    broken: tuple[BoolArray, ...]
    zeros: tuple[BoolArray, ...]

    def __bool__(self) -> bool:
        return any(each.any() for each in (*self.broken, *self.zeros))


def find_damage(source: ByteSource, tracks: Sequence[RescuedTrack], *, structure: bool = True) -> ListedDamage:
    """Hold samples against their bytes: one pass over the media for zeros, and of pictures the heads of their units.

    Parameters
    ----------
    source : ByteSource
    tracks : sequence of RescuedTrack
    structure : bool
        Also ask whether pictures of H.264 and HEVC are whole units; without it no sample is called broken.

    Notes
    -----
    Zeros that end with their sample are padding, as in motion JPEG. Of PCM zeros are silence.
    """
    watched = [bool(_unit_length(track) or track.profile.codec in _CODED) and not track.is_pcm for track in tracks]
    held = [track for track, coded in zip(tracks, watched, strict=True) if coded and len(track.offset)]
    runs = np.zeros((0, 2), dtype=np.int64)
    if held:
        first = min(int(track.offset.min()) for track in held)
        last = max(int((track.offset + track.size).max()) for track in held)
        runs = np.array(list(zero_runs(source, max(first, 0), min(last, source.size))), dtype=np.int64).reshape(-1, 2)
    broken, zeros = [], []
    for track, coded in zip(tracks, watched, strict=True):
        hit, headless = _struck(track, runs) if coded else (np.zeros(len(track.offset), np.bool_),) * 2
        length_size = _unit_length(track)
        bad = np.zeros(len(hit), np.bool_)
        if structure and length_size:
            places = zip(track.offset.tolist(), track.size.tolist(), strict=True)
            bad = np.array([size > 0 and not is_units(source, at, size, length_size) for at, size in places], np.bool_)
            if bad.sum() > _MOSTLY * len(bad):
                bad &= hit
        elif structure:
            bad = headless
        broken.append(bad)
        zeros.append(hit & ~bad)
    return ListedDamage(tuple(broken), tuple(zeros))


def zero_runs(source: ByteSource, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the long runs of zeros in ``[start, end)``; holes of a sparse file are not read."""
    begin = stop = start
    for low, high in _zero_cells(source, start, end):
        if low > stop:
            yield from _widened(source, begin, stop, start, end)
            begin = low
        stop = high
    yield from _widened(source, begin, stop, start, end)


def _zero_cells(source: ByteSource, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of whole cells of zeros, in order; those of two blocks may touch."""
    pos = start
    while pos < end:
        data = min(source.next_data(pos), end)
        if data > pos:
            yield pos, data
            pos = data
            continue
        block = source.read(pos, min(_BLOCK, end - pos))
        if not block:
            return
        count = len(block) // _CELL
        grid = np.frombuffer(block, np.uint64, count * _CELL // 8).reshape(count, _CELL // 8)
        found = np.flatnonzero(grid[:, 0] == 0)
        found = found[~grid[found].any(axis=1)]
        for run in np.split(found, np.flatnonzero(np.diff(found) > 1) + 1) if len(found) else ():
            yield pos + int(run[0]) * _CELL, pos + (int(run[-1]) + 1) * _CELL
        pos += len(block)


def _widened(source: ByteSource, begin: int, stop: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a run with the zeros beside its cells, where that is long enough."""
    if stop <= begin:
        return
    before = source.read(max(begin - _CELL, start), begin - max(begin - _CELL, start))
    behind = source.read(stop, min(_CELL, end - stop))
    begin -= len(before) - len(before.rstrip(b"\0"))
    stop += len(behind) - len(behind.lstrip(b"\0"))
    if stop - begin >= _LEAST_RUN:
        yield begin, stop


def _struck(track: RescuedTrack, runs: Int64Array) -> tuple[BoolArray, BoolArray]:
    """Return which samples hold a part of a run that is no padding, and which begin with one, bool (n,)."""
    low, high = track.offset, track.offset + track.size
    hit, headless = np.zeros(len(low), np.bool_), np.zeros(len(low), np.bool_)
    if not len(runs):
        return hit, headless
    begin, stop = runs[:, 0], runs[:, 1]
    first = np.minimum(np.searchsorted(stop, low, side="right"), len(runs) - 1)
    last = np.clip(np.searchsorted(begin, high, side="left") - 1, 0, None)
    for at in (first, last):
        shared = np.minimum(high, stop[at]) - np.maximum(low, begin[at])
        held = (shared >= np.minimum(_EDGE, track.size)) & (track.size > 0)
        padding = (begin[at] > low) & (stop[at] >= high) & (stop[at] < high + _EDGE)
        hit |= held & ~padding
        headless |= held & (begin[at] <= low)
    between = (last - first > 1) & (track.size > 0)
    return hit | between, headless


def left_out(
    tracks: Sequence[IndexedTrack], broken: Sequence[BoolArray], movie_timescale: int
) -> tuple[tuple[IndexedTrack, ...], list[tuple[Gap, Pause]]]:
    """Take the broken samples out, what they lasted goes to those before; say where and when, by the index's times.

    Tracks of which nothing would be left keep all.
    """
    broken = [bad & (not bad.all()) for bad in broken]
    kept = tuple(_without(track, bad) if bad.any() else track for track, bad in zip(tracks, broken, strict=True))
    rows = [
        (track.offset[bad], track.size[bad], shown_seconds(track, movie_timescale)[bad], _lasting(track)[bad], at)
        for at, (track, bad) in enumerate(zip(tracks, broken, strict=True))
        if bad.any()
    ]
    if not rows:
        return kept, []
    offset, size, when, lasting = (np.concatenate([row[i] for row in rows]) for i in range(4))
    owner = np.concatenate([np.full(len(row[0]), row[4]) for row in rows])
    order = np.argsort(offset, kind="stable")
    offset, size, when, lasting, owner = (each[order] for each in (offset, size, when, lasting, owner))
    ends = np.maximum.accumulate(offset + size)
    out = []
    for part in np.split(np.arange(len(offset)), np.flatnonzero(offset[1:] > ends[:-1]) + 1):
        begin, end = int(offset[part[0]]), int(ends[part[-1]])
        lost = float(np.bincount(owner[part], weights=lasting[part]).max())
        out.append((Gap(begin, end - begin, DAMAGED), Pause(float(when[part].min()), lost, 0.0)))
    return kept, out


def shown_seconds(track: RescuedTrack, movie_timescale: int) -> NDArray[np.float64]:
    """Return when each sample is shown in the rescued film, in seconds, float64 (n,)."""
    timescale, start = track.profile.track.timescale, track.start
    decoded = np.cumsum(track.duration) - track.duration + track.lead
    delay = start.empty / movie_timescale - start.media_time / timescale
    return np.asarray((decoded + track.composition_offset) / timescale + delay, dtype=np.float64)


def _lasting(track: RescuedTrack) -> NDArray[np.float64]:
    return np.asarray(track.duration / track.profile.track.timescale, dtype=np.float64)


def _without(track: IndexedTrack, bad: BoolArray) -> IndexedTrack:
    keep = ~bad
    times = np.append(np.cumsum(track.duration) - track.duration, track.duration.sum())
    places = np.flatnonzero(keep)
    return replace(
        track,
        offset=track.offset[keep],
        size=track.size[keep],
        duration=np.diff(times[np.append(places, len(bad))]),
        is_sync=track.is_sync[keep],
        decode_time=track.decode_time[keep],
        composition=track.composition[keep],
        entries=track.entries[keep],
        lead=track.lead + int(times[places[0]]),
    )


def _unit_length(track: RescuedTrack) -> int:
    return 0 if track.profile.track.is_encrypted else unit_length_size(track.profile.track)


def zeros_in_words(
    tracks: Sequence[RescuedTrack], zeros: Sequence[BoolArray], movie_timescale: int
) -> tuple[tuple[str, ...], list[Gap]]:
    """Say which samples are kept though they hold zeros, one sentence a track, and where they are."""
    words, places = [], []
    for track, mine in zip(tracks, zeros, strict=True):
        if not mine.any():
            continue
        when = np.sort(shown_seconds(track, movie_timescale)[mine])
        some = ", ".join(f"{second:.2f}" for second in when[:_NAMED].tolist())
        more = f" and {len(when) - _NAMED} more" if len(when) > _NAMED else ""
        codec = track.profile.codec.decode("latin-1")
        count_of = "1 sample" if len(when) == 1 else f"{len(when)} samples"
        words.append(
            f"{count_of} of track {track.profile.track.track_id} ({codec}) "
            f"with zeros in place of data, at {some}{more} seconds"
        )
        at, size = track.offset[mine].tolist(), track.size[mine].tolist()
        places += [Gap(begin, count, HOLDS_ZEROS) for begin, count in zip(at, size, strict=True)]
    return tuple(words), sorted(places, key=lambda gap: gap.offset)
