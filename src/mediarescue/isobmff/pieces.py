"""Several files, one behind the other, as one source: the pieces of a recording that was split or carved."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from mediarescue.isobmff.source import ByteSource, ComposedSource


class PiecesSource(ComposedSource):
    """Pieces of one recording, in order; it shares the open files, which stay the pieces' to close.

    Parameters
    ----------
    pieces : sequence of ByteSource
        At least one; none empty. The first gives its name and its dates.
    """

    def __init__(self, pieces: Sequence[ByteSource]) -> None:
        self.pieces = tuple(pieces)
        self._ends = list(accumulate(piece.size for piece in pieces))
        super().__init__(pieces[0].file, pieces[0].path, self._ends[-1])

    @property
    def borders(self) -> tuple[int, ...]:
        """Where each piece but the first begins."""
        return tuple(self._ends[:-1])

    def part(self, start: int, end: int) -> ByteSource:
        """Return the range ``[start, end)`` as a source of its own, which shares the open files."""
        return PiecesSource([piece.part(*place) for piece, place in self._places(start, end - start)])

    def ranges(self, offset: int, size: int) -> list[tuple[int, int]]:
        """Return the range itself: offsets count through all pieces, as if they were one file."""
        return [(offset, size)]

    @property
    def file_size(self) -> int:
        """Bytes of all pieces."""
        return self.size

    def extents(self, offset: int, size: int) -> list[tuple[int, Path, list[tuple[int, int]]]]:
        """Return the descriptors and names of the files that hold ``size`` bytes at ``offset``, with their ranges."""
        return [
            extent for piece, (start, end) in self._places(offset, size) for extent in piece.extents(start, end - start)
        ]

    def next_data(self, offset: int) -> int:
        """Return the first offset from ``offset`` on where anything but zeros may stand; the size where nothing may."""
        for index in range(bisect_right(self._ends, offset), len(self.pieces)):
            before = self._ends[index] - self.pieces[index].size
            found = self.pieces[index].next_data(max(offset - before, 0))
            if found < self.pieces[index].size:
                return before + found
        return max(offset, self.size)

    def _places(self, offset: int, size: int) -> list[tuple[ByteSource, tuple[int, int]]]:
        """Return the pieces that hold a range, and which part of each."""
        found, end = list[tuple[ByteSource, tuple[int, int]]](), min(offset + size, self.size)
        for index in range(bisect_right(self._ends, offset), len(self.pieces)):
            before = self._ends[index] - self.pieces[index].size
            if before >= end:
                break
            found.append((self.pieces[index], (max(offset - before, 0), min(end, self._ends[index]) - before)))
        return found

    def _read_once(self, offset: int, size: int) -> bytes:
        places = self._places(offset, size)
        if not places:
            return b""
        piece, (start, end) = places[0]
        return piece.read(start, end - start)
