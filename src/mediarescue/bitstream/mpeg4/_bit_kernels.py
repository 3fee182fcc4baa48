"""How the kernels read bits. Behind ``end`` all bits read as 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream import columns as _c
from mediarescue.bitstream.jit import kernel, part

INVALID, NEED_MORE = int(_c.INVALID), int(_c.NEED_MORE)


@kernel("int64(uint8[::1], int64, int64, int64)")
def peek(buf: Any, end: int, bit: int, count: int) -> int:
    """Return the ``count`` (1 to 25) bits at ``bit``; bits at and behind byte ``end`` are 0."""
    at = bit >> 3
    word = 0
    if at + 4 <= end:
        word = (int(np.int64(buf[at])) << 24) | (int(np.int64(buf[at + 1])) << 16)
        word |= (int(np.int64(buf[at + 2])) << 8) | int(np.int64(buf[at + 3]))
    else:
        for i in range(4):
            word <<= 8
            if at + i < end:
                word |= int(np.int64(buf[at + i]))
    return (word >> (32 - count - (bit & 7))) & ((1 << count) - 1)


@part
def fail(end: int, bit: int) -> int:
    """Return what a field that may not be means: NEED_MORE when bits behind ``end`` were part of it."""
    return NEED_MORE if bit > end << 3 else INVALID
