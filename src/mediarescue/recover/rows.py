"""What the bitstream says of millions of samples, kept small: by blocks, each column as narrow as its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 4096
"""Rows widened at once, at most (but for a larger piece)."""
_PIECES = 256

Int64Array = NDArray[np.int64]


class PackedRows:
    """Rows of integers, appended in pieces and read again in blocks of int64.

    Notes
    -----
    An access unit's 26 columns take 208 bytes as int64, some 15 here: most columns say the same for a whole block.
    """

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._pending: list[Int64Array] = []
        self._waiting = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, rows: Int64Array) -> None:
        """Take over ``rows``, int64 (n, columns); n may be 0."""
        if not len(rows):
            return
        self._pending.append(rows)
        self._waiting += len(rows)
        self._count += len(rows)
        # packed together now and then, as views keep what they look at alive
        if len(self._pending) >= _PIECES or self._waiting >= _BLOCK:
            self._settle()

    def blocks(self) -> Iterator[Int64Array]:
        """Give the rows in their order, in blocks of int64 (m, columns)."""
        self._settle()
        gathered: list[Int64Array] = []
        count = 0
        for block in self._blocks:
            if gathered and count + block.count > _BLOCK:
                yield np.concatenate(gathered)
                gathered, count = [], 0
            gathered.append(block.rows())
            count += block.count
        if gathered:
            yield np.concatenate(gathered)

    def flags(self, function: Callable[[Int64Array], Int64Array]) -> NDArray[np.uint8]:
        """Return what ``function`` (rows -> values of 0 to 255) says of each row, uint8 (n,)."""
        out, at = np.empty(len(self), dtype=np.uint8), 0
        for block in self.blocks():
            out[at : at + len(block)] = function(block)
            at += len(block)
        return out

    def columns(self, wanted: Sequence[int]) -> list[list[int]]:
        """Return some columns of each row."""
        return [row for block in self.blocks() for row in block[:, list(wanted)].tolist()]

    def chosen(self, mask: NDArray[np.bool_]) -> PackedRows:
        """Return the rows where ``mask``, bool (n,), is set."""
        chosen, at = PackedRows(), 0
        for block in self.blocks():
            chosen.append(block[mask[at : at + len(block)]])
            at += len(block)
        return chosen

    def _settle(self) -> None:
        if self._pending:
            self._blocks.append(_Block(np.concatenate(self._pending)))
            self._pending, self._waiting = [], 0


class _Block:
    """One row that holds for all, and the columns that vary."""

    __slots__ = ("_common", "_varying", "count")

    def __init__(self, rows: Int64Array) -> None:
        self.count = len(rows)
        self._common = rows[0].copy()
        low, high = rows.min(axis=0), rows.max(axis=0)
        self._varying = {
            column: rows[:, column].astype(_narrowest(int(low[column]), int(high[column])))
            for column in np.flatnonzero(low != high).tolist()
        }

    def rows(self) -> Int64Array:
        """Return the rows as they were, int64 (count, columns)."""
        rows = np.repeat(self._common[np.newaxis], self.count, axis=0)
        for column, values in self._varying.items():
            rows[:, column] = values
        return rows


def _narrowest(low: int, high: int) -> type[np.signedinteger[Any]]:
    """Return the smallest type that holds all values from ``low`` to ``high``."""
    for kind in (np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return kind
    return np.int64
