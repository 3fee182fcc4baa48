"""Offsets in the file that stand in other boxes than sample tables."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import Box, parse_boxes
from mediarescue.isobmff.item_locations import item_spans, misplaced, with_moved_places
from tests.unit.isobmff.builders import box, full

Int64Array = NDArray[np.int64]


def _later(offset: Int64Array) -> Int64Array:
    """Move everything behind offset 1000 by 256."""
    return np.where(offset >= 1000, offset + 256, offset)


def _meta(iloc: bytes, *, version: int = 0) -> Box:
    inside = full(b"hdlr", bytes(4) + b"pict" + bytes(13)) + full(b"iloc", iloc, version=version)
    return parse_boxes(full(b"meta", inside))[0]


def _iloc(meta: Box) -> bytes:
    return meta.get(b"iloc").payload[4:]


def test_items_with_plain_offsets_follow() -> None:
    head = struct.pack(">HH", 0x4400, 2)
    item = struct.pack(">HHHII", 1, 0, 1, 500, 20)
    meta = _meta(head + item + struct.pack(">HHHIIII", 2, 0, 2, 900, 10, 1200, 30))
    moved = _iloc(with_moved_places(meta, _later, 4000))
    assert moved == head + item + struct.pack(">HHHIIII", 2, 0, 2, 900, 10, 1456, 30)
    spans = item_spans(meta)
    assert list(zip(spans.start.tolist(), spans.end.tolist(), strict=True)) == [(500, 520), (900, 910), (1200, 1230)]


def test_items_counted_from_a_base_move_with_it() -> None:
    meta = _meta(struct.pack(">HH", 0x4480, 1) + struct.pack(">HHQHIIII", 1, 0, 1100, 2, 0, 10, 50, 10))
    moved = _iloc(with_moved_places(meta, _later, 4000))
    assert moved == struct.pack(">HH", 0x4480, 1) + struct.pack(">HHQHIIII", 1, 0, 1356, 2, 0, 10, 50, 10)


def test_items_in_the_meta_box_itself_and_in_other_files_stay() -> None:
    head = struct.pack(">HH", 0x4400, 3)
    in_idat = struct.pack(">HHHHII", 1, 1, 0, 1, 2000, 5)
    elsewhere = struct.pack(">HHHHII", 2, 0, 1, 1, 2000, 5)
    here = struct.pack(">HHHHII", 3, 0, 0, 1, 2000, 5)
    meta = _meta(head + in_idat + elsewhere + here, version=1)
    moved = _iloc(with_moved_places(meta, _later, 4000))
    assert moved == head + in_idat + elsewhere + struct.pack(">HHHHII", 3, 0, 0, 1, 2256, 5)


def test_an_item_whose_new_offset_does_not_fit_and_a_cut_box_stay_as_they_are() -> None:
    narrow = _meta(struct.pack(">HHHHHBB", 0x1100, 1, 1, 0, 1, 250, 5))
    assert with_moved_places(narrow, lambda offset: offset + 100, 4000) == narrow
    cut = _meta(struct.pack(">HHHHH", 0x4400, 9, 1, 0, 1))
    assert with_moved_places(cut, _later, 4000) == cut
    assert item_spans(cut).size == 0
    assert "has too few bytes" in misplaced(narrow, lambda offset: offset + 100, 4000)[0]
    assert "item 1 " in misplaced(narrow, lambda offset: offset + 100, 4000)[0]
    assert not misplaced(narrow, lambda offset: offset + 5, 4000)
    assert "the iloc box is cut off" in misplaced(cut, _later, 4000)[0]


def test_places_of_a_dash_camera_follow() -> None:
    rows = struct.pack(">6I", 500, 64, 1500, 64, 2500, 64)
    moov = parse_boxes(box(b"moov", box(b"gps ", struct.pack(">II", 0x101, 3) + rows) + box(b"udta", b"kept")))[0]
    moved = with_moved_places(moov, _later, 4000)
    assert moved.get(b"gps ").payload == struct.pack(">8I", 0x101, 3, 500, 64, 1756, 64, 2756, 64)
    assert moved.get(b"udta").serialize() == moov.get(b"udta").serialize()
    assert with_moved_places(moov, _later, 2000) == moov  # they lead outside: they are no places
    assert not misplaced(moov, _later, 4000)
    far = misplaced(moov, lambda offset: offset + (1 << 32), 4000)
    assert len(far) == 1
    assert "GPS" in far[0]
    assert with_moved_places(moov, lambda offset: offset + (1 << 32), 4000) == moov
