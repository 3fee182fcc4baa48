"""The one array type the kernels take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def as_buffer(data: bytes | bytearray | memoryview | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ``data`` as a writable contiguous uint8 array; copied only where it is not one already.

    A read-only array is another type to numba, and would need every kernel compiled twice.
    """
    array = data if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    if array.flags.writeable and array.flags.c_contiguous and array.dtype == np.uint8 and array.ndim == 1:
        return array
    return np.array(array, np.uint8).reshape(-1)
