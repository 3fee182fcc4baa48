"""A file with a hole in it, in memory: what a lost sector leaves."""

from __future__ import annotations

from mediarescue.isobmff.source import ByteSource


class HoledSource(ByteSource):
    """A file of which a range reads as zeros; it shares the open file, which stays the other's to close.

    Parameters
    ----------
    source : ByteSource
    start, end : int
        The hole, absolute offsets in bytes.
    """

    def __init__(self, source: ByteSource, start: int, end: int) -> None:
        super().__init__(source.file, source.path, source.size, source.origin)
        self._whole, self._hole = source, (start, end)

    def part(self, start: int, end: int) -> ByteSource:
        """Return the range ``[start, end)`` as a source of its own, with its part of the hole."""
        return HoledSource(self._whole.part(start, end), self._hole[0] - start, self._hole[1] - start)

    def _read_once(self, offset: int, size: int) -> bytes:
        found = bytearray(self._whole.read(offset, size))
        self._blank(offset, memoryview(found))
        return bytes(found)

    def read_into(self, offset: int, target: memoryview) -> int:
        """Fill ``target`` with what stands at ``offset``; return the bytes read, fewer than asked at any place."""
        count = self._whole.read_into(offset, target)
        self._blank(offset, target[:count])
        return count

    def _blank(self, offset: int, found: memoryview) -> None:
        start, end = (min(max(at - offset, 0), len(found)) for at in self._hole)
        found[start:end] = bytes(end - start)
