"""New samples in a file: the rest of it stays as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg import (
    JpegImage,
    decode_planes,
    patch_jpeg,
    read_coefficients,
    touched_blocks,
    write_coefficients,
)
from tests.support.jpeg_writer import Odd, coefficients, write
from tests.support.jpegs import decoded, jpeg

KINDS: list[dict[str, Any]] = [
    {"subsampling": "4:4:4"},
    {"subsampling": "4:2:0"},
    {"subsampling": "4:2:2", "restart_marker_blocks": 2},
    {"optimize": True, "restart_marker_rows": 1},
    {"progressive": True},
    {"progressive": True, "restart_marker_blocks": 3},
    {"mode": "L"},
]


def healed(image: JpegImage, mask: NDArray[np.bool_]) -> dict[int, NDArray[Any]]:
    """Return planes with what lies under a mask replaced by grey."""
    planes = {}
    for place, plane in enumerate(decode_planes(image)):
        component, frame = image.frame.components[place], image.frame
        rows = np.arange(component.height) * frame.v_most // component.v
        cols = np.arange(component.width) * frame.h_most // component.h
        planes[place] = plane.copy()
        planes[place][mask[rows][:, cols]] = 128
    return planes


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_only_blocks_under_the_mask_change(options: dict[str, Any]) -> None:
    data = jpeg(100, 75, exif=b"Exif\0\0exif", icc_profile=b"profile", comment=b"said", **options)
    image = read_coefficients(data)
    mask = np.zeros((75, 100), bool)
    mask[20:31, 40:53] = mask[74, 99] = True
    result = patch_jpeg(data, healed(image, mask))
    after = read_coefficients(result.data)
    for place, (new, old) in enumerate(zip(after.coefficients, image.coefficients, strict=True)):
        differs = (new != old).any(axis=2)
        assert differs.any()
        assert not (differs & ~touched_blocks(image, place, mask)).any()
        assert result.changed_blocks[place] == differs.sum()
    near = np.zeros_like(mask)
    # an MCU of 16x16, and the two pixels by which colours are smoothed over its border
    near[14:50, 30:66] = near[62:, 94:] = True
    np.testing.assert_array_equal(decoded(result.data)[~near], decoded(data)[~near])
    if "optimize" not in options and "progressive" not in options:
        assert result.data[: image.structure.scans[0].data_start] == data[: image.structure.scans[0].data_start]


def test_nothing_changed_gives_the_file_itself() -> None:
    data = jpeg() + b"trailer"
    image = read_coefficients(data)
    result = patch_jpeg(image, dict(enumerate(decode_planes(image))))
    assert result.data == data
    assert result.changed_blocks == (0, 0, 0)


def test_changed_samples_come_out_as_wanted() -> None:
    image = read_coefficients(jpeg(64, 48, quality=100, subsampling="4:4:4"))
    planes = {place: plane.copy() for place, plane in enumerate(decode_planes(image))}
    for plane in planes.values():
        plane[10:20, 10:20] = np.arange(100).reshape(10, 10) + 60
    got = decode_planes(read_coefficients(patch_jpeg(image, planes).data))
    for place, plane in planes.items():
        assert np.abs(got[place].astype(int) - plane).max() <= 2


def test_samples_beyond_white_are_met_when_they_are_changed() -> None:
    """A block whose unclipped samples lie far beyond 255 has to become darker by all of that."""
    odd = Odd(size=(8, 8), sampling=[(1, 1)])
    blocks = [np.zeros((1, 1, 64), np.int16)]
    blocks[0][0, 0, 0] = 1023
    blocks[0][0, 0, 1] = 100
    image = read_coefficients(write(odd, blocks))
    wanted = np.full((8, 8), 200, np.uint8)
    got = decode_planes(read_coefficients(patch_jpeg(image, {0: wanted}).data))[0]
    assert np.abs(got.astype(int) - wanted).max() <= 1


def test_pixels_outside_of_the_mask_do_not_count() -> None:
    image = read_coefficients(jpeg(mode="L"))
    new = decode_planes(image)[0] // 2
    within = np.zeros(new.shape, bool)
    within[:8, :8] = True
    assert patch_jpeg(image, {0: new}, within={0: within}).changed_blocks == (1,)


def test_planes_of_floats_are_not_rounded() -> None:
    image = read_coefficients(jpeg(64, 64, mode="L", quality=100))
    plane = decode_planes(image)[0].astype(np.float32)
    plane[:8, :8] = 100.375
    block = read_coefficients(patch_jpeg(image, {0: plane}).data).coefficients[0][0, 0]
    assert block[0] == np.rint(8 * (100.375 - 128))
    assert not block[1:].any()


@pytest.mark.parametrize("shared", [False, True])
def test_colours_take_finer_tables_and_luma_stays(*, shared: bool) -> None:
    options: dict[str, Any] = {"qtables": [[9] * 64]} if shared else {}
    data = jpeg(100, 75, **options)
    image = read_coefficients(data)
    fine = np.full(64, 2, np.int32)
    result = patch_jpeg(image, {}, requantise={1: fine, 2: fine})
    after = read_coefficients(result.data)
    np.testing.assert_array_equal(after.coefficients[0], image.coefficients[0])
    np.testing.assert_array_equal(after.quantisation[0], image.quantisation[0])
    assert after.quantisation[1].tolist() == after.quantisation[2].tolist() == [2] * 64
    np.testing.assert_array_equal(decoded(result.data)[:, :, 0], decoded(data)[:, :, 0])
    for new, old in zip(decode_planes(after)[1:], decode_planes(image)[1:], strict=True):
        assert np.abs(new.astype(int) - old).max() <= 4
    assert len(after.structure.segments) == len(image.structure.segments) + shared


def test_each_colour_may_have_a_table_of_its_own() -> None:
    image = read_coefficients(jpeg(qtables=[[9] * 64], progressive=True))
    tables = {place: np.arange(64, dtype=np.int32) + 1 + place for place in (0, 2)}
    after = read_coefficients(patch_jpeg(image, {}, requantise=tables).data)
    assert [table.tolist() for table in after.quantisation] == [tables[0].tolist(), [9] * 64, tables[2].tolist()]


def test_shapes_and_values_are_checked() -> None:
    image = read_coefficients(jpeg())
    luma = decode_planes(image)[0]
    with pytest.raises(ValueError, match="has shape"):
        patch_jpeg(image, {1: luma})
    with pytest.raises(ValueError, match="has shape"):
        patch_jpeg(image, {0: luma}, within={0: np.ones((2, 2), bool)})
    for value in (0, 256):
        with pytest.raises(ValueError, match="1 to 255"):
            patch_jpeg(image, {}, requantise={0: np.full(64, value)})
    wanted = [c.copy() for c in image.coefficients]
    with pytest.raises(ValueError, match="shapes"):
        write_coefficients(image, wanted[:2])
    wanted[0][0, 0, 5] = 1024
    with pytest.raises(ValueError, match="too large"):
        write_coefficients(image, wanted)


def test_blocks_that_no_scan_holds_cannot_change() -> None:
    odd = Odd(size=(20, 20), scans=[[0], [1], [2]])
    image = read_coefficients(write(odd, coefficients(odd, 0)))
    wanted = [c.copy() for c in image.coefficients]
    wanted[0][3, 3, 0] = 7
    with pytest.raises(ValueError, match="no pixel"):
        write_coefficients(image, wanted)


def test_progressive_files_without_the_last_scans_take_what_they_can() -> None:
    whole = jpeg(64, 64, mode="L", progressive=True)
    image = read_coefficients(whole)
    last = image.structure.scans[-1]
    start = max(segment.start for segment in image.structure.segments if segment.stop == last.data_start)
    coarse = read_coefficients(whole[:start] + b"\xff\xd9")
    plane = decode_planes(coarse)[0].copy()
    plane[3:20, 3:20] = 128
    after = read_coefficients(patch_jpeg(coarse, {0: plane}).data)
    assert (after.coefficients[0][:, :, 1:] % 2 == 0).all()
    assert (after.coefficients[0] != coarse.coefficients[0]).any()
    wanted = [coarse.coefficients[0].copy()]
    wanted[0][0, 0, 1] += 1
    with pytest.raises(ValueError, match="do not send"):
        write_coefficients(coarse, wanted)


def test_a_zero_padding_bit_stays() -> None:
    odd = Odd(padding=0, interval=1, sampling=[(1, 1)])
    before = coefficients(odd, 1)
    after = [before[0].copy()]
    after[0][0, 0] = before[0][1, 1]
    image = read_coefficients(write(odd, before))
    assert write_coefficients(image, after)[:-40] == write(odd, after)[:-40]
