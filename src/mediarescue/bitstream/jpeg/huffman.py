"""Huffman tables: their codes, how the kernels look them up, and how they grow (ITU-T T.81 Annexes C, F.2.2.3, K.2)."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg.layout import BOOK_SIZE, LIMITS, LOOK_BITS, OFFSETS, VALUES

LONGEST = 16
"""Bits of the longest code a table can hold."""
_MOST_SYMBOLS = 256


@dataclass(frozen=True, slots=True)
class HuffmanTable:
    """A table as DHT gives it.

    Parameters
    ----------
    counts : bytes
        How many codes have 1, 2, ... 16 bits.
    values : bytes
        The symbols in the order of their codes.

    Raises
    ------
    ValueError
        If there are more codes of a length than bits for them, more than 256, or not as many symbols as codes.
    """

    counts: bytes
    values: bytes

    def __post_init__(self) -> None:
        code = 0
        for length, count in enumerate(self.counts, 1):
            code = 2 * code + count
            if code > 1 << length:
                raise ValueError("a Huffman table has more codes than its lengths allow")
        if len(self.counts) != LONGEST or sum(self.counts) != len(self.values):
            raise ValueError("a Huffman table has not as many symbols as codes")
        if len(self.values) > _MOST_SYMBOLS:
            raise ValueError("a Huffman table has more symbols than there are")

    def with_symbols(self, symbols: Iterable[int]) -> HuffmanTable | None:
        """Return a table in which ``symbols`` have codes too and all others keep theirs; None where none exists.

        Notes
        -----
        New codes go behind the last one, in the part of the code space that encoders leave free because a code of
        ones only is not allowed. Codes of equal length beside it are used up before it is divided further.
        """
        missing = sorted(set(symbols) - set(self.values))
        last = max((length for length, count in enumerate(self.counts, 1) if count), default=1)
        free = (1 << last) - sum(count << (last - length) for length, count in enumerate(self.counts[:last], 1))
        if len(self.values) + len(missing) > _MOST_SYMBOLS:
            return None
        for length in range(last, LONGEST + 1):
            if (free << (length - last)) > len(missing) and self.counts[length - 1] + len(missing) <= 255:
                counts = bytearray(self.counts)
                counts[length - 1] += len(missing)
                return HuffmanTable(bytes(counts), self.values + bytes(missing))
        return None


def table_for(frequencies: NDArray[np.int64]) -> HuffmanTable:
    """Return the table of shortest codes for the symbols that occur.

    Parameters
    ----------
    frequencies : int64 array, shape (256,)
        How often each symbol occurs; where it does not, it gets no code.

    Notes
    -----
    Codes longer than 16 bits are shortened as in K.2, at the cost of a pair of shorter ones. A symbol that does not
    exist takes the code of ones.
    """
    heap: list[tuple[int, int, list[int]]] = [
        (int(count), symbol, [symbol]) for symbol, count in enumerate(frequencies) if count > 0
    ]
    heap.append((0, 256, [256]))
    heapq.heapify(heap)
    depth = [0] * 257
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        members = one[2] + other[2]
        for symbol in members:
            depth[symbol] += 1
        heapq.heappush(heap, (one[0] + other[0], min(one[1], other[1]), members))
    counts = [0] * 258
    for length in depth:
        counts[length] += length > 0
    for length in range(257, LONGEST, -1):
        while counts[length] > 0:
            shorter = length - 2
            while counts[shorter] == 0:
                shorter -= 1
            counts[length] -= 2
            counts[length - 1] += 1
            counts[shorter + 1] += 2
            counts[shorter] -= 1
    longest = max(length for length, count in enumerate(counts) if count)
    counts[longest] -= 1
    ordered = sorted((length, symbol) for symbol, length in enumerate(depth[:256]) if length)
    return HuffmanTable(bytes(counts[1 : LONGEST + 1]), bytes(symbol for _, symbol in ordered))


@lru_cache(maxsize=64)
def book(table: HuffmanTable) -> NDArray[np.int64]:
    """Return the numbers by which the kernels decode, shape (BOOK_SIZE,): length of code | symbol << 8."""
    numbers = np.zeros(BOOK_SIZE, np.int64)
    code = place = 0
    for length, count in enumerate(table.counts, 1):
        code <<= 1
        numbers[OFFSETS + length] = place - code
        for symbol in table.values[place : place + count]:
            if length <= LOOK_BITS:
                first = code << (LOOK_BITS - length)
                numbers[first : first + (1 << (LOOK_BITS - length))] = length | symbol << 8
            code += 1
        place += count
        numbers[LIMITS + length] = code << (LONGEST - length)
    numbers[VALUES : VALUES + len(table.values)] = list(table.values)
    return numbers


@lru_cache(maxsize=64)
def codes(table: HuffmanTable) -> NDArray[np.int64]:
    """Return the code of every symbol, shape (256,): length | code << 8; 0 where a symbol has none."""
    numbers = np.zeros(256, np.int64)
    code = place = 0
    for length, count in enumerate(table.counts, 1):
        code <<= 1
        for symbol in table.values[place : place + count]:
            # all ones is no code (F.1.2): a table that holds it is read, but not written with
            if code + 1 < 1 << length and numbers[symbol] == 0:
                numbers[symbol] = length | code << 8
            code += 1
        place += count
    return numbers
