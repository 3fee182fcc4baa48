"""The bits at any place of a buffer: what the kernels of codecs without emulation prevention read by.

numba's cache does not notice that a callee in another file changed: after an edit here, the files that import
``peek`` have to be touched (installing the package does so).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream.jit import kernel


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
