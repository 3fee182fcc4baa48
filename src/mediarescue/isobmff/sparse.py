"""A file of which only some ranges are known, read like any other."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.source import ByteSource

FILL = 0x55
"""Stands for bytes that are not known: zeros would be emulation prevention's forbidden bytes, 0xFF a JPEG marker."""


class SparseSource(ByteSource):
    """The known ranges of a file at their own places, `FILL` between them.

    Parameters
    ----------
    file : BinaryIO
        What the ranges were loaded from; closed with this source.
    path : Path
    size : int
        Of the whole file, in bytes.
    starts, sizes : int64 (n,)
        The known ranges, rising and apart from each other.
    data : bytes
        Their bytes, one range behind the other.
    """

    def __init__(
        self, file: BinaryIO, path: Path, size: int, starts: NDArray[np.int64], sizes: NDArray[np.int64], data: bytes
    ) -> None:
        super().__init__(file, path, size)
        self._starts, self._ends = starts, starts + sizes
        self._places = np.cumsum(sizes) - sizes
        self._data = data

    def part(self, start: int, end: int) -> ByteSource:
        """Return the range ``[start, end)`` as a source of its own, which shares the known bytes."""
        first, last = np.searchsorted(self._ends, start, side="right"), np.searchsorted(self._starts, end)
        starts = np.maximum(self._starts[first:last], start)
        sizes = np.minimum(self._ends[first:last], end) - starts
        data = b"".join(self.read(int(at), int(size)) for at, size in zip(starts, sizes, strict=True))
        return SparseSource(self.file, self.path, end - start, starts - start, sizes, data)

    def read_into(self, offset: int, target: memoryview) -> int:
        """Fill ``target`` with what stands at ``offset``; return the bytes read, fewer at the end of the file."""
        count = max(min(len(target), self.size - offset), 0)
        target[:count] = bytes([FILL]) * count
        first = int(np.searchsorted(self._ends, offset, side="right"))
        last = int(np.searchsorted(self._starts, offset + count))
        for index in range(first, last):
            begin, end = max(int(self._starts[index]), offset), min(int(self._ends[index]), offset + count)
            at = int(self._places[index]) + begin - int(self._starts[index])
            target[begin - offset : end - offset] = self._data[at : at + end - begin]
        return count

    def next_data(self, offset: int) -> int:
        """Return ``offset``: what is not known is no hole."""
        return offset

    def _read_once(self, offset: int, size: int) -> bytes:
        found = bytearray(min(size, max(self.size - offset, 0)))
        self.read_into(offset, memoryview(found))
        return bytes(found)
