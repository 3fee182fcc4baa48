from __future__ import annotations

import struct

import pytest

from mediarescue.isobmff import Box, BoxError, SizeForm, parse_boxes
from tests.unit.isobmff.builders import box, moov

UDTA = box(b"udta", box(b"name", b"x") + bytes(4))


def test_boxes_are_found_by_path() -> None:
    (tree,) = parse_boxes(moov())
    mdhd = tree.find(b"trak", b"mdia", b"mdhd")
    assert mdhd is not None
    assert tree.get(b"trak", b"mdia", b"mdhd") is mdhd
    assert tree.find(b"trak", b"none", b"mdhd") is None
    assert mdhd.find(b"below") is None
    assert len(tree.find_all(b"trak")) == 1
    with pytest.raises(BoxError, match=r"the moov/trak/none box is missing \(at byte 0\)"):
        tree.get(b"trak", b"none")


def test_leaves_and_containers_are_not_mixed_up() -> None:
    with pytest.raises(ValueError, match="is a leaf"):
        Box(b"free", b"x").replace(children=())
    with pytest.raises(ValueError, match="is a container"):
        Box(b"moov", children=()).replace(payload=b"x")


def test_replacing_leaves_the_original_alone() -> None:
    leaf = Box(b"free", b"old")
    assert leaf.replace(payload=b"newer").serialize() == box(b"free", b"newer")
    assert leaf.payload == b"old"
    assert leaf.replace() == leaf


def test_a_child_is_added_before_the_terminator() -> None:
    (udta,) = parse_boxes(UDTA)
    added = udta.with_child(Box(b"date", b"1"))
    assert added.serialize() == box(b"udta", box(b"name", b"x") + box(b"date", b"1") + bytes(4))
    assert udta.with_child(Box(b"name", b"yy")).serialize() == box(b"udta", box(b"name", b"yy") + bytes(4))


def test_where_it_was_read_is_not_part_of_what_it_is() -> None:
    assert parse_boxes(UDTA) == parse_boxes(UDTA, base_offset=99)


def test_a_box_beyond_32_bits_gets_a_64_bit_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Box, "body_size", property(lambda self: 0xFFFFFFFF))
    large = Box(b"free")
    assert large.header_size == 16
    assert large.size == 0xFFFFFFFF + 16
    assert large.serialize() == struct.pack(">I4sQ", 1, b"free", 0xFFFFFFFF + 16)


def test_a_form_of_size_is_kept_when_the_contents_change() -> None:
    (tree,) = parse_boxes(struct.pack(">I4sQ", 1, b"free", 17) + b"x")
    assert tree.replace(payload=b"yy").serialize() == struct.pack(">I4sQ", 1, b"free", 18) + b"yy"
    assert tree.size_form is SizeForm.LARGE
