"""The eight ways a stored picture is turned for viewing (EXIF Orientation, CIPA DC-008 4.6.5.1.5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TURNS: dict[int, tuple[bool, bool, bool]] = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
"""Rows and columns exchanged first; then rows in reverse, columns in reverse."""


def upright(plane: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    """Turn a stored plane (rows first) for viewing; a view, no copy. Raises ValueError for no orientation."""
    exchange, rows, columns = _turn(orientation)
    turned = plane.swapaxes(0, 1) if exchange else plane
    return turned[:: -1 if rows else 1, :: -1 if columns else 1]


def stored(plane: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    """Turn an upright plane, such as a mask drawn by a user, as the picture is stored; the inverse of `upright`."""
    exchange, rows, columns = _turn(orientation)
    turned = plane[:: -1 if rows else 1, :: -1 if columns else 1]
    return turned.swapaxes(0, 1) if exchange else turned


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return width and height of the upright picture from those of the stored one."""
    return (height, width) if _turn(orientation)[0] else (width, height)


def to_stored(x: float, y: float, orientation: int, width: int, height: int) -> tuple[float, float]:
    """Map a pixel of the upright picture (column, row, from 0) to that of the stored one.

    Parameters
    ----------
    width, height : int
        Of the stored picture.
    """
    exchange, rows, columns = _turn(orientation)
    seen_width, seen_height = upright_size(width, height, orientation)
    column = seen_width - 1 - x if columns else x
    row = seen_height - 1 - y if rows else y
    return (row, column) if exchange else (column, row)


def to_upright(x: float, y: float, orientation: int, width: int, height: int) -> tuple[float, float]:
    """Map a pixel of the stored picture, of ``width`` by ``height``, to that of the upright one."""
    exchange, rows, columns = _turn(orientation)
    seen_width, seen_height = upright_size(width, height, orientation)
    column, row = (y, x) if exchange else (x, y)
    return (seen_width - 1 - column if columns else column, seen_height - 1 - row if rows else row)


def _turn(orientation: int) -> tuple[bool, bool, bool]:
    try:
        return _TURNS[orientation]
    except KeyError:
        raise ValueError(f"orientations are 1 to 8, not {orientation}") from None
