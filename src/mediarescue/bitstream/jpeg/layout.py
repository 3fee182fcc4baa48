"""Numbers that the kernels and the code around them share."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

NATURAL_ORDER: Final[NDArray[np.int64]] = np.array(
    [
        *(0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5),
        *(12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28),
        *(35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51),
        *(58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63),
    ],
    np.int64,
)
"""Row-major place of the coefficient at each zigzag index (ITU-T T.81 Figure A.6)."""

LOOK_BITS: Final = 10
"""Codes up to this many bits are found in one step."""
LIMITS: Final = 1 << LOOK_BITS
"""Where in a book the 17 upper bounds of codes of each length stand, as 16-bit numbers."""
OFFSETS: Final = LIMITS + 17
"""Where the 17 differences between place of value and code stand."""
VALUES: Final = OFFSETS + 17
BOOK_SIZE: Final = VALUES + 256
"""Numbers in one book for decoding."""

SLOT_SIZE: Final = 3
"""Numbers for each block of an MCU: component within the scan, book for DC, book for AC."""

SPARE_WINDOWS: Final = 160
"""Windows behind the data: more than the bits of one block, after each of which the end is looked for."""

LARGEST_DC: Final = 16383
"""What 12-bit samples can give: the difference of two has the 15 bits for which there is a symbol."""

BAD_CODE, TOO_FAR, ENDED, OUT_OF_RANGE = 1, 2, 3, 4
"""Why a block cannot be decoded: bits that are no code; a coefficient beyond the band; data ends; too large."""
REASONS: Final = 8
"""A failure is returned as -1 - (block in scan * REASONS + reason)."""
