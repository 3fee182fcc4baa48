from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest

from mediarescue.isobmff import (
    BoxError,
    ByteSource,
    Leniency,
    NoMovieError,
    Problem,
    SizeForm,
    expand,
    parse_boxes,
    read_movie,
    scan_top_level,
    serialize_boxes,
)
from mediarescue.isobmff.reader import MAX_BOXES, MAX_DEPTH
from tests.unit.isobmff.builders import audio_entry, box, full, hdlr, moov, stsd, video_entry, walk


def _scan(path: Path, data: bytes) -> tuple[list[tuple[bytes, int, int]], list[Problem]]:
    path.write_bytes(data)
    problems: list[Problem] = []
    with ByteSource.open(path) as source:
        headers = scan_top_level(source, problems=problems)
    return [(h.kind, h.offset, h.size) for h in headers], problems


def test_a_movie_is_written_as_it_was_read() -> None:
    data = moov(tail=box(b"udta", box(b"\xa9mak", b"Canon") + bytes(4)) + box(b"junk", b"\1\2\3"))
    tree = parse_boxes(data)
    assert serialize_boxes(tree) == data
    assert tree[0].size == len(data)
    assert parse_boxes(tree[0].serialize()) == tree


def test_offsets_are_absolute() -> None:
    data = moov()
    (tree,) = parse_boxes(data, base_offset=5000)
    for node in walk(tree):
        start = node.offset - 5000
        assert data[start : start + node.size] == node.serialize()


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (box(b"free", b"abc"), SizeForm.COMPACT),
        (struct.pack(">I4sQ", 1, b"free", 19) + b"abc", SizeForm.LARGE),
        (struct.pack(">I4s", 0, b"free") + b"abc", SizeForm.TO_END),
        (struct.pack(">I4sQ", 1, b"free", 0) + b"abc", SizeForm.LARGE_TO_END),
        (struct.pack(">I4s", 27, b"uuid") + bytes(16) + b"abc", SizeForm.COMPACT),
        (struct.pack(">I4sQ", 1, b"uuid", 35) + bytes(16) + b"abc", SizeForm.LARGE),
    ],
)
def test_every_form_of_header_is_kept(data: bytes, form: SizeForm) -> None:
    (tree,) = parse_boxes(data)
    assert tree.size_form is form
    assert tree.payload == b"abc"
    assert tree.size == len(data)
    assert tree.serialize() == data


def test_a_container_with_a_64_bit_size_is_read() -> None:
    inner = moov()[8:]
    data = struct.pack(">I4sQ", 1, b"moov", len(inner) + 16) + inner
    (tree,) = parse_boxes(data)
    assert tree.find(b"trak", b"mdia", b"mdhd") is not None
    assert tree.serialize() == data


@pytest.mark.parametrize("head", [b"", bytes(4)])
def test_meta_is_read_with_and_without_version(head: bytes) -> None:
    data = box(b"meta", head + hdlr(b"mdta") + box(b"keys", bytes(8)))
    (tree,) = parse_boxes(data)
    assert tree.prefix == head
    assert tree.find(b"keys") is not None
    assert tree.serialize() == data


def test_user_data_ends_with_zeros() -> None:
    data = box(b"udta", box(b"name", b"x") + bytes(4))
    (tree,) = parse_boxes(data)
    assert [child.kind for child in tree.children or ()] == [b"name", b""]
    assert tree.serialize() == data


def test_user_data_that_is_no_boxes_stays_a_leaf() -> None:
    data = box(b"moov", box(b"udta", b"\xff\xff\xff\xffcamera specific bytes"))
    problems: list[Problem] = []
    (tree,) = parse_boxes(data, problems=problems)
    assert tree.get(b"udta").children is None
    assert tree.serialize() == data
    assert "udta kept as it is" in problems[0].message


def test_a_box_past_its_parent_is_damage() -> None:
    data = box(b"moov", struct.pack(">I4s", 100, b"trak") + bytes(20))
    for leniency in (Leniency.STRICT, Leniency.NORMAL):
        with pytest.raises(
            BoxError, match=r"box 'trak' of 100 bytes in moov runs 72 bytes past its end \(at byte 1008\)"
        ):
            parse_boxes(data, base_offset=1000, leniency=leniency)
    problems: list[Problem] = []
    (tree,) = parse_boxes(data, base_offset=1000, leniency=Leniency.PERMISSIVE, problems=problems)
    assert tree.serialize() == data
    assert [p.offset for p in problems] == [1008]


def test_bytes_that_are_no_box_are_damage() -> None:
    data = box(b"free") + b"\0\0\0\3abcdef"
    with pytest.raises(BoxError, match="10 bytes are no box"):
        parse_boxes(data)
    tree = parse_boxes(data, leniency=Leniency.PERMISSIVE)
    assert tree[1].is_opaque
    assert serialize_boxes(tree) == data


def test_a_nesting_bomb_is_refused() -> None:
    data = b""
    for _ in range(MAX_DEPTH + 2):
        data = box(b"moov", data)
    with pytest.raises(BoxError, match="nested more than 32 deep"):
        parse_boxes(data)
    assert serialize_boxes(parse_boxes(data, leniency=Leniency.PERMISSIVE)) == data


def test_a_million_empty_boxes_are_refused() -> None:
    data = box(b"free") * (MAX_BOXES + 1)
    with pytest.raises(BoxError, match="more than 100000 boxes"):
        parse_boxes(data)
    assert serialize_boxes(parse_boxes(data, leniency=Leniency.PERMISSIVE)) == data


def test_a_movie_cut_anywhere_is_read_as_far_as_it_goes() -> None:
    # The header's size is set to what is left, so that the cut is met inside and not at the top.
    whole = moov(tail=box(b"udta", box(b"name", b"x") + bytes(4)))
    tracemalloc.start()
    try:
        for size in range(8, len(whole)):
            data = struct.pack(">I4s", size, b"moov") + whole[8:size]
            problems: list[Problem] = []
            (tree,) = parse_boxes(data, leniency=Leniency.PERMISSIVE, problems=problems)
            assert tree.serialize() == data
            stbl = tree.find(b"trak", b"mdia", b"minf", b"stbl")
            if stbl is not None:
                assert len(expand(stbl, leniency=Leniency.PERMISSIVE, problems=problems)) <= 5
        # A tree of a kilobyte is a few hundred objects; what is refused here is memory by a count in the file.
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_handler_decides_how_an_unknown_coding_is_read() -> None:
    for handler, entry, prefix in [
        (b"vide", video_entry(b"zzzz", box(b"pasp", bytes(8))), 78),
        (b"soun", audio_entry(b"zzzz", box(b"esds", bytes(4))), 28),
    ]:
        data = box(b"mdia", hdlr(handler) + box(b"minf", box(b"stbl", stsd(entry))))
        (tree,) = parse_boxes(data)
        zzzz = tree.get(b"minf", b"stbl", b"stsd", b"zzzz")
        assert len(zzzz.prefix) == prefix
        assert len(zzzz.children or ()) == 1
        assert tree.serialize() == data
    (alone,) = parse_boxes(stsd(video_entry(b"zzzz", box(b"pasp", bytes(8)))))
    assert alone.get(b"zzzz").children is None


def test_a_version_1_sound_entry_without_the_fields_of_quicktime_is_read() -> None:
    esds = box(b"esds", bytes(20))
    long = audio_entry(b"mp4a", esds, version=1, extra=struct.pack(">IIII", 1024, 0, 4, 2))
    short = audio_entry(b"mp4a", esds, version=1)
    for entry, prefix in ((long, 44), (short, 28)):
        (tree,) = parse_boxes(stsd(entry))
        assert len(tree.get(b"mp4a").prefix) == prefix
        assert tree.find(b"mp4a", b"esds") is not None
        assert tree.serialize() == stsd(entry)


def test_top_level_of_a_large_file_is_read_by_seeking(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.write(box(b"ftyp", b"isom\0\0\2\0"))
        file.write(struct.pack(">I4sQ", 1, b"mdat", 90 << 30))
        try:
            file.truncate(16 + (90 << 30))
        except OSError:
            pytest.skip("the file system has no sparse files of 90 GiB")
        file.seek(0, 2)
        file.write(moov())
    with ByteSource.open(path) as source:
        headers = scan_top_level(source)
        assert [(h.kind, h.offset) for h in headers] == [(b"ftyp", 0), (b"mdat", 16), (b"moov", 16 + (90 << 30))]
        assert len(read_movie(source).tracks) == 1


def test_top_level_stops_where_the_bytes_are_no_box(tmp_path: Path) -> None:
    boxes, problems = _scan(tmp_path / "a", box(b"free") + b"\x80\x90\xa0\xb0\x01\x02\x03\x04 more")
    assert boxes == [(b"free", 0, 8)]
    assert problems == [Problem(8, "13 bytes that are no box")]


def test_top_level_keeps_a_last_box_that_runs_past_the_end(tmp_path: Path) -> None:
    boxes, problems = _scan(tmp_path / "a", box(b"free") + struct.pack(">I4s", 500, b"mdat") + bytes(92))
    assert boxes == [(b"free", 0, 8), (b"mdat", 8, 500)]
    assert problems == [Problem(8, "box 'mdat' runs 400 bytes past the end of the file")]


def test_top_level_keeps_a_last_box_of_size_0(tmp_path: Path) -> None:
    boxes, problems = _scan(tmp_path / "a", box(b"free") + struct.pack(">I4s", 0, b"mdat") + bytes(92))
    assert boxes == [(b"free", 0, 8), (b"mdat", 8, 100)]
    assert problems == []


def test_an_empty_file_has_no_boxes(tmp_path: Path) -> None:
    assert _scan(tmp_path / "a", b"") == ([], [])


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", NoMovieError, "has no moov box"),
        (box(b"mdat", bytes(50)), NoMovieError, "has no moov box"),
        (moov()[:-10], NoMovieError, r"is cut off \(at byte 0\)"),
        (box(b"moov", box(b"cmov", bytes(20))), BoxError, "compressed"),
        (box(b"moov", b""), BoxError, "the moov/mvhd box is missing"),
        (box(b"moov", full(b"mvhd", bytes(10))), BoxError, "the mvhd box cannot be read"),
    ],
)
def test_a_file_without_a_readable_movie_says_so(
    tmp_path: Path, data: bytes, error: type[BoxError], message: str
) -> None:
    (tmp_path / "a.mp4").write_bytes(data)
    with pytest.raises(error, match=message):
        read_movie(tmp_path / "a.mp4")
