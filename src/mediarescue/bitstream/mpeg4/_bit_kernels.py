"""How the kernels read bits. Behind ``end`` all bits read as 0."""

from __future__ import annotations

from mediarescue.bitstream import columns as _c
from mediarescue.bitstream.jit import part

INVALID, NEED_MORE = int(_c.INVALID), int(_c.NEED_MORE)


@part
def fail(end: int, bit: int) -> int:
    """Return what a field that may not be means: NEED_MORE when bits behind ``end`` were part of it."""
    return NEED_MORE if bit > end << 3 else INVALID
