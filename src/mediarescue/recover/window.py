"""A sliding view of the media data: bytes are read through one reused buffer, never mapped.

Mapped pages count as resident memory and a pulled card is a SIGBUS; a window keeps memory flat at any file size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import ByteSource

_DEFAULT_CAPACITY = 4 << 20
_LARGEST_CAPACITY = 96 << 20


class MediaWindow:
    """Give the kernels a writable uint8 array around any position of ``[start, end)``.

    Parameters
    ----------
    source : ByteSource
    start, end : int
        Absolute byte range of the media data.
    capacity : int
        Bytes held at once; grows when a single sample needs more, up to 96 MiB.
    """

    def __init__(self, source: ByteSource, start: int, end: int, *, capacity: int = _DEFAULT_CAPACITY) -> None:
        self.source = source
        self.start = start
        self.end = end
        self._buffer: NDArray[np.uint8] = np.zeros(min(capacity, max(end - start, 1)), dtype=np.uint8)
        self._base = start
        self._filled = 0
        self._final = start == end

    def with_capacity(self, capacity: int) -> MediaWindow:
        """Return a window on the same bytes that holds fewer or more of them at once."""
        return MediaWindow(self.source, self.start, self.end, capacity=capacity)

    @property
    def largest(self) -> int:
        """The most bytes a view can hold."""
        return _LARGEST_CAPACITY

    def view(self, pos: int, need: int) -> tuple[NDArray[np.uint8], int, int, bool]:
        """Return ``(buffer, index of pos, index of the end of valid bytes, whether that is the end of the media)``.

        At least ``need`` bytes follow ``pos`` unless the media ends before.
        """
        at = pos - self._base
        if at < 0 or at + need > self._filled:  # asked for each run of samples: the common answer must be quick
            need = min(need, self.end - pos, _LARGEST_CAPACITY)
            if at < 0 or at + need > self._filled:
                self._fill(pos, need)
                at = 0
        return self._buffer, at, self._filled, self._final

    def peek(self, pos: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``pos``, fewer at the end of the media."""
        buffer, at, stop, _ = self.view(pos, count)
        return buffer[at : min(at + count, stop)].tobytes()

    def _fill(self, pos: int, need: int) -> None:
        if need > len(self._buffer):
            self._buffer = np.zeros(min(max(2 * len(self._buffer), 2 * need), _LARGEST_CAPACITY), dtype=np.uint8)
        wanted = min(len(self._buffer), self.end - pos)
        got = 0
        while got < wanted:
            count = self.source.read_into(pos + got, self._buffer.data[got:wanted])
            if count == 0:
                break
            got += count
        self._base, self._filled = pos, got
        self._final = pos + got == self.end
