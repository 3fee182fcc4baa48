"""Look for marker bytes in a buffer at the speed of memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def find_bytes(buf: NDArray[np.uint8], marker: bytes, at: int, limit: int, stop: int, *, behind: int = 0) -> int:
    """Return the first index in ``[at, limit)`` that has ``marker`` ``behind`` bytes further on, or -1.

    Parameters
    ----------
    buf : uint8 (n,)
    stop : int
        Bytes from here on are not looked at.
    """
    end = min(limit + behind + len(marker) - 1, stop)
    found = buf[at + behind : max(end, at + behind)].tobytes().find(marker)
    return at + found if found >= 0 else -1
