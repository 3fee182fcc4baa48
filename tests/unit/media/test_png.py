from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mediarescue import open_photo, process_photo
from mediarescue.errors import InputError
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoPlanes
from tests.support.jpegs import picture
from tests.support.photos import png, png_chunk


def brighter(planes: PhotoPlanes) -> list[Plane]:
    changed = [plane.copy() for plane in planes.planes]
    changed[0][2, 3] = 201
    return changed


def saved(image: Image.Image, **options: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, "PNG", **options)
    return made.getvalue()


def with_chunk(data: bytes, kind: bytes, content: bytes, before: bytes = b"IDAT") -> bytes:
    at = data.index(before) - 4
    return data[:at] + png_chunk(kind, content) + data[at:]


def run(tmp_path: Path, data: bytes) -> tuple[Any, Path, Path]:
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    source.write_bytes(data)
    return process_photo(source, target, filter=brighter), source, target


def rgba(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("transparent", [False, True])
def test_a_palette_becomes_true_colours_to_hold_a_new_one(tmp_path: Path, transparent: bool) -> None:
    data = saved(picture(40, 30).quantize(13), **({"transparency": b"\0\x80\xff"} if transparent else {}))
    data = with_chunk(with_chunk(data, b"bKGD", b"\2"), b"sBIT", b"\5\6\5")
    report, source, target = run(tmp_path, data)
    assert "palette became RGB" in report.notes[0]
    was, now = rgba(source), rgba(target)
    differs = (was != now).any(axis=2)
    assert differs.sum() == 1
    assert now[2, 3, 0] == 201
    with Image.open(target) as image:
        assert image.mode == ("RGBA" if transparent else "RGB")
    made = target.read_bytes()
    assert b"PLTE" not in made
    assert b"tRNS" not in made
    colors = data[data.index(b"PLTE") + 4 :]
    assert png_chunk(b"bKGD", struct.pack(">3H", *colors[6:9])) in made
    assert png_chunk(b"sBIT", b"\5\6\5" + (b"\x08" if transparent else b"")) in made


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_grey_of_few_bits_becomes_grey_of_eight(tmp_path: Path, depth: int) -> None:
    values = np.arange(64).reshape(8, 8) % (1 << depth)
    bits = (values[:, :, None] >> np.arange(depth)[::-1] & 1).reshape(8, -1).astype(np.uint8)
    lines = b"".join(b"\0" + np.packbits(line).tobytes() for line in bits)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, depth, 0, 0, 0, 0))
        + png_chunk(b"tRNS", b"\0\1")
        + png_chunk(b"IDAT", zlib.compress(lines))
        + png_chunk(b"IEND", b"")
    )
    report, source, target = run(tmp_path, data)
    assert "became grey of 8 bits" in report.notes[0]
    wanted = (values * 255 // ((1 << depth) - 1)).astype(np.uint8)
    with open_photo(source) as photo:
        assert np.array_equal(photo.planes.planes[0], wanted)
    wanted[2, 3] = 201
    if values[2, 3] == 1:  # transparent by tRNS: what nobody sees stays
        wanted[2, 3] = 255 // ((1 << depth) - 1)
    with open_photo(target) as photo:
        assert np.array_equal(photo.planes.planes[0], wanted)
    transparent = rgba(target)[:, :, 3] == 0
    assert np.array_equal(transparent, values == 1)


@pytest.mark.parametrize("deep", [False, True])
def test_a_colour_that_stands_for_transparent_stays_the_privilege_of_its_pixels(tmp_path: Path, deep: bool) -> None:
    samples = np.zeros((6, 8, 3), np.uint16 if deep else np.uint8)
    samples[:] = (9, 20, 30)
    samples[2, 3] = (10, 20, 30)  # will become the key
    samples[1, 1] = (201, 20, 30)  # is the key
    key = (201, 20, 30) if deep else (0xFE00 | 201, 20, 30)  # bits above the depth count for nothing
    data = png(samples, 2, extra=png_chunk(b"tRNS", struct.pack(">3H", *key)))
    _, _, target = run(tmp_path, data)
    with open_photo(target) as photo:
        red, _, blue = photo.planes.planes
    assert (red[1, 1], blue[1, 1]) == (201, 30)
    assert (red[2, 3], blue[2, 3]) == (201, 29)


def test_what_stands_behind_the_end_is_kept(tmp_path: Path) -> None:
    _, _, target = run(tmp_path, saved(picture(40, 30)) + b"something hidden")
    assert target.read_bytes().endswith(b"IEND\xaeB`\x82something hidden")


def test_an_animation_is_refused(tmp_path: Path) -> None:
    data = saved(picture(40, 30), save_all=True, append_images=[picture(40, 30, 1)])
    with pytest.raises(InputError, match="animation"):
        run(tmp_path, data)


def test_a_cut_file_says_how_much_is_there(tmp_path: Path) -> None:
    data = saved(picture(400, 300))
    with pytest.raises(InputError, match=r"cut short: about (4\d|5\d) % of its picture"):
        run(tmp_path, data[: len(data) // 2])


def test_a_picture_with_too_little_in_it_is_refused(tmp_path: Path) -> None:
    data = png(np.zeros((30, 40, 3), np.uint8), 2)
    half = zlib.compress(bytes(15 * 121))
    start, end = data.index(b"IDAT") - 4, data.index(b"tEXt") - 4
    with pytest.raises(InputError, match="about 50 %"):
        run(tmp_path, data[:start] + png_chunk(b"IDAT", half) + data[end:])


def test_damage_in_the_picture_is_told_by_its_checksum(tmp_path: Path) -> None:
    data = bytearray(saved(picture(40, 30)))
    data[data.index(b"IDAT") + 100] ^= 4
    with pytest.raises(InputError, match=r"IDAT chunk at byte .* does not fit its checksum"):
        run(tmp_path, bytes(data))


def test_a_header_that_promises_too_much_costs_no_memory(tmp_path: Path) -> None:
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1 << 30, 1 << 30, 8, 2, 0, 0, 0))
    data += png_chunk(b"IDAT", zlib.compress(bytes(10))) + png_chunk(b"IEND", b"")
    with pytest.raises(InputError, match="megapixels"):
        run(tmp_path, data)
