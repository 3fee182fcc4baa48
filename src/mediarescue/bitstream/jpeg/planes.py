"""Samples of the components at their own resolution, and the blocks that pixels belong to."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg.decode import JpegImage


@cache
def _kernels() -> ModuleType:
    from mediarescue.bitstream.jpeg import _dct_kernels

    return _dct_kernels


def decode_planes(image: JpegImage) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], ...]:
    """Return the samples of every component.

    Returns
    -------
    tuple of uint8 or uint16 array, shape (component.height, component.width)
        At the component's own resolution, nothing upsampled and no colour converted; uint16 for 12 bits. They are
        equal to what libjpeg's accurate integer method gives. Each is a view that leaves out what fills up the MCUs.
    """
    return tuple(decode_plane(image, place) for place in range(len(image.frame.components)))


def decode_plane(image: JpegImage, place: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the samples of one component, see `decode_planes`."""
    component = image.frame.components[place]
    rows, cols = component.block_rows, component.block_cols
    small = image.frame.precision == 8
    narrow = np.empty(rows * cols * 64 if small else 0, np.uint8)
    wide = np.empty(0 if small else rows * cols * 64, np.uint16)
    _kernels().samples(
        *(image.coefficients[place].reshape(-1), rows, cols, image.quantisation[place].astype(np.int64)),
        *(image.frame.precision, np.empty(64, np.int64), narrow, wide),
    )
    plane = (narrow if small else wide).reshape(rows * 8, cols * 8)
    return plane[: component.height, : component.width]


def touched_blocks(image: JpegImage, place: int, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which blocks of a component hold samples of the pixels in a mask.

    Parameters
    ----------
    image : JpegImage
    place : int
        Of the component in the frame.
    mask : bool array, shape (height, width)
        In pixels of the image.

    Returns
    -------
    bool array, shape (block_rows, block_cols)

    Notes
    -----
    Decoders smooth between chroma samples: colours up to one sample outside of the blocks may change too.
    """
    frame, component = image.frame, image.frame.components[place]
    if mask.shape != (frame.height, frame.width):
        raise ValueError(f"the mask has shape {mask.shape}, the image {(frame.height, frame.width)}")
    touched = np.zeros((component.block_rows, component.block_cols), np.bool_)
    block_of_row = np.arange(frame.height) * component.v // frame.v_most // 8
    block_of_col = np.arange(frame.width) * component.h // frame.h_most // 8
    first_rows = np.flatnonzero(np.diff(block_of_row, prepend=-1))
    first_cols = np.flatnonzero(np.diff(block_of_col, prepend=-1))
    some = np.logical_or.reduceat(np.logical_or.reduceat(mask, first_rows, axis=0), first_cols, axis=1)
    touched[: some.shape[0], : some.shape[1]] = some
    return touched
