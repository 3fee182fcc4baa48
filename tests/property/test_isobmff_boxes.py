"""The tree of boxes: whatever is read is written again byte for byte."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from mediarescue.isobmff import BoxError, Leniency, parse_boxes, serialize_boxes
from tests.unit.isobmff.builders import box, moov

_LEAVES = [b"free", b"mdhd", b"uuid", b"stsz", b"\xa9xyz", b"avcC", b"mp4a", b"avc1", b"esds"]
_CONTAINERS = [b"moov", b"trak", b"udta", b"meta", b"stsd", b"wave", b"sinf", b"mdia"]


def _with_form(kind: bytes, payload: bytes, form: int) -> bytes:
    if form == 1:
        return struct.pack(">I4sQ", 1, kind, 16 + len(payload)) + payload
    return box(kind, payload)


_LEAF = st.builds(_with_form, st.sampled_from(_LEAVES), st.binary(max_size=90), st.integers(0, 1))
_TREE = st.recursive(
    _LEAF,
    lambda inner: st.builds(
        lambda kind, head, children, tail, form: _with_form(kind, head + b"".join(children) + tail, form),
        st.sampled_from(_CONTAINERS),
        st.sampled_from([b"", bytes(4), bytes(8), b"\0\0\0\0\0\0\0\1"]),
        st.lists(inner, max_size=4),
        st.sampled_from([b"", bytes(4), bytes(8), b"abc"]),
        st.integers(0, 1),
    ),
    max_leaves=12,
)


@given(st.lists(_TREE, max_size=4))
def test_trees_of_boxes_are_written_as_they_were_read(parts: list[bytes]) -> None:
    data = b"".join(parts)
    assert serialize_boxes(parse_boxes(data, leniency=Leniency.PERMISSIVE)) == data
    try:
        tree = parse_boxes(data)
    except BoxError:
        return
    assert serialize_boxes(tree) == data
    assert sum(node.size for node in tree) == len(data)


@given(st.binary(max_size=300))
def test_random_bytes_are_written_as_they_were_read(data: bytes) -> None:
    assert serialize_boxes(parse_boxes(data, leniency=Leniency.PERMISSIVE)) == data


@given(st.data())
def test_a_movie_with_flipped_bytes_is_written_as_it_was_read(data: st.DataObject) -> None:
    raw = bytearray(moov(tail=box(b"udta", box(b"name", b"x") + bytes(4))))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert serialize_boxes(parse_boxes(bytes(raw), leniency=Leniency.PERMISSIVE)) == bytes(raw)
