from __future__ import annotations

import struct

from mediarescue.isobmff import FourCC, read_header


def test_a_32_bit_size() -> None:
    header = read_header(b"xx" + struct.pack(">I4s", 20, b"free"), 2)
    assert header is not None
    assert (header.kind, header.offset, header.size, header.header_size, header.declared_size) == (
        b"free",
        2,
        20,
        8,
        20,
    )
    assert (header.end, header.payload_offset, header.payload_size) == (22, 10, 12)


def test_a_64_bit_size() -> None:
    header = read_header(struct.pack(">I4sQ", 1, b"mdat", 90 << 30), 0)
    assert header is not None
    assert (header.size, header.header_size, header.declared_size) == (90 << 30, 16, 90 << 30)


def test_size_0_extends_to_the_limit() -> None:
    header = read_header(struct.pack(">I4s", 0, b"mdat"), 0, limit=1000)
    assert header is not None
    assert (header.size, header.declared_size, header.to_end) == (1000, 0, True)


def test_a_64_bit_size_of_0_extends_to_the_limit() -> None:
    header = read_header(struct.pack(">I4sQ", 1, b"mdat", 0), 0, limit=1000)
    assert header is not None
    assert (header.size, header.header_size, header.declared_size) == (1000, 16, 0)


def test_a_uuid_box_has_a_user_type() -> None:
    header = read_header(struct.pack(">I4s", 30, b"uuid") + bytes(range(16)), 0)
    assert header is not None
    assert (header.header_size, header.user_type) == (24, bytes(range(16)))


def test_no_header_where_it_is_cut_off_or_too_small() -> None:
    assert read_header(b"\0\0\0\x08fre", 0) is None
    assert read_header(struct.pack(">I4s", 7, b"free"), 0) is None
    assert read_header(struct.pack(">I4sI", 1, b"mdat", 0), 0) is None
    assert read_header(struct.pack(">I4sQ", 1, b"mdat", 15), 0) is None
    assert read_header(struct.pack(">I4s", 24, b"uuid") + bytes(15), 0) is None
    assert read_header(struct.pack(">I4s", 23, b"uuid") + bytes(16), 0) is None


def test_four_characters_show_as_latin_1() -> None:
    assert str(FourCC(b"\xa9xyz")) == "©xyz"
    assert FourCC(b"moov") == b"moov"
    assert {b"moov": 1}[FourCC(b"moov")] == 1
