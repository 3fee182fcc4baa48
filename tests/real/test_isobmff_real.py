"""Boxes and sample tables of real files, held against their bytes and against FFmpeg's demuxer."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mediarescue.isobmff import (
    LAYOUTS,
    Box,
    ByteSource,
    Leniency,
    Problem,
    Track,
    build_payload,
    compact,
    compact_chunks,
    entry_layout,
    expand,
    expand_chunks,
    is_constant_size,
    parse_boxes,
    parse_payload,
    read_movie,
    rebuild_movie,
    rebuild_track,
    scan_top_level,
    serialize_boxes,
)
from tests.support.shared import SHARED, shared_media

pytestmark = pytest.mark.shared

FILES = sorted(str(p.relative_to(SHARED)) for p in SHARED.glob("video/*/*")) or ["video"]
_TRUNCATED = ("displaymatrix.mp4", "two_first_slice.mp4")


def _path(name: str) -> Path:
    path = shared_media(name)
    if path.is_dir():
        pytest.skip("no shared videos")
    return path


def _walk(box: Box, parent: bytes = b"") -> Iterator[tuple[Box, bytes]]:
    yield box, parent
    for child in box.children or ():
        yield from _walk(child, box.kind)


@pytest.mark.parametrize("name", FILES)
def test_every_box_but_the_media_is_written_as_it_was_read(name: str) -> None:
    with ByteSource.open(_path(name)) as source:
        for header in scan_top_level(source):
            if header.kind == b"mdat":
                continue
            data = source.read(header.offset, header.size)
            problems: list[Problem] = []
            tree = parse_boxes(data, base_offset=header.offset, leniency=Leniency.STRICT, problems=problems)
            assert serialize_boxes(tree) == data
            assert parse_boxes(serialize_boxes(tree)) == tree
            assert problems == []


@pytest.mark.parametrize("name", FILES)
def test_every_declared_box_is_built_as_it_was_parsed(name: str) -> None:
    movie = read_movie(_path(name))
    seen = set()
    for box, parent in _walk(movie.moov):
        # The type of a sample entry also names other boxes where it stands elsewhere (mp4a inside wave).
        is_entry = LAYOUTS.get(box.kind) in (LAYOUTS[b"avc1"], LAYOUTS[b"mp4a"])
        if box.kind not in LAYOUTS or is_entry or parent == b"stsd":
            continue
        body = box.payload if box.children is None else box.prefix
        assert build_payload(box.kind, parse_payload(box.kind, body)) == body
        seen.add(box.kind)
    assert {b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"stsd", b"stts", b"stsz", b"stsc"} <= seen
    for track in movie.tracks:
        for entry in track.sample_entries:
            layout = entry_layout(entry.kind, track.handler)
            whole = entry.box.serialize()[entry.box.header_size :]
            assert build_payload(entry.kind, parse_payload(entry.kind, whole, layout=layout), layout=layout) == whole
            if entry.media == "video":
                assert entry.box.children is not None
                assert (entry.fields.width, entry.fields.height) != (0, 0)


@pytest.mark.parametrize("name", FILES)
def test_tracks_are_what_ffmpeg_says(name: str) -> None:
    path = _path(name)
    movie = read_movie(path)
    kinds = {b"vide": "video", b"soun": "audio"}
    with av.open(str(path), metadata_errors="ignore") as container:
        streams = {stream.id: stream for stream in container.streams}
        for track in movie.tracks:
            stream = streams.get(track.track_id)
            if stream is None:
                continue
            assert stream.time_base == Fraction(1, track.timescale)
            if track.handler in kinds:
                assert stream.type == kinds[track.handler]
            if isinstance(stream, av.VideoStream) and track.handler == b"vide":
                fields = track.sample_entries[0].fields
                assert (stream.codec_context.width, stream.codec_context.height) == (fields.width, fields.height)


def _packets(path: Path) -> dict[int, list[tuple[int, int, int | None, int | None, bool]]]:
    """Return per track: offset, size, dts, pts and key flag of each packet, before edit lists."""
    packets: dict[int, list[tuple[int, int, int | None, int | None, bool]]] = {}
    options = {"ignore_editlist": "1", "ignore_chapters": "1"}
    with av.open(str(path), options=options, metadata_errors="ignore") as container:
        for packet in container.demux():
            if packet.size and not packet.is_corrupt:
                assert packet.pos is not None
                row = (packet.pos, packet.size, packet.dts, packet.pts, packet.is_keyframe)
                packets.setdefault(packet.stream.id, []).append(row)
    return packets


def _is_grouped(track: Track) -> bool:
    """Whether FFmpeg packs several samples into one packet."""
    return track.handler == b"soun" and is_constant_size(track.stbl)


@pytest.mark.parametrize("name", FILES)
def test_samples_are_ffmpegs_packets(name: str) -> None:
    path = _path(name)
    movie = read_movie(path)
    if movie.is_fragmented:
        pytest.skip("fragments are not in the sample tables")
    end = path.stat().st_size
    packets = _packets(path)
    compared = 0
    for track in movie.tracks:
        rows = packets.get(track.track_id, [])
        if _is_grouped(track):
            chunks = expand_chunks(track.stbl)
            assert sum(size for _, size, *_ in rows) == int(chunks.size.sum())
            assert {row[0] for row in rows} >= set(chunks.offset.tolist())
            compared += 1
            continue
        table = expand(track.stbl)
        keep = (table.offset + table.size <= end) & (table.size > 0)
        table = table.select(keep)
        if not rows and track.handler not in (b"vide", b"soun"):
            continue
        pos, size, dts, pts, key = (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 5
        assert pos == table.offset.tolist()
        assert size == table.size.tolist()
        if rows:
            # FFmpeg moves decode times below composition times; their distances are what the tables say.
            assert np.diff(np.array(pts)).tolist() == np.diff(table.pts).tolist()
            if None not in dts:
                assert np.diff(np.array(dts)).tolist() == np.diff(table.dts).tolist()
            if track.handler == b"vide" and track.stbl.find(b"stss"):
                # FFmpeg's parser adds pictures that are decodable alone and not listed.
                assert all(np.array(key)[table.is_sync])
        compared += 1
    assert compared


@pytest.mark.parametrize("name", FILES)
def test_sample_tables_survive_a_rewrite(name: str) -> None:
    movie = read_movie(_path(name))
    traks = []
    for track in movie.tracks:
        table = expand(track.stbl)
        boxes = compact(
            table,
            has_ctts=track.stbl.find(b"ctts") is not None,
            has_cslg=track.stbl.find(b"cslg") is not None,
            has_stss=track.stbl.find(b"stss") is not None,
            large_offsets=track.stbl.find(b"co64") is not None,
        )
        assert expand(Box(b"stbl", children=boxes)) == table
        for box in boxes:
            # FFmpeg and iPhones write runs, offsets and sums as `compact` does; some Android writers split runs.
            if box.kind in (b"stss", b"cslg"):
                assert box == track.stbl.find(box.kind)
        if is_constant_size(track.stbl):
            chunks = expand_chunks(track.stbl)
            assert chunks.total_samples == len(table)
            assert expand_chunks(Box(b"stbl", children=compact_chunks(chunks))) == chunks
        duration = parse_payload(b"tkhd", track.trak.get(b"tkhd").payload).duration
        rebuilt = rebuild_track(
            track.trak,
            stbl_children=boxes,
            media_duration=track.duration,
            movie_duration=duration,
            edit_list=track.edit_list,
        )
        traks.append(rebuilt.trak)
        assert expand(rebuilt.trak.get(b"mdia", b"minf", b"stbl")) == table
        for kind in (b"tkhd", b"edts"):
            assert rebuilt.trak.find(kind) == track.trak.find(kind)
    moov = rebuild_movie(movie.moov, traks, duration=movie.duration)
    assert parse_boxes(moov.serialize()) == (moov,)


def test_all_truncated_files_are_said_to_be() -> None:
    for name in _TRUNCATED:
        problems: list[Problem] = []
        read_movie(shared_media(f"video/fate/{name}"), problems=problems)
        assert "past the end of the file" in problems[0].message
