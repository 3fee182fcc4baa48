"""Build the new ``moov``: the reference's tracks with the rescued samples, and nothing that is only the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import (
    Box,
    ChunkTable,
    Movie,
    SampleTable,
    build_payload,
    compact,
    compact_chunks,
    contiguous_chunks,
    parse_payload,
    rebuild_movie,
    rebuild_track,
)
from mediarescue.isobmff.tables import build_rows
from mediarescue.recover.descriptions import without_content
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.silence import Silence, make_silence, silent_chunks
from mediarescue.recover.timing.edits import EditStart, edit_entries, segment_total

_PERSONAL = frozenset((b"udta", b"meta"))
"""Boxes of a moov or a trak that tell where, when and by whom the reference was filmed."""
_UNUSED = frozenset((b"free", b"skip"))
"""Space that the reference's writer left over, with whatever stood there before."""
_EPOCH = 2_082_844_800
"""Seconds from 1904-01-01, where the format's dates start, to 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rescued file is put together: ``head``, then the media bytes as they are, then ``moov``.

    Attributes
    ----------
    head : bytes
        ftyp and the mdat header.
    moov : bytes
        Empty where it stands in ``head``.
    dropped : tuple of str
        Box types of the reference that do not hold for another film.
    movie_seconds : float
    patches : tuple of (int, bytes)
        What replaces bytes that were written before they were known, by offset in the new file.
    silence : bytes
        A second ``mdat`` behind the media, for sound that damage took; empty where there is none.
    """

    head: bytes
    moov: bytes
    dropped: tuple[str, ...]
    movie_seconds: float
    patches: tuple[tuple[int, bytes], ...] = ()
    silence: bytes = b""

    @property
    def tail(self) -> bytes:
        """What is written behind the media."""
        return self.silence + self.moov


def file_type_box(movie: Movie, own: bytes) -> bytes:
    """Return the broken file's own ``ftyp``, or the reference's where it has none."""
    return own or (movie.file_type.serialize() if movie.file_type is not None else b"")


def assemble(
    movie: Movie,
    tracks: Sequence[RescuedTrack],
    *,
    head: bytes,
    media_start: int,
    unix_time: int | None,
    media_end: int = 0,
) -> Layout:
    """Lay out the rescued file.

    Parameters
    ----------
    movie : Movie
        The reference, or the recording's own.
    tracks : list of RescuedTrack
    head : bytes
        What stands before the media bytes in the new file: ``ftyp`` and the mdat header.
    media_start : int
        Where the media bytes start in the broken file.
    unix_time : int or None
        When the recording ended, for the dates in the headers; None where the movie is the recording's own: its
        dates, place and title stay.
    """
    shift = len(head) - media_start
    silence = make_silence(tracks)
    starts = aligned_starts(tracks, movie.timescale)
    traks, dropped, longest = [], dict[str, None](), 0
    for track, start in zip(tracks, starts, strict=True):
        box, kinds, total = _rebuilt(track, start, movie, shift, unix_time, (silence, media_end))
        dropped.update(dict.fromkeys(kinds))
        traks.append(box)
        longest = max(longest, total)
    kept = {track.profile.track.track_id for track in tracks}
    traks = [_without_missing_references(trak, kept) for trak in traks]
    moov = rebuild_movie(movie.moov, traks, duration=longest)
    children = []
    for child in moov.children or ():
        if unix_time is None:
            children.append(child)
        elif child.kind in _PERSONAL or child.kind == b"uuid":
            dropped[child.kind.decode("latin-1")] = None
        elif child.kind in _UNUSED:
            continue
        elif child.kind == b"mvhd":
            children.append(_dated(child, unix_time))
        else:
            children.append(child)
    moov = moov.replace(children=children)
    return Layout(head, moov.serialize(), tuple(sorted(dropped)), longest / movie.timescale, silence=silence.box)


def aligned_starts(tracks: Sequence[RescuedTrack], movie_timescale: int) -> list[EditStart]:
    """Return each track's start as in the reference, moved together so that no picture is hidden.

    Notes
    -----
    An edit list that skips pictures was made by trimming the reference; here nothing was trimmed. Moving all
    tracks by the same time keeps them in sync and shows every sample.
    """
    starts = [_later(track, movie_timescale) for track in tracks]
    hidden = 0.0
    for track, start in zip(tracks, starts, strict=True):
        if track.profile.kind != "video" or not len(track.duration):
            continue
        times = np.cumsum(track.duration) - track.duration + track.composition_offset
        first = int(times.min()) / track.profile.track.timescale
        shown = start.media_time / track.profile.track.timescale - start.empty / movie_timescale
        if start.media_time > 0 and shown > first:
            hidden = max(hidden, shown - first)
    ticks = round(hidden * movie_timescale)
    if ticks <= 0:
        return starts
    moved = []
    for track, start in zip(tracks, starts, strict=True):
        timescale = track.profile.track.timescale
        back = 0
        if track.profile.kind == "video":
            back = min(start.media_time, round(hidden * timescale))
        moved.append(
            EditStart(start.empty + ticks - round(back * movie_timescale / timescale), start.media_time - back, True)
        )
    return moved


def _later(track: RescuedTrack, movie_timescale: int) -> EditStart:
    """Return a track's start, later by what lost samples in front of its first one lasted."""
    start = track.start
    if not track.lead:
        return start
    return EditStart(
        start.empty + round(track.lead * movie_timescale / track.profile.track.timescale), start.media_time, True
    )


def _rebuilt(
    track: RescuedTrack,
    start: EditStart,
    movie: Movie,
    shift: int,
    unix_time: int | None,
    silence: tuple[Silence, int],
) -> tuple[Box, tuple[str, ...], int]:
    profile = track.profile
    entries = edit_entries(
        start,
        media_end=track.shown_ticks,
        timescale=profile.track.timescale,
        movie_timescale=movie.timescale,
    )
    total = segment_total(entries, track.duration_ticks, profile.track.timescale, movie.timescale)
    descriptions = [] if unix_time is None else [without_content(profile.track.stbl.get(b"stsd"))]
    built = rebuild_track(
        profile.track.trak,
        stbl_children=[*_tables(track, shift, silence), *descriptions],
        media_duration=track.duration_ticks,
        movie_duration=total,
        edit_list=entries,
    )
    if unix_time is None:
        return built.trak, tuple(kind.decode("latin-1") for kind in built.dropped), total
    kept = [child for child in built.trak.children or () if child.kind not in _PERSONAL | _UNUSED]
    left_out = [child.kind for child in built.trak.children or () if child.kind in _PERSONAL]
    trak = built.trak.replace(children=[_dated(child, unix_time) if child.kind == b"tkhd" else child for child in kept])
    mdia = trak.get(b"mdia")
    trak = trak.with_child(mdia.with_child(_dated(mdia.get(b"mdhd"), unix_time)))
    return trak, tuple(kind.decode("latin-1") for kind in (*built.dropped, *left_out)), total


def _tables(track: RescuedTrack, shift: int, silence: tuple[Silence, int]) -> list[Box]:
    profile = track.profile
    if profile.chunks is not None:
        offset, bytes_of, entries = silent_chunks(track, *silence)
        count = profile.chunks.samples_in(bytes_of)
        deltas = ((int(count.sum()), profile.chunks.delta),)
        size = profile.chunks.sample_size
        return list(compact_chunks(ChunkTable(offset + shift, count, entries, size, deltas)))
    assert profile.samples is not None
    offsets = track.offset + shift
    composition = track.composition_offset
    has_ctts = profile.has_table(b"ctts") or bool(composition.any())
    ctts = profile.track.stbl.find(b"ctts")
    version = (
        ctts.payload[0] if ctts is not None and ctts.payload else int(has_ctts and int(composition.min(initial=0)) < 0)
    )
    table = SampleTable(
        offsets,
        track.size,
        track.duration,
        composition,
        track.is_sync,
        contiguous_chunks(
            offsets, track.size, description_index=track.description_index, starts_chunk=_chunk_limit(track)
        ),
        track.description_index,
    )
    boxes = compact(
        table,
        has_ctts=has_ctts,
        ctts_version=version,
        has_cslg=has_ctts and profile.has_table(b"cslg"),
        has_stss=profile.has_table(b"stss") or not bool(track.is_sync.all()),
    )
    if track.is_partial_sync is None:
        return list(boxes)
    return [*boxes, Box(b"stps", build_rows(b"stps", np.flatnonzero(track.is_partial_sync) + 1))]


def _chunk_limit(track: RescuedTrack) -> NDArray[np.bool_]:
    """Begin a new chunk where a contiguous run exceeds the reference's longest chunk."""
    _, _, counts = track.profile.runs()
    most = max(int(counts.max()) if len(counts) else 1, 64)
    offset, size = track.offset, track.size
    begins = np.ones(len(offset), dtype=bool)
    begins[1:] = offset[1:] != offset[:-1] + size[:-1]
    first = np.maximum.accumulate(np.where(begins, np.arange(len(offset)), 0))
    return np.asarray((np.arange(len(offset)) - first) % most == 0, dtype=np.bool_)


def _dated(box: Box, unix_time: int) -> Box:
    """Return a header box with the film's own dates instead of the reference's."""
    fields = parse_payload(box.kind, box.payload, offset=box.offset)
    time = unix_time + _EPOCH
    return box.replace(payload=build_payload(box.kind, {**fields, "creation_time": time, "modification_time": time}))


def _without_missing_references(trak: Box, kept: set[int]) -> Box:
    """Drop references to tracks that were not rescued (ISO/IEC 14496-12 8.3.3)."""
    tref = trak.find(b"tref")
    if tref is None or tref.children is None:
        return trak
    children = []
    for child in tref.children:
        ids = [child.payload[at : at + 4] for at in range(0, len(child.payload), 4)]
        left = [track_id for track_id in ids if int.from_bytes(track_id, "big") in kept]
        if left:
            children.append(child.replace(payload=b"".join(left)))
    others = [child for child in trak.children or () if child.kind != b"tref"]
    if not children:
        return trak.replace(children=others)
    return trak.with_child(tref.replace(children=children))
