"""Lookup tables of the macroblock walk, built once from the code words.

All lie in one int64 array, so that the kernels have one type and one argument for them. An entry is looked up by the
next bits, and 0 where no code word begins so:

- coefficient books: ``level << 24 | last << 16 | run << 8 | bits``, the sign bit counted; level 0 is an escape;
- ``LONGEST_RUN_AT + 128 * inter + 64 * last + level``: the longest run that has a code word with the level;
- all others: ``index << 8 | bits``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.mpeg4 import books

Table = NDArray[np.int64]

LOOK_BITS = 12
"""Longest code word of a coefficient, and of all books but those named below."""
REVERSIBLE_BITS = 15
INTER_TYPE_BITS = 13

INTER_AT = 0
INTRA_AT = INTER_AT + (1 << LOOK_BITS)
ADVANCED_AT = INTRA_AT + (1 << LOOK_BITS)
MOTION_AT = ADVANCED_AT + (1 << LOOK_BITS)
LUMINANCE_AT = MOTION_AT + (1 << LOOK_BITS)
CHROMINANCE_AT = LUMINANCE_AT + (1 << LOOK_BITS)
PATTERN_AT = CHROMINANCE_AT + (1 << LOOK_BITS)
INTRA_TYPE_AT = PATTERN_AT + (1 << LOOK_BITS)
INTER_TYPE_AT = INTRA_TYPE_AT + (1 << LOOK_BITS)
LONGEST_RUN_AT = INTER_TYPE_AT + (1 << INTER_TYPE_BITS)
REVERSIBLE_INTER_AT = LONGEST_RUN_AT + 256
REVERSIBLE_INTRA_AT = REVERSIBLE_INTER_AT + (1 << REVERSIBLE_BITS)

_INTRA_TYPES = (4, 5, 6, 7, 12, 13, 14, 15)
"""Index in the table of inter macroblocks of what the one of intra macroblocks tells."""


def _spread(words: list[str], values: list[int], bits: int) -> Table:
    """Return ``values`` at all ``bits``-bit numbers that their code words begin, int64 (1 << bits,)."""
    table = np.zeros(1 << bits, np.int64)
    for word, value in zip(words, values, strict=True):
        if word != "-":
            free = bits - len(word)
            first = int(word, 2) << free
            table[first : first + (1 << free)] = value
    return table


def _plain(words: str, bits: int = LOOK_BITS, indices: tuple[int, ...] | None = None) -> Table:
    """Return ``index << 8 | bits`` for each code word."""
    split = words.split()
    numbers = indices or range(len(split))
    return _spread(split, [index << 8 | len(word) for index, word in zip(numbers, split, strict=True)], bits)


def _coefficients(book: books.CoefficientBook, bits: int, escape: str) -> Table:
    """Return the entries of a coefficient book and of its escape code word."""
    words = book.words.split()
    meanings = [
        (level, last, run)
        for last in (0, 1)
        for run, count in enumerate(book.levels[last])
        for level in range(1, count + 1)
    ]
    values = [
        level << 24 | last << 16 | run << 8 | len(word) + 1
        for word, (level, last, run) in zip(words, meanings, strict=True)
    ]
    return _spread([*words, escape], [*values, len(escape)], bits)


def _longest_runs(book: books.CoefficientBook) -> Table:
    """Return the longest run by last and level (ISO/IEC 14496-2 Tables B-20, B-21), int64 (128,)."""
    table = np.zeros((2, 64), np.int64)
    for last in (0, 1):
        for run, count in enumerate(book.levels[last]):
            table[last, 1 : count + 1] = run
    return table.reshape(-1)


@cache
def lookup_tables() -> Table:
    """Return all lookup tables in one int64 array (0.85 MB, of which a stream uses a part); do not write to it."""
    return np.concatenate(
        [
            _coefficients(books.INTER, LOOK_BITS, "0000011"),
            _coefficients(books.INTRA, LOOK_BITS, "0000011"),
            _coefficients(books.ADVANCED_INTRA, LOOK_BITS, "0000011"),
            _plain(books.MOTION),
            _plain(books.DC_SIZE_LUMINANCE),
            _plain(books.DC_SIZE_CHROMINANCE),
            _plain(books.CBPY),
            _plain(books.MCBPC_INTRA, LOOK_BITS, _INTRA_TYPES),
            _plain(books.MCBPC_INTER, INTER_TYPE_BITS),
            _longest_runs(books.INTRA),
            _longest_runs(books.INTER),
            _coefficients(books.REVERSIBLE_INTER, REVERSIBLE_BITS, "0000"),
            _coefficients(books.REVERSIBLE_INTRA, REVERSIBLE_BITS, "0000"),
        ]
    )
