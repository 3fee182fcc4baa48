"""What lies behind the image is found where the file says it is."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from mediarescue.bitstream.jpeg import decode_planes, patch_jpeg, read_coefficients
from tests.support.jpegs import decoded, jpeg


def with_second_image(order: str) -> tuple[bytes, bytes]:
    """Return a file with a Multi-Picture index, and the second image in it."""
    first, second = jpeg(120, 90, quality=60), jpeg(16, 16)

    def number(value: int, size: int = 4) -> bytes:
        return struct.pack(order + {4: "I", 2: "H"}[size], value)

    def index(offset: int, size: int) -> bytes:
        entries = (
            number(0x030000) + number(size) + bytes(8) + bytes(4) + number(len(second)) + number(offset) + bytes(4)
        )
        fields = [(0xB000, 7, 4, b"0100"), (0xB001, 4, 1, number(2)), (0xB002, 7, len(entries), number(50))]
        directory = number(3, 2) + b"".join(number(t, 2) + number(k, 2) + number(n) + v for t, k, n, v in fields)
        payload = {"<": b"II*\0", ">": b"MM\0*"}[order] + number(8) + directory + bytes(4) + entries
        return b"\xff\xe2" + struct.pack(">H", 6 + len(payload)) + b"MPF\0" + payload

    at = first.index(b"\xff\xdb")
    size = len(first) + len(index(0, 0))
    return first[:at] + index(size - at - 8, size) + first[at:] + second, second


def second_by_index(data: bytes, order: str) -> bytes:
    base = data.index(b"MPF\0") + 4
    first_size, size, offset = (struct.unpack_from(order + "I", data, base + 50 + at)[0] for at in (4, 20, 24))
    assert data[first_size - 2 : first_size] == b"\xff\xd9"
    return data[base + offset : base + offset + size]


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_image_that_grows_moves_the_index_along(order: str) -> None:
    data, second = with_second_image(order)
    assert second_by_index(data, order) == second
    image = read_coefficients(data)
    plane = decode_planes(image)[0].copy()
    plane[20:60, 20:60] = np.random.default_rng(0).integers(0, 256, (40, 40))
    result = patch_jpeg(image, {0: plane})
    assert result.trailer_shift == len(result.data) - len(data) > 0
    assert second_by_index(result.data, order) == second


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_image_that_shrinks_is_filled_up(order: str) -> None:
    data, second = with_second_image(order)
    image = read_coefficients(data)
    plane = decode_planes(image)[0].copy()
    plane[16:64, 16:64] = 128
    result = patch_jpeg(image, {0: plane})
    assert len(result.data) == len(data)
    assert result.trailer_shift == 0
    start = image.structure.scans[0].data_start
    assert result.data[:start] == data[:start]
    assert second_by_index(result.data, order) == second
    assert decoded(result.data).shape == (90, 120, 3)
    assert (decode_planes(read_coefficients(result.data))[0] == decoded(result.data)[:, :, 0]).all()


def test_without_a_trailer_the_file_shrinks() -> None:
    image = read_coefficients(jpeg(120, 90))
    result = patch_jpeg(image, {0: np.full((90, 120), 128)})
    assert len(result.data) < len(image.data)


@pytest.mark.parametrize("payload", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"])
def test_an_index_that_is_not_sound_is_left_alone(payload: bytes) -> None:
    data = jpeg(120, 90, quality=60)
    at = data.index(b"\xff\xdb")
    segment = b"\xff\xe2" + struct.pack(">H", 6 + len(payload)) + b"MPF\0" + payload
    data = data[:at] + segment + data[at:] + b"tail"
    image = read_coefficients(data)
    result = patch_jpeg(image, {0: np.random.default_rng(0).integers(0, 256, (90, 120))})
    assert result.trailer_shift > 0
    assert result.data.endswith(b"tail")
    assert result.data[: at + len(segment)] == data[: at + len(segment)]
