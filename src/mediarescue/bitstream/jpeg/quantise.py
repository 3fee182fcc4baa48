"""New samples to coefficients: only what they change is transformed, so the rest of a block stays exact."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg.decode import JpegImage

_CHUNK = 4096
"""Blocks worked on at once."""


def _cosines() -> NDArray[np.float64]:
    """Return the matrix of the eight-point DCT (T.81 A.3.3)."""
    u, x = np.mgrid[0:8, 0:8]
    matrix: NDArray[np.float64] = 0.5 * np.cos((2 * x + 1) * u * np.pi / 16)
    matrix[0] /= np.sqrt(2)
    return matrix


_DCT = _cosines()


def changed_samples(new: NDArray[Any], old: NDArray[Any], within: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return where two planes differ, filled up with False to whole blocks."""
    height, width = old.shape
    changed = np.zeros((-(-height // 8) * 8, -(-width // 8) * 8), np.bool_)
    np.not_equal(new, old, out=changed[:height, :width])
    if within is not None:
        changed[:height, :width] &= within
    return changed


def blocks_of(changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which 8x8 blocks of a mask hold a True."""
    rows, cols = changed.shape[0] // 8, changed.shape[1] // 8
    any_of_eight: NDArray[np.bool_] = (changed.view(np.uint64).reshape(rows, 8, cols) != 0).any(axis=1)
    return any_of_eight


def requantised(
    image: JpegImage,
    place: int,
    new: NDArray[Any],
    changed: NDArray[np.bool_],
    blocks: NDArray[np.intp],
    table: NDArray[np.int32],
) -> NDArray[np.int16]:
    """Return the coefficients of some blocks of a component with the samples of a new plane.

    Parameters
    ----------
    image : JpegImage
    place : int
        Of the component in the frame.
    new : array, shape (height, width)
        Samples of the component; of any number type.
    changed : bool array
        Which of them count, see `changed_samples`.
    blocks : intp array, shape (n, 2)
        Rows and columns of the blocks.
    table : int32 array, shape (64,)
        What to quantise with, in row-major order.

    Returns
    -------
    int16 array, shape (n, 64)

    Notes
    -----
    The transform being linear, a coefficient that a change does not reach comes out as it was, which it would not from
    samples that were rounded and clipped. Changed samples are held against the unrounded ones of the file, so they are
    met also where those lay beyond black or white. At the border of the plane the change is continued outwards.
    """
    component, precision = image.frame.components[place], image.frame.precision
    old_table = image.quantisation[place]
    same = np.array_equal(table, old_table)
    least, most = _limits(precision)
    out = np.empty((len(blocks), 64), np.int16)
    inside = np.arange(8)
    for first in range(0, len(blocks), _CHUNK):
        rows, cols = blocks[first : first + _CHUNK].T[:, :, None]
        # places within the block, those beyond the border of the plane being the last ones before it
        y = np.minimum(inside, component.height - 1 - 8 * rows)
        x = np.minimum(inside, component.width - 1 - 8 * cols)
        at_y, at_x = (8 * rows + y)[:, :, None], (8 * cols + x)[:, None, :]
        source = image.coefficients[place][rows[:, 0], cols[:, 0]].astype(np.float64) * old_table
        shown = _DCT.T @ source.reshape(-1, 8, 8) @ _DCT + (1 << (precision - 1))
        shown = shown[np.arange(len(rows))[:, None, None], y[:, :, None], x[:, None, :]]
        difference = np.where(changed[at_y, at_x], new[at_y, at_x] - shown, 0.0)
        wanted = source + (_DCT @ difference @ _DCT.T).reshape(-1, 64)
        quantised = np.rint(wanted / table)
        # what an unusual file holds beyond its precision may stay
        kept = source / table if same else np.zeros(1)
        out[first : first + _CHUNK] = np.clip(quantised, np.minimum(least, kept), np.maximum(most, kept))
    return out


def rescaled(
    coefficients: NDArray[np.int16], old: NDArray[np.int32], new: NDArray[np.int32], precision: int
) -> NDArray[np.int16]:
    """Return all blocks of a component quantised with another table, shape as that of ``coefficients``."""
    out = np.empty_like(coefficients)
    least, most = _limits(precision)
    for row, blocks in enumerate(coefficients):
        out[row] = np.clip(np.rint(blocks * (old / new)), least, most)
    return out


def _limits(precision: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and greatest quantised coefficients of a block (T.81 F.1.2.1, F.1.2.2), each of shape (64,)."""
    most = np.full(64, (4 << precision) - 1.0)
    least = -most
    least[0] -= 1
    return least, most
