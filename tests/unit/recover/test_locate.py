from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.locate import MediaLocation, locate_media
from tests.support.boxes import box

FTYP = box(b"ftyp", b"mp42\0\0\0\0mp42")
MEDIA = bytes(range(1, 201))


def located(folder: Path, data: bytes) -> MediaLocation:
    (folder / "file").write_bytes(data)
    with ByteSource.open(folder / "file") as source:
        return locate_media(source)


def mdat(size: int) -> bytes:
    return struct.pack(">I4s", size, b"mdat")


@pytest.mark.parametrize("size", [0, 0x3F3F3F3F, 8, 60, 208, 209, 5000, 0xFFFFFFFF])
def test_without_anything_behind_it_the_media_goes_to_the_end(tmp_path: Path, size: int) -> None:
    found = located(tmp_path, FTYP + mdat(size) + MEDIA)
    assert found == MediaLocation(len(FTYP) + 8, len(FTYP) + 208, len(FTYP), FTYP)


@pytest.mark.parametrize("size", [0, 1 << 40, 216, 16, 0x3F3F3F3F3F3F3F3F])
def test_a_64_bit_header_is_16_bytes(tmp_path: Path, size: int) -> None:
    found = located(tmp_path, FTYP + mdat(1) + struct.pack(">Q", size) + MEDIA)
    assert (found.start, found.end) == (len(FTYP) + 16, len(FTYP) + 216)


@pytest.mark.parametrize("between", [box(b"wide"), box(b"free", bytes(100)), box(b"uuid", bytes(40)), box(b"skip")])
def test_boxes_in_front_are_stepped_over(tmp_path: Path, between: bytes) -> None:
    found = located(tmp_path, FTYP + between + mdat(0) + MEDIA)
    assert found.start == len(FTYP) + len(between) + 8
    assert found.file_type == FTYP


def test_a_true_size_with_boxes_behind_it_is_believed(tmp_path: Path) -> None:
    found = located(tmp_path, FTYP + mdat(208) + MEDIA + box(b"free", bytes(9)) + box(b"udta"))
    assert (found.start, found.end) == (len(FTYP) + 8, len(FTYP) + 208)


def test_a_moov_cut_off_behind_the_media_does_not_shorten_it(tmp_path: Path) -> None:
    data = FTYP + mdat(208) + MEDIA + box(b"moov", bytes(100))[:50]
    assert located(tmp_path, data).end in (len(FTYP) + 208, len(data))


def test_an_early_size_with_media_behind_it_is_not_believed(tmp_path: Path) -> None:
    data = FTYP + mdat(58) + MEDIA
    assert located(tmp_path, data).end == len(data)


def test_a_second_mdat_belongs_to_the_search(tmp_path: Path) -> None:
    data = FTYP + mdat(208) + MEDIA + mdat(208) + MEDIA
    assert (located(tmp_path, data).start, located(tmp_path, data).end) == (len(FTYP) + 8, len(data))


def test_a_file_without_ftyp_has_none(tmp_path: Path) -> None:
    found = located(tmp_path, box(b"wide") + mdat(0) + MEDIA)
    assert found.file_type == b""
    assert found.start == 16


def test_an_mdat_behind_a_damaged_box_is_found(tmp_path: Path) -> None:
    data = FTYP + b"\xff\xff\xff\xf0free" + b"?" * 40 + mdat(0) + MEDIA
    found = located(tmp_path, data)
    assert found.start == len(data) - len(MEDIA)
    assert found.mdat_offset == found.start - 8


@pytest.mark.parametrize("size", [0, 1, 8, 12, 18, 25, 32, 100, 4100, 100_000, 1 << 31])
def test_an_ftyp_of_a_damaged_size_is_not_taken_over_with_the_media_in_it(tmp_path: Path, size: int) -> None:
    media = bytes(range(128, 256)) * 1000
    found = located(tmp_path, struct.pack(">I", size) + FTYP[4:] + mdat(0) + media)
    assert found == MediaLocation(len(FTYP) + 8, len(FTYP) + 8 + len(media), len(FTYP), b"")


@pytest.mark.parametrize("brands", [0, 1, 40])
def test_an_ftyp_of_any_number_of_brands_is_taken_over(tmp_path: Path, brands: int) -> None:
    ftyp = box(b"ftyp", b"qt  \0\0\0\0" + b"qt  " * brands)
    assert located(tmp_path, ftyp + box(b"beam", bytes(9)) + mdat(0) + MEDIA).file_type == ftyp


@pytest.mark.parametrize("data", [b"", b"x", b"plain text, nothing else\n" * 20])
def test_without_an_mdat_everything_is_media(tmp_path: Path, data: bytes) -> None:
    assert located(tmp_path, data) == MediaLocation(0, len(data), None, b"")
