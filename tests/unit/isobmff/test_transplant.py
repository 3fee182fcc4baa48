"""New pictures in films of unusual layout, put together in memory."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mediarescue.isobmff import (
    Box,
    BoxError,
    ByteSource,
    Edit,
    SampleTable,
    Track,
    compact,
    expand,
    parse_boxes,
    read_movie,
    read_track,
)
from mediarescue.isobmff.encoded_samples import EncodedSamples
from mediarescue.isobmff.new_track import NewTrack, OldPictures, new_track
from mediarescue.isobmff.relocation import NEW_BYTES, SOURCE, Layout
from mediarescue.isobmff.transplant import transplant
from tests.unit.isobmff.builders import box, full, hdlr, mdhd, mvhd, stsd, tkhd, video_entry

SELF, ELSEWHERE = 1, 0
FTYP = box(b"ftyp", b"isom\0\0\2\0isom")


@dataclass(frozen=True)
class Chunk:
    """One chunk of one sample: of track ``b"vide"`` or ``b"meta"``, or bytes of nobody (``b""``)."""

    owner: bytes
    data: bytes


def _v(data: bytes) -> Chunk:
    return Chunk(b"vide", data)


def _m(data: bytes) -> Chunk:
    return Chunk(b"meta", data)


MEDIA = (_v(b"old-0"), _m(b"meta0"), Chunk(b"", b"padding"), _v(b"old-one"), _v(b"old-2"), _m(b"meta1"))


def _trak(track_id: int, handler: bytes, offsets: Sequence[int], sizes: Sequence[int], *, where: int = SELF) -> bytes:
    count = len(offsets)
    table = SampleTable(
        offset=np.array(offsets, np.int64),
        size=np.array(sizes, np.int64),
        duration=np.full(count, 3000, np.int64),
        composition_offset=np.zeros(count, np.int64),
        is_sync=np.ones(count, np.bool_),
        chunk_index=np.arange(count, dtype=np.int32),
        description_index=np.zeros(count, np.int32),
    )
    entry = video_entry(children=box(b"avcC", b"old")) if handler == b"vide" else box(b"mett", bytes(6) + b"\0\1a\0b\0")
    stbl = box(b"stbl", stsd(entry) + b"".join(b.serialize() for b in compact(table)))
    dref = full(b"dref", struct.pack(">I", 1) + full(b"url ", flags=where))
    minf = box(b"minf", box(b"dinf", dref) + stbl)
    return box(b"trak", tkhd(track_id=track_id) + box(b"mdia", mdhd() + hdlr(handler) + minf))


def _moov(places: dict[bytes, list[tuple[int, int]]], *, extra: bytes = b"", where: int = SELF) -> bytes:
    traks = [
        _trak(number, handler, [o for o, _ in places[handler]], [s for _, s in places[handler]],
              where=where if handler == b"meta" else SELF)
        for number, handler in enumerate((b"vide", b"meta"), 1)
    ]  # fmt: skip
    return box(b"moov", mvhd() + b"".join(traks) + extra)


def _places(media: Sequence[Chunk], start: int) -> dict[bytes, list[tuple[int, int]]]:
    found: dict[bytes, list[tuple[int, int]]] = {b"vide": [], b"meta": [], b"": []}
    for chunk in media:
        found[chunk.owner].append((start, len(chunk.data)))
        start += len(chunk.data)
    return found


def _film(
    path: Path, *, head: bytes = FTYP, tail: bytes = b"", mdat: bytes = b"", media: Sequence[Chunk] = MEDIA
) -> Path:
    """Write ``head``, the media behind an ``mdat`` header (or this one), the moov, and ``tail``."""
    data = b"".join(chunk.data for chunk in media)
    mdat = mdat or struct.pack(">I4s", 8 + len(data), b"mdat")
    moov = _moov(_places(media, len(head) + len(mdat)))
    path.write_bytes(head + mdat + data + moov + tail)
    return path


NEW = (b"fresh-picture-0", b"b", b"new2")


def _new(path: Path, pictures: Sequence[bytes] = NEW) -> NewTrack:
    movie = read_movie(path)
    track = movie.tracks[0]
    old = expand(track.stbl)
    sizes = np.array([len(data) for data in pictures], np.int64)
    entry = parse_boxes(stsd(video_entry(children=box(b"avcC", b"new"))), handler=b"vide")[0].children
    assert entry
    count = len(pictures)
    samples = EncodedSamples(
        piece=np.zeros(count, np.int32),
        offset=np.cumsum(sizes) - sizes,
        size=sizes,
        rank=np.arange(count),
        is_sync=np.arange(count) == 0,
        entries=(entry[0],),
    )
    return new_track(movie, track, OldPictures.of(old, old.dts, signed=False), samples, old.pts)


def _written(layout: Layout, new: NewTrack, source: bytes, pictures: Sequence[bytes] = NEW) -> bytes:
    piece, out = b"".join(pictures), bytearray()
    for kind, start, size in layout.pieces():
        if kind == SOURCE:
            out += source[start : start + size]
        elif kind == NEW_BYTES:
            out += layout.literals[start]
        else:
            first, last = new.first_sample[start : start + 2]
            for sample in range(first, last):
                at = new.samples.offset[sample]
                out += piece[at : at + new.samples.size[sample]]
    assert len(out) == layout.size
    return bytes(out)


def _transplanted(path: Path, pictures: Sequence[bytes] = NEW) -> tuple[bytes, Path]:
    new = _new(path, pictures)
    layout = transplant(new.movie, new, path.stat().st_size)
    out = _written(layout, new, path.read_bytes(), pictures)
    made = path.with_name("out.mp4")
    made.write_bytes(out)
    return out, made


def _samples(path: Path, track: int) -> list[bytes]:
    data, table = path.read_bytes(), expand(read_movie(path).tracks[track].stbl)
    return [data[o : o + s] for o, s in zip(table.offset.tolist(), table.size.tolist(), strict=True)]


def test_chunks_are_exchanged_and_all_else_keeps_its_order(tmp_path: Path) -> None:
    out, made = _transplanted(_film(tmp_path / "a.mp4"))
    assert b"fresh-picture-0meta0paddingbnew2meta1" in out
    assert b"old" not in out.replace(b"old" + bytes(5), b"")
    assert _samples(made, 0) == list(NEW)
    assert _samples(made, 1) == [b"meta0", b"meta1"]
    assert read_movie(made).tracks[0].sample_entries[0].configuration(b"avcC") == b"new"


@pytest.mark.parametrize(
    "head", [FTYP, b"", FTYP + box(b"uuid", bytes(16) + b"<xmp/>") + box(b"free", b"room"), FTYP + box(b"wide")]
)
@pytest.mark.parametrize("tail", [b"", box(b"free", b"more"), b"SEFT trailer, no box", box(b"odd1", b"?") + b"\0\0\0"])
def test_what_stands_around_the_media_stays(head: bytes, tail: bytes, tmp_path: Path) -> None:
    out, made = _transplanted(_film(tmp_path / "a.mp4", head=head, tail=tail))
    assert out.startswith(head)
    assert out.endswith(tail)
    assert _samples(made, 0) == list(NEW)
    assert _samples(made, 1) == [b"meta0", b"meta1"]


def test_a_moov_in_front_stays_in_front(tmp_path: Path) -> None:
    media = b"".join(chunk.data for chunk in MEDIA)
    start = len(FTYP) + len(_moov(_places(MEDIA, 0))) + 8
    path = tmp_path / "a.mp4"
    path.write_bytes(FTYP + _moov(_places(MEDIA, start)) + struct.pack(">I4s", 8 + len(media), b"mdat") + media)
    out, made = _transplanted(path)
    assert out.index(b"moov") < out.index(b"mdat")
    assert _samples(made, 0) == list(NEW)
    assert _samples(made, 1) == [b"meta0", b"meta1"]


def _sized(data: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, b"mdat", 16 + len(data))


@pytest.mark.parametrize("header", [_sized, lambda data: struct.pack(">I4s", 0, b"mdat")], ids=["64 bits", "open"])
def test_the_form_of_the_media_header_stays(header: Callable[[bytes], bytes], tmp_path: Path) -> None:
    media = b"".join(chunk.data for chunk in MEDIA)
    path = tmp_path / "a.mp4"
    size = len(header(media))
    moov = _moov(_places(MEDIA, len(FTYP) + len(_moov(_places(MEDIA, 0))) + size))
    path.write_bytes(FTYP + moov + header(media) + media)
    out, made = _transplanted(path)
    at = out.index(b"mdat") - 4
    joined = b"fresh-picture-0meta0paddingbnew2meta1"
    assert out[at:] == header(joined) + joined
    assert _samples(made, 0) == list(NEW)


def test_pictures_outside_the_media_data_stay_where_they_are_and_new_ones_go_behind(tmp_path: Path) -> None:
    head = FTYP + struct.pack(">I4s", 8 + sum(len(c.data) for c in MEDIA), b"free")
    path = tmp_path / "a.mp4"
    media = b"".join(chunk.data for chunk in MEDIA)
    path.write_bytes(head + media + _moov(_places(MEDIA, len(head))))
    out, made = _transplanted(path)
    assert out.startswith(head + media)
    assert out.endswith(struct.pack(">I4s", 8 + len(b"".join(NEW)), b"mdat") + b"".join(NEW))
    assert _samples(made, 0) == list(NEW)
    assert _samples(made, 1) == [b"meta0", b"meta1"]


@pytest.mark.parametrize(
    "last", [struct.pack(">I4s", 0, b"free") + b"up to the end", b"\xff\xff\xff"], ids=["open", "loose"]
)
def test_new_pictures_without_a_place_stand_in_front_of_what_ends_the_file(tmp_path: Path, last: bytes) -> None:
    head = FTYP + struct.pack(">I4s", 8 + sum(len(c.data) for c in MEDIA), b"free")
    path = tmp_path / "a.mp4"
    path.write_bytes(head + b"".join(chunk.data for chunk in MEDIA) + _moov(_places(MEDIA, len(head))) + last)
    out, made = _transplanted(path)
    assert out.endswith(b"mdat" + b"".join(NEW) + last)
    assert b"".join(NEW) in b"".join(out[h.payload_offset : h.end] for h in read_movie(made).mdats)
    assert _samples(made, 0) == list(NEW)


@pytest.mark.parametrize("large", [False, True])
def test_an_index_up_to_the_end_of_the_file_gets_a_size(tmp_path: Path, large: bool) -> None:
    path = _film(tmp_path / "a.mp4")
    data = path.read_bytes()
    at = data.index(b"moov") - 4
    head = struct.pack(">I4sQ", 1, b"moov", 0) if large else struct.pack(">I4s", 0, b"moov")
    path.write_bytes(data[:at] + head + data[at + 8 :])
    out, made = _transplanted(path)
    header = read_movie(made).headers[-1]
    assert (header.kind, header.declared_size) == (b"moov", len(out) - header.offset)
    assert _samples(made, 0) == list(NEW)
    assert _samples(made, 1) == [b"meta0", b"meta1"]


def test_bytes_that_another_track_uses_too_are_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    start = len(FTYP) + 8
    places = {b"vide": [(start, 4), (start + 4, 4), (start + 8, 4)], b"meta": [(start + 2, 8)]}
    path.write_bytes(FTYP + struct.pack(">I4s", 20, b"mdat") + b"abcdefghijkl" + _moov(places))
    _, made = _transplanted(path)
    assert _samples(made, 0) == list(NEW)
    assert _samples(made, 1) == [b"cdefghij"]


def test_offsets_into_another_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    places = {b"vide": [(len(FTYP) + 8, 5)], b"meta": [(7, 3), (100_000, 3)]}
    path.write_bytes(FTYP + struct.pack(">I4s", 13, b"mdat") + b"old-0" + _moov(places, where=ELSEWHERE))
    _, made = _transplanted(path, NEW[:1])
    assert expand(read_movie(made).tracks[1].stbl).offset.tolist() == [7, 100_000]


def test_auxiliary_data_and_items_are_found_again(tmp_path: Path) -> None:
    start = len(FTYP) + 8
    places = {b"vide": [(start, 5), (start + 10, 5)], b"meta": [(start + 5, 5)]}
    saio = full(b"saio", struct.pack(">II", 1, start + 15))
    meta = full(
        b"meta", full(b"hdlr", bytes(20)) + full(b"iloc", struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, start + 17, 2))
    )
    moov = parse_boxes(_moov(places, extra=meta))[0]
    trak = moov.find_all(b"trak")[1]
    stbl = trak.get(b"mdia", b"minf", b"stbl")
    stbl = stbl.replace(children=[*(stbl.children or ()), *parse_boxes(saio)])
    minf = trak.get(b"mdia", b"minf").with_child(stbl)
    trak = trak.with_child(trak.get(b"mdia").with_child(minf))
    children = [trak if child is moov.find_all(b"trak")[1] else child for child in moov.children or ()]
    path = tmp_path / "a.mp4"
    media = b"old-0meta0old-1AUxy"
    path.write_bytes(
        FTYP + struct.pack(">I4s", 8 + len(media), b"mdat") + media + moov.replace(children=children).serialize()
    )
    out, made = _transplanted(path, NEW[:2])
    moved = read_movie(made)
    at = int.from_bytes(moved.tracks[1].stbl.get(b"saio").payload[8:12], "big")
    assert out[at : at + 2] == b"AU"
    at = int.from_bytes(moved.moov.get(b"meta", b"iloc").payload[14:18], "big")
    assert out[at : at + 2] == b"xy"


def test_offsets_beyond_4_gib_get_64_bits_where_they_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    far = (1 << 32) - 100
    places = {b"vide": [(40, 10), (far, 5)], b"meta": [(60, 5)]}
    with path.open("wb") as file:
        file.write(FTYP + struct.pack(">I4sQ", 1, b"mdat", far + 100 - len(FTYP)))
        file.seek(far + 100)
        file.write(_moov(places))
    new = _new(path, (bytes(5000), bytes(9)))
    layout = transplant(new.movie, new, path.stat().st_size)
    moov = parse_boxes(next(data for data in layout.literals if data[4:8] == b"moov"))[0]
    video, meta = (trak.get(b"mdia", b"minf", b"stbl") for trak in moov.find_all(b"trak"))
    assert video.find(b"co64") is not None
    assert meta.find(b"stco") is not None
    assert expand(video).offset.tolist() == [40, far + 4990]
    assert expand(meta).offset.tolist() == [60 + 4990]
    with ByteSource.open(path) as source:  # the output's own moov stands where the layout says
        assert layout.size == source.size + 4990 + 4 + moov.size - len(_moov(places))


def test_media_that_grow_beyond_4_gib_get_a_larger_header(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    size = (1 << 32) - 1000
    with path.open("wb") as file:
        file.write(FTYP + struct.pack(">I4s", size, b"mdat"))
        file.seek(len(FTYP) + size)
        file.write(_moov({b"vide": [(40, 10)], b"meta": [(60, 5)]}))
    new = _new(path, (bytes(2000),))
    layout = transplant(new.movie, new, path.stat().st_size)
    header = next(data for data in layout.literals if data[4:8] == b"mdat")
    assert header == struct.pack(">I4sQ", 1, b"mdat", size + 8 + 1990)
    moov = parse_boxes(next(data for data in layout.literals if data[4:8] == b"moov"))[0]
    assert expand(moov.find_all(b"trak")[0].get(b"mdia", b"minf", b"stbl")).offset.tolist() == [48]


def test_pieces_with_other_settings_get_sample_entries_of_their_own(tmp_path: Path) -> None:
    path = _film(tmp_path / "a.mp4")
    new = _new(path)
    entries = [
        entry for name in (b"one", b"two")
        for entry in parse_boxes(stsd(video_entry(children=box(b"avcC", name))), handler=b"vide")[0].children or ()
    ]  # fmt: skip
    samples = EncodedSamples(
        np.array([0, 0, 1], np.int32), new.samples.offset, new.samples.size, new.samples.rank, new.samples.is_sync,
        tuple(entries),
    )  # fmt: skip
    old = expand(new.track.stbl)
    made = new_track(new.movie, new.track, OldPictures.of(old, old.dts, signed=False), samples, old.pts)
    stbl = made.trak(np.array([0, 100, 200]), large=False).get(b"mdia", b"minf", b"stbl")
    assert stbl.get(b"stsd").prefix[4:] == struct.pack(">I", 2)
    assert [entry.get(b"avcC").payload for entry in stbl.get(b"stsd").children or ()] == [b"one", b"two"]
    assert expand(stbl).description_index.tolist() == [0, 0, 1]


def test_pieces_that_do_not_hold_all_pictures_are_refused(tmp_path: Path) -> None:
    path = _film(tmp_path / "a.mp4")
    new = _new(path)
    old = OldPictures.of(expand(new.track.stbl), expand(new.track.stbl).dts, signed=False)
    with pytest.raises(BoxError, match="made 3 pictures of 4"):
        new_track(new.movie, new.track, old, new.samples, np.arange(4))


def test_a_shift_is_undone_by_every_edit_that_shows_something(tmp_path: Path) -> None:
    new = _new(_film(tmp_path / "a.mp4"))
    old = expand(new.track.stbl)
    samples = EncodedSamples(
        new.samples.piece, new.samples.offset, new.samples.size, np.array([0, 2, 1]), new.samples.is_sync,
        new.samples.entries,
    )  # fmt: skip
    elst = full(b"elst", struct.pack(">I", 3) + struct.pack(">IiIIiIIiI", 5, -1, 1 << 16, 60, 0, 1 << 16, 9, 6000, 0))
    edts = parse_boxes(box(b"edts", elst))
    trak = new.track.trak.replace(children=[*(new.track.trak.children or ()), *edts])
    track = read_track(trak)
    made = new_track(new.movie, track, OldPictures.of(old, old.dts, signed=False), samples, old.pts)
    assert made.times.shift == 3000
    rows = made.trak(np.array([0, 1, 2]), large=False).get(b"edts", b"elst").payload[8:]
    assert struct.unpack(">IiIIiIIiI", rows) == (5, -1, 1 << 16, 60, 3000, 1 << 16, 9, 9000, 0)


def _reordered(path: Path, composition: Sequence[int], track: Track | None = None) -> Box:
    """Return the new trak where the pictures of a film are shown at these times, the last decoded second."""
    new = _new(path)
    count = len(composition)
    old = expand(new.track.stbl).select(slice(count))
    old = replace(old, composition_offset=np.array(composition) - old.dts)
    samples = replace(new.samples, rank=np.array([0, count - 1, *range(1, count - 1)]))
    track = track or new.track
    made = new_track(new.movie, track, OldPictures.of(old, old.dts, signed=False), samples, np.sort(old.pts))
    return made.trak(np.arange(len(made.size)) * 1000, large=False)


def test_a_film_without_edits_whose_pictures_begin_late_gets_none(tmp_path: Path) -> None:
    trak = _reordered(_film(tmp_path / "a.mp4"), (1000, 4000, 7000))
    assert trak.find(b"edts") is None
    ctts = trak.get(b"mdia", b"minf", b"stbl", b"ctts").payload
    assert ctts[0] == 1
    assert expand(trak.get(b"mdia", b"minf", b"stbl")).pts.tolist() == [1000, 7000, 4000]


def test_a_film_without_edits_gets_one_that_shows_all_of_it(tmp_path: Path) -> None:
    trak = _reordered(_film(tmp_path / "a.mp4"), (0, 3000, 6000))
    assert read_track(trak).edit_list == (Edit(1000, 3000, 1.0),)  # as long as the header says
    assert expand(trak.get(b"mdia", b"minf", b"stbl")).pts.tolist() == [3000, 9000, 6000]
