"""Runs of samples that touch each other in the file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]


def run_starts(offset: Int64Array, size: Int64Array) -> Int64Array:
    """Return the indices of the samples that do not touch the one before, int64 (runs,)."""
    if not len(offset):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], offset[1:] != offset[:-1] + size[:-1])))
