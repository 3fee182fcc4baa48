"""Where the bytes of a film go when some are cut out of its media data and others put in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]

NEW_BYTES, SOURCE, INSERTED = 0, 1, 2
"""What a `Piece` is taken from: bytes made in memory, a range of the source, a new chunk."""


class Piece(NamedTuple):
    """A run of the output: ``start`` is an offset in the source, or the number of the bytes or of the chunk."""

    kind: int
    start: int
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Ranges of the source in rising order without overlap: ``start`` and ``end`` are int64 (n,) offsets in bytes."""

    start: Int64Array
    end: Int64Array

    @classmethod
    def union(cls, start: Int64Array, end: Int64Array) -> Spans:
        """Return the bytes that lie in any of the ranges; empty ranges count for nothing."""
        filled = end > start
        order = np.argsort(start[filled], kind="stable")
        start, end = start[filled][order], np.maximum.accumulate(end[filled][order])
        if not len(start):
            return cls(start, end)
        begins = np.concatenate(([True], start[1:] > end[:-1]))
        last = np.append(np.flatnonzero(begins)[1:] - 1, len(start) - 1)
        return cls(start[begins], end[last])

    def without(self, other: Spans) -> Spans:
        """Return the bytes of these ranges that lie in none of the others."""
        if not len(self.start) or not len(other.start):
            return self
        points = np.concatenate((self.start, self.end, other.start, other.end))
        ones = np.ones(len(self.start), np.int64)
        steps = np.concatenate((ones, -ones, np.full(len(other.start), -2), np.full(len(other.end), 2)))
        order = np.argsort(points, kind="stable")
        points, depth = points[order], np.cumsum(steps[order])
        inside = (depth[:-1] == 1) & (points[1:] > points[:-1])
        return Spans.union(points[:-1][inside], points[1:][inside])

    @property
    def size(self) -> int:
        """Bytes in all ranges."""
        return int((self.end - self.start).sum())

    def holding(self, offset: Int64Array) -> Int64Array:
        """Return for each offset the number of the range whose start is at or before it, -1 before the first."""
        return np.searchsorted(self.start, offset, side="right") - 1


@dataclass(frozen=True, slots=True, eq=False)
class Inserts:
    """New chunks and the places of the source they are put at, in the order they are written.

    Attributes
    ----------
    anchor : ndarray of int64
        Offset in the source; the chunk stands in front of what is kept from there on.
    size : ndarray of int64
        Bytes.
    """

    anchor: Int64Array
    size: Int64Array


class Layout:
    """Collects the pieces of an output in order and answers where things went.

    Notes
    -----
    Held as flat arrays: a film whose chunks hold one sample each has hundreds of thousands of pieces.
    """

    def __init__(self, inserts: Inserts) -> None:
        self._inserts = inserts
        self._parts: list[tuple[NDArray[np.int8], Int64Array, Int64Array]] = []
        self.literals: list[bytes] = []
        self.size = 0
        """Bytes so far."""

    def literal(self, data: bytes) -> int:
        """Append bytes made in memory; return their number, by which others of their size may replace them."""
        self.literals.append(data)
        self._append(np.array([NEW_BYTES], np.int8), np.array([len(self.literals) - 1]), np.array([len(data)]))
        return len(self.literals) - 1

    def copy(self, start: int, end: int) -> None:
        """Append a range of the source as it is."""
        if end > start:
            self._append(np.array([SOURCE], np.int8), np.array([start]), np.array([end - start]))

    def media(self, kept: Spans, chunks: Int64Array) -> None:
        """Append ranges of the source with new chunks (by number) among them, each in front of what it is anchored to.

        An anchor inside a range that is kept, whose bytes another track uses too, moves to the end of that range.
        """
        anchor = self._inserts.anchor[chunks]
        at = kept.holding(anchor)
        inside = (at >= 0) & (anchor > kept.start[at]) & (anchor < kept.end[at]) if len(kept.start) else at >= 0
        anchor = np.where(inside, kept.end[at] if len(kept.start) else anchor, anchor)
        kind = np.concatenate((np.full(len(chunks), INSERTED, np.int8), np.full(len(kept.start), SOURCE, np.int8)))
        start = np.concatenate((chunks, kept.start))
        size = np.concatenate((self._inserts.size[chunks], kept.end - kept.start))
        # Stable, and the chunks come first: at equal places they stand in front, in their own order.
        order = np.argsort(np.concatenate((anchor, kept.start)), kind="stable")
        self._append(kind[order], start[order], size[order])

    def _append(self, kind: NDArray[np.int8], start: Int64Array, size: Int64Array) -> None:
        self._parts.append((kind, start.astype(np.int64), size.astype(np.int64)))
        self.size += int(size.sum())

    def _columns(self) -> tuple[NDArray[np.int8], Int64Array, Int64Array]:
        kind, start, size = (np.concatenate([part[i] for part in self._parts]) for i in range(3))
        return kind, start, size

    def placed(self) -> tuple[Relocation, Int64Array]:
        """Return where kept bytes of the source went, and the offset of each new chunk in the output, int64 (m,)."""
        kind, start, size = self._columns()
        out = np.cumsum(size) - size
        chunks = np.zeros(len(self._inserts.size), np.int64)
        new = kind == INSERTED
        chunks[start[new]] = out[new]
        kept = kind == SOURCE
        order = np.argsort(start[kept], kind="stable")
        return Relocation(start[kept][order], size[kept][order], out[kept][order]), chunks

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of the output in order."""
        kind, start, size = self._columns()
        for i in range(0, len(kind), 65536):
            rows = (part[i : i + 65536].tolist() for part in (kind, start, size))
            yield from map(Piece._make, zip(*rows, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Relocation:
    """Where kept ranges of the source went; int64 (n,) each: ``start`` rises, ``moved`` is that in the output."""

    start: Int64Array
    size: Int64Array
    moved: Int64Array

    def __call__(self, offset: Int64Array) -> Int64Array:
        """Return where offsets of the source are in the output; one that was cut out is where the cut begins."""
        if not len(self.start):
            return np.zeros_like(offset)
        at = np.maximum(np.searchsorted(self.start, offset, side="right") - 1, 0)
        within = np.clip(offset - self.start[at], 0, self.size[at])
        moved: Int64Array = self.moved[at] + within
        return moved
