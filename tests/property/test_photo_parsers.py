from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.errors import InputError
from mediarescue.isobmff import BoxError
from mediarescue.isobmff.iloc import read_locations
from mediarescue.isobmff.items import read_items
from mediarescue.media.orientation import stored, to_stored, to_upright, upright
from mediarescue.media.still_metadata import exif_facts
from mediarescue.media.stills.ifd import IfdError, IfdReader, bytes_reader
from mediarescue.media.stills.png_chunks import SIGNATURE, read_chunks
from mediarescue.media.stills.tiff_codecs import LOSSLESS, StripError, pack, unpack
from tests.support.heif import HeifSpec, build_heif
from tests.support.photos import exif

EXIF = exif()
HEIF = build_heif(np.zeros((64, 64, 3), np.uint8), HeifSpec(exif=EXIF))

damages = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6)


def damaged(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    broken = bytearray(data)
    for at, value in changes:
        broken[at % len(broken)] = value
    return bytes(broken)


@given(st.one_of(st.binary(max_size=200), damages.map(lambda changes: damaged(EXIF, changes))))
def test_whatever_stands_in_exif_the_facts_are_some(data: bytes) -> None:
    assert 1 <= exif_facts(data).orientation <= 8
    try:
        directories = list(IfdReader(bytes_reader(data)).directories())
    except IfdError:
        return
    assert all(ifd.offset < len(data) for ifd in directories)


@given(damages)
def test_a_damaged_list_of_items_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    try:
        file = read_items(damaged(HEIF, changes))
    except BoxError:
        return
    for item in file.items.values():
        try:
            assert len(file.content(item)) == sum(size for _, size in item.location.extents())
        except BoxError:
            continue
        list(file.properties_of(item))


@given(st.binary(max_size=80))
def test_any_bytes_are_places_of_items_or_none(payload: bytes) -> None:
    try:
        places = read_locations(payload)
    except BoxError:
        return
    for place in places:
        data = bytearray(payload)
        shifts = [7] * len(place.offsets)
        if place.shift(data, shifts) and place.offsets:
            again = next(p for p in read_locations(bytes(data)) if p.base.pos == place.base.pos)
            assert [at for at, _ in again.extents()] == [at + 7 for at, _ in place.extents()]


@given(
    st.integers(0, 2), st.sampled_from([0, 1, 2, 4, 8]), st.sampled_from([0, 1, 4]), st.integers(0, 1),
    st.lists(st.sampled_from([0, 1, 2, 3, 300, 65535]), max_size=40), st.integers(0, 600),
)  # fmt: skip
def test_there_are_no_more_places_than_bytes(
    version: int, offset: int, size: int, index: int, counts: list[int], room: int
) -> None:
    wide = 2 if version < 2 else 4
    payload = struct.pack(">BxxxBB", version, offset << 4 | size, index) + len(counts).to_bytes(wide, "big")
    for number, count in enumerate(counts):
        payload += number.to_bytes(wide, "big") + bytes(2 if version else 0) + bytes(2) + struct.pack(">H", count)
        payload += bytes(min(room, count * (offset + size + (index if version else 0))))
    try:
        places = read_locations(payload)
    except BoxError:
        return
    assert sum(len(place.offsets) for place in places) <= len(payload)


def test_a_few_bytes_do_not_announce_millions_of_places() -> None:
    item = struct.pack(">HHH", 1, 0, 65535)
    with pytest.raises(BoxError, match="65535 parts"):
        read_locations(struct.pack(">IHH", 0, 0, 1) + item)
    one_byte_each = struct.pack(">IHH", 0, 0x1000, 2) + 2 * (item + bytes(65535))
    with pytest.raises(BoxError, match="65535 parts"):
        read_locations(one_byte_each)


def test_items_that_are_the_whole_file_many_times_are_refused() -> None:
    file = read_items(HEIF)
    bomb = bytearray(HEIF)
    for item in file.items.values():
        for number in item.location.sizes:
            number.write(bomb, 12 * len(HEIF), file.iloc)
    with pytest.raises(BoxError, match="larger than the file"):
        read_items(bytes(bomb))


@given(st.binary(max_size=120))
def test_any_bytes_are_chunks_or_refused(data: bytes) -> None:
    try:
        chunks = read_chunks(SIGNATURE + data, "photo.png")
    except InputError:
        return
    assert chunks[-1].kind == b"IEND"


@given(st.sampled_from(sorted(LOSSLESS)), st.integers(1, 9), st.integers(1, 40), st.data())
def test_strips_come_back_as_they_were(compression: int, rows: int, row_size: int, data: st.DataObject) -> None:
    raw = data.draw(st.binary(min_size=rows * row_size, max_size=rows * row_size))
    packed = pack(raw, compression, rows, row_size)
    assert unpack(packed, compression, rows, row_size) == raw


@given(st.binary(max_size=60))
def test_a_damaged_strip_is_refused_or_whole(data: bytes) -> None:
    for compression in (1, 5, 8, 32773):
        try:
            assert len(unpack(data, compression, 3, 5)) == 15
        except StripError:
            continue


@given(st.integers(1, 8), st.integers(1, 9), st.integers(1, 9), st.data())
def test_turning_there_and_back_changes_nothing(orientation: int, width: int, height: int, data: st.DataObject) -> None:
    plane = np.arange(width * height).reshape(height, width)
    assert np.array_equal(stored(upright(plane, orientation), orientation), plane)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    assert to_stored(*to_upright(x, y, orientation, width, height), orientation, width, height) == (x, y)
