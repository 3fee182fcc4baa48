"""Samples, held against libjpeg; and the blocks of a mask."""

from __future__ import annotations

import numpy as np
import pytest

from mediarescue.bitstream.jpeg import decode_planes, read_coefficients, touched_blocks
from tests.support.jpeg_writer import Odd, coefficients, write
from tests.support.jpegs import decoded, jpeg


@pytest.mark.parametrize("quality", [1, 10, 60, 95, 100])
@pytest.mark.parametrize("progressive", [False, True])
def test_planes_are_those_of_libjpeg(quality: int, *, progressive: bool) -> None:
    data = jpeg(100, 70, quality=quality, subsampling="4:4:4", progressive=progressive)
    planes = decode_planes(read_coefficients(data))
    np.testing.assert_array_equal(np.stack(planes, axis=2), decoded(data))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_four_colours_are_those_of_libjpeg(mode: str) -> None:
    data = jpeg(50, 33, mode=mode)
    planes = decode_planes(read_coefficients(data))
    expected = decoded(data)
    # what Adobe's programs write is inverted, which Pillow undoes
    np.testing.assert_array_equal(np.stack(planes, axis=-1), expected[..., None] if mode == "L" else 255 - expected)


def test_subsampled_planes_have_their_own_size() -> None:
    data = jpeg(83, 61, subsampling="4:2:0")
    planes = decode_planes(read_coefficients(data))
    assert [plane.shape for plane in planes] == [(61, 83), (31, 42), (31, 42)]
    np.testing.assert_array_equal(planes[0], decoded(data)[:, :, 0])


def test_twelve_bits_are_transformed_exactly() -> None:
    odd = Odd(precision=12, sampling=[(1, 1)])
    image = read_coefficients(write(odd, coefficients(odd, 5)))
    plane = decode_planes(image)[0]
    assert plane.dtype == np.uint16
    u, x = np.mgrid[0:8, 0:8]
    dct = 0.5 * np.cos((2 * x + 1) * u * np.pi / 16)
    dct[0] /= np.sqrt(2)
    blocks = (image.coefficients[0] * image.quantisation[0].astype(float)).reshape(
        *image.coefficients[0].shape[:2], 8, 8
    )
    true = (dct.T @ blocks @ dct).transpose(0, 2, 1, 3).reshape(8 * blocks.shape[0], -1) + 2048
    height, width = plane.shape
    # 13-bit cosines leave some per mille of the largest coefficients
    assert np.abs(plane - true.clip(0, 4095)[:height, :width]).max() < 0.002 * np.abs(blocks).sum((2, 3)).max() + 1


def test_a_mask_touches_the_blocks_under_its_pixels() -> None:
    image = read_coefficients(jpeg(83, 61, subsampling="4:2:0"))
    mask = np.zeros((61, 83), bool)
    mask[60, 82] = mask[7, 16] = True
    luma, chroma = touched_blocks(image, 0, mask), touched_blocks(image, 1, mask)
    assert luma.shape == image.coefficients[0].shape[:2]
    assert np.argwhere(luma).tolist() == [[0, 2], [7, 10]]
    assert np.argwhere(chroma).tolist() == [[0, 1], [3, 5]]
    with pytest.raises(ValueError, match="the mask has shape"):
        touched_blocks(image, 0, mask[1:])
