"""What the segments say, and files that are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mediarescue.bitstream.jpeg import JpegError, UnsupportedJpegError, decode_planes, read_coefficients
from tests.support.jpeg_writer import Odd, coefficients, write
from tests.support.jpegs import decoded, jpeg


def with_frame_marker(data: bytes, marker: int) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[: at + 1] + bytes([marker]) + data[at + 2 :]


@pytest.mark.parametrize(
    ("marker", "kind"),
    [(0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic-coded"), (0xCA, "arithmetic"), (0xF7, "JPEG-LS")],
)
def test_other_codings_are_named(marker: int, kind: str) -> None:
    data = jpeg()
    with pytest.raises(UnsupportedJpegError, match=f"{kind}.* is not supported") as caught:
        read_coefficients(with_frame_marker(data, marker))
    assert caught.value.offset == data.index(b"\xff\xc0")


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\x89PNG\r\n", bytes(100)])
def test_what_is_no_jpeg_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(JpegError, match="no JPEG file"):
        read_coefficients(data)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
def test_a_cut_file_is_refused_wherever_it_ends(options: dict[str, Any]) -> None:
    data = jpeg(**options)
    for size in range(2, len(data) - 2, 7):
        with pytest.raises(JpegError) as caught:
            read_coefficients(data[:size])
        assert 0 <= caught.value.offset <= size


@pytest.mark.parametrize("options", [{"mode": "L"}, {"mode": "L", "restart_marker_rows": 1}])
def test_a_cut_file_says_how_much_of_it_is_there(options: dict[str, Any]) -> None:
    data = jpeg(200, 200, **options)
    start = read_coefficients(data).structure.scans[0].data_start
    with pytest.raises(JpegError) as caught:
        read_coefficients(data[: start + (len(data) - start) // 2])
    assert caught.value.share is not None
    assert 0.3 < caught.value.share < 0.7


def test_a_restart_marker_out_of_turn_is_refused() -> None:
    data = bytearray(jpeg(restart_marker_blocks=2))
    at = data.index(b"\xff\xd1")
    data[at + 1] = 0xD2
    with pytest.raises(JpegError, match="out of order") as caught:
        read_coefficients(bytes(data))
    assert caught.value.offset == at


@pytest.mark.parametrize("bits", [0x00, 0x05, 0x20])
def test_scans_that_do_not_follow_each_other_are_refused(bits: int) -> None:
    """Of the first scan of Cr's AC coefficients, whose bit 0 a later scan sends."""
    data = bytearray(jpeg(progressive=True))
    image = read_coefficients(bytes(data))
    scan = next(scan for scan in image.structure.scans if scan.components == (2,) and scan.low == 1)
    data[scan.data_start - 1] = bits
    with pytest.raises(JpegError, match=r"do not follow each other|is damaged"):
        read_coefficients(bytes(data))


def test_a_huge_size_with_little_data_takes_no_memory() -> None:
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(JpegError, match="end too early"):
        read_coefficients(bytes(data))


def test_lines_may_be_told_after_the_first_scan() -> None:
    odd = Odd(lines_late=True, scans=[[0], [1], [2]])
    assert read_coefficients(write(odd, coefficients(odd, 3))).frame.height == odd.size[1]


def test_usual_tables_may_be_left_out() -> None:
    data = jpeg()
    bare = re.sub(rb"\xff\xc4\x00(.)", lambda found: b"\xff\xfe\x00" + found[1], data, flags=re.S)
    assert bare.count(b"\xff\xc4") < data.count(b"\xff\xc4")
    segments = bare.index(b"\xff\xfe")
    assert segments < bare.index(b"\xff\xda")
    got, expected = read_coefficients(bare), read_coefficients(data)
    assert (got.flat == expected.flat).all()


@pytest.mark.parametrize(
    ("options", "color"),
    [({"mode": "L"}, "gray"), ({}, "YCbCr"), ({"mode": "CMYK"}, "CMYK"), ({"keep_rgb": True}, "RGB")],
)
def test_components_are_told(options: dict[str, Any], color: str) -> None:
    assert read_coefficients(jpeg(**options)).structure.color == color


def test_everything_behind_the_image_is_a_trailer() -> None:
    data = jpeg()
    assert read_coefficients(data + data + b"tail").structure.end == len(data)
    # without EOI another image may still follow
    assert read_coefficients(data[:-2] + data).structure.end == len(data) - 2
    assert (decode_planes(read_coefficients(data[:-2]))[0] == decoded(data)[:, :, 0]).all()
