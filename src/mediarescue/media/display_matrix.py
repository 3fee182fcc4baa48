"""How a film says that its pictures are to be turned for viewing."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mediarescue.media.planes import FramePlanes

_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
"""EXIF's orientations by the signs of a, b, c and d of the matrix (ISO/IEC 14496-12 8.3.2): x' = ax + cy, y' = bx + dy,
with y downwards."""
_TURNS = {0: 1, -90: 6, 90: 8, 180: 3, -180: 3}


def frame_orientation(frame: FramePlanes) -> int | None:
    """Return the EXIF orientation that a frame's display matrix asks for, 1 without one, None for slanted ones."""
    decoded: Any = frame.decoded
    # PyAV refuses to list side data of a kind that it does not know yet.
    with contextlib.suppress(ValueError):
        for data in decoded.side_data:
            if data.type.name == "DISPLAYMATRIX":
                return matrix_orientation(bytes(data))
        return 1
    return _TURNS.get(round(decoded.rotation))


def matrix_orientation(matrix: bytes) -> int | None:
    """Return the orientation of a matrix of nine 32-bit numbers in the machine's order, None for a slanted one."""
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    signs = tuple((value > 0) - (value < 0) for value in (a, b, c, d))
    return _ORIENTATIONS.get(signs)
