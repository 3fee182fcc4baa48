"""Photos of many cameras: read and written to the bit, patched without a change beside the patch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mediarescue.bitstream.jpeg import (
    decode_planes,
    patch_jpeg,
    read_coefficients,
    touched_blocks,
    write_coefficients,
)
from tests.support.jpegs import decoded
from tests.support.shared import SHARED, shared_media

pytestmark = pytest.mark.shared

FILES = sorted(path for path in SHARED.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
SPOT = 13
"""Pixels across."""


@pytest.mark.parametrize("path", FILES or [SHARED / "photos_clean"], ids=lambda path: path.name)
def test_a_photo_is_patched_and_otherwise_stays_as_it_is(path: Path) -> None:
    shared_media(path.relative_to(SHARED).as_posix())
    if not path.is_file():
        pytest.skip("no media files")
    data = path.read_bytes()
    image = read_coefficients(data)
    assert write_coefficients(image, image.coefficients) == data
    assert write_coefficients(image, image.coefficients, recode=True) == data
    planes = decode_planes(image)
    before = decoded(data)
    np.testing.assert_array_equal(planes[0], before[:, :, 0])

    frame = image.frame
    rng = np.random.default_rng(0)
    mask = np.zeros((frame.height, frame.width), np.bool_)
    for row, col in zip(rng.integers(0, frame.height, 30), rng.integers(0, frame.width, 30), strict=True):
        mask[row : row + SPOT, col : col + SPOT] = True
    new = {}
    for place, component in enumerate(frame.components):
        small = mask[:: frame.v_most // component.v, :: frame.h_most // component.h]
        new[place] = np.where(small, np.mean(planes[place]).astype(np.uint8), planes[place])
    result = patch_jpeg(image, new)

    after = read_coefficients(result.data)
    near = np.zeros_like(mask)
    for place, component in enumerate(frame.components):
        touched = touched_blocks(image, place, mask)
        assert not ((after.coefficients[place] != image.coefficients[place]).any(axis=2) & ~touched).any()
        height, width = (8 * frame.v_most // component.v, 8 * frame.h_most // component.h)
        pixels = touched.repeat(height, axis=0).repeat(width, axis=1)
        near |= pixels[: frame.height, : frame.width]
    # decoders smooth colours over the border of a block
    for axis in (0, 1):
        near = np.logical_or.reduce([np.roll(near, shift, axis) for shift in range(-2, 3)])
    assert not ((decoded(result.data) != before).any(axis=2) & ~near).any()
    start, end = image.structure.scans[0].data_start, image.structure.end
    if result.rewritten_tables == 0 and b"MPF\0" not in data[:start]:
        assert result.data[:start] == data[:start]
    assert result.data[after.structure.end :] == data[end:]
