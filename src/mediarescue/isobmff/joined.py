"""Ranges of a file, one behind the other, as a file of their own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from mediarescue.isobmff.source import ByteSource, ComposedSource


class JoinedSource(ComposedSource):
    """What lies scattered in a file, read as one; it shares the open file, which stays the other's to close.

    Parameters
    ----------
    source : ByteSource
    ranges : sequence of (offset, size)
        In the order in which they are joined; bytes, none empty, offsets in ``source``.
    """

    def __init__(self, source: ByteSource, ranges: Sequence[tuple[int, int]]) -> None:
        self._whole = source
        self._ranges = list(ranges)
        self._ends = list(accumulate(size for _, size in ranges))
        super().__init__(source.file, source.path, self._ends[-1] if self._ends else 0)

    def ranges(self, offset: int, size: int) -> list[tuple[int, int]]:
        """Return where ``size`` bytes at ``offset`` lie in the file, as ``(offset, size)``, in order."""
        return [place for start, count in self._within(offset, size) for place in self._whole.ranges(start, count)]

    def _within(self, offset: int, size: int) -> list[tuple[int, int]]:
        """Return where a range lies in the source that this one is made of, as ``(offset, size)``, in order."""
        found, end = list[tuple[int, int]](), min(offset + size, self.size)
        for index in range(bisect_right(self._ends, offset), len(self._ends)):
            start, length = self._ranges[index]
            skip = offset - (self._ends[index] - length)
            count = min(length - skip, end - offset)
            if count <= 0:
                break
            found.append((start + skip, count))
            offset += count
        return found

    @property
    def file_size(self) -> int:
        """Bytes of all that the parts were taken from."""
        return self._whole.file_size

    def extents(self, offset: int, size: int) -> list[tuple[int, Path, list[tuple[int, int]]]]:
        """Return descriptor, name and ranges of each file that holds ``size`` bytes at ``offset``, in order."""
        found = list[tuple[int, Path, list[tuple[int, int]]]]()
        for at, count in self._within(offset, size):
            for descriptor, path, ranges in self._whole.extents(at, count):
                if found and found[-1][0] == descriptor:
                    found[-1][2].extend(ranges)
                else:
                    found.append((descriptor, path, ranges))
        return found

    def part(self, start: int, end: int) -> ByteSource:
        """Return the range ``[start, end)`` as a source of its own, which shares the open file."""
        return JoinedSource(self._whole, self._within(start, end - start))

    def next_data(self, offset: int) -> int:
        """Return the first offset from ``offset`` on where anything but zeros may stand; the size where nothing may."""
        for index in range(bisect_right(self._ends, max(offset, 0)), len(self._ends)):
            start, length = self._ranges[index]
            begin = self._ends[index] - length
            skip = max(offset - begin, 0)
            found = self._whole.next_data(start + skip) - start
            if found < length:
                return begin + found
        return max(offset, self.size)

    def _read_once(self, offset: int, size: int) -> bytes:
        index = bisect_right(self._ends, offset)
        if index == len(self._ends):
            return b""
        start, length = self._ranges[index]
        skip = offset - (self._ends[index] - length)
        return self._whole.read(start + skip, min(size, length - skip))
