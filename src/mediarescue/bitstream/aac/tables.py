"""Lookup tables of the AAC walk, built once from the Huffman books.

All tables lie in one int64 array, so that the kernels have one type and one argument for them:

- ``SPECTRAL_AT + (book << LOOK_BITS) + next LOOK_BITS bits``: what those bits hold, see :func:`_spectral_entries`;
- ``TAIL_AT + 2 * book``: first of the 16-bit values that begin with a code word longer than ``LOOK_BITS``, and the
  offset of their entries (the bits to step over);
- ``SCALE_AT + next LOOK_BITS bits``: ``bits << 8 | index`` of one scale factor code word, 0 for a longer one;
- ``SCALE_TAIL_AT``: the same for the 19-bit values from the one in ``SCALE_TAIL_BASE_AT`` on.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.aac.tables_huffman import SCALE_FACTOR_BOOK, SPECTRAL_BOOKS, HuffmanBook

LOOK_BITS = 12
TAIL_BITS = 16
SCALE_TAIL_BITS = 19
MAX_WORDS = 10
COUNT_SHIFT = 56
ESCAPE_BOOK = 11

SPECTRAL_AT = 0
TAIL_AT = 12 << LOOK_BITS
SCALE_AT = TAIL_AT + 24
SCALE_TAIL_BASE_AT = SCALE_AT + (1 << LOOK_BITS)
SCALE_TAIL_AT = SCALE_TAIL_BASE_AT + 1

Table = NDArray[np.int64]


def _digits(book: HuffmanBook) -> Table:
    """Return the digits of each code word's index, int64 of shape (code words, dimension)."""
    powers = book.base ** np.arange(book.dimension - 1, -1, -1)
    return (np.array(book.order, np.int64)[:, None] // powers) % book.base


def _step_bits(book: HuffmanBook) -> Table:
    """Return code word plus sign bits of each code word, without escape sequences."""
    lengths = np.array(book.lengths, np.int64)
    return lengths if book.signed else lengths + np.count_nonzero(_digits(book), axis=1)


def _spread(lengths: Table, values: Table, bits: int) -> Table:
    """Return ``values`` of the code words of up to ``bits`` bits, repeated for every ``bits``-bit value they begin.

    Code words rise with their length, so these are the first values of all; the rest begin longer code words.
    """
    fits = lengths <= bits
    return np.repeat(values[fits], 1 << (bits - lengths[fits]))


def _padded(values: Table, size: int) -> Table:
    return np.concatenate([values, np.zeros(size - len(values), np.int64)])


def _spectral_entries(number: int, book: HuffmanBook) -> Table:
    """Return what each ``LOOK_BITS``-bit value holds, int64 of shape (1 << LOOK_BITS,).

    An entry is the count of complete code words (bits from ``COUNT_SHIFT`` on, at most ``MAX_WORDS``) and, in 5 bits
    at ``5 * k``, the bits that the first ``k`` of them take with their sign bits. Sign bits need not be seen, so the
    last code word's may lie behind the value. With a count of 0 the first code word is an escape one: its bits
    without the escape sequences, and their number at bit 5; or, all 0, it is longer than ``LOOK_BITS``.
    """
    size = 1 << LOOK_BITS
    lengths = np.array(book.lengths, np.int64)
    steps = _step_bits(book)
    escapes = np.zeros(len(lengths), np.int64)
    if number == ESCAPE_BOOK:
        escapes = np.count_nonzero(_digits(book) == book.base - 1, axis=1).astype(np.int64)
    # A code word that cannot be stepped over by itself ends every run: it is made too long to fit.
    run_lengths = np.where(escapes > 0, LOOK_BITS + 1, lengths)
    word = _padded(_spread(lengths, run_lengths, LOOK_BITS), size)
    word[word == 0] = LOOK_BITS + 1
    step = _padded(_spread(lengths, steps, LOOK_BITS), size)
    values = np.arange(size, dtype=np.int64)
    taken = np.zeros(size, np.int64)
    count = np.zeros(size, np.int64)
    entries = np.zeros(size, np.int64)
    running = np.ones(size, np.bool_)
    for k in range(1, MAX_WORDS + 1):
        left = np.maximum(LOOK_BITS - taken, 0)
        following = (values << np.minimum(taken, LOOK_BITS)) & (size - 1)
        running &= word[following] <= left
        taken = np.where(running, taken + step[following], taken)
        count += running
        entries |= taken << (5 * k)
    entries |= count << COUNT_SHIFT
    single = step | _padded(_spread(lengths, escapes, LOOK_BITS), size) << 5
    return np.where(count > 0, entries, single)


@cache
def lookup_tables() -> Table:
    """Return all lookup tables in one int64 array (about 440 kB, of which a stream uses a part); do not write to it."""
    spectral = [np.zeros(1 << LOOK_BITS, np.int64)]
    heads = np.zeros(24, np.int64)
    tails: list[Table] = []
    lengths = np.array(SCALE_FACTOR_BOOK.lengths, np.int64)
    words = lengths << 8 | np.array(SCALE_FACTOR_BOOK.order, np.int64)
    scale = _spread(lengths, words, LOOK_BITS)
    long = lengths > LOOK_BITS
    scale_tail = _spread(lengths[long], words[long], SCALE_TAIL_BITS)
    at = SCALE_TAIL_AT + len(scale_tail)
    for number, book in SPECTRAL_BOOKS.items():
        spectral.append(_spectral_entries(number, book))
        lengths = np.array(book.lengths, np.int64)
        long = lengths > LOOK_BITS
        tail = _spread(lengths[long], _step_bits(book)[long], TAIL_BITS)
        heads[2 * number] = (1 << TAIL_BITS) - len(tail)
        heads[2 * number + 1] = at
        tails.append(tail)
        at += len(tail)
    scale_base = np.array([(1 << SCALE_TAIL_BITS) - len(scale_tail)], np.int64)
    return np.concatenate([*spectral, heads, _padded(scale, 1 << LOOK_BITS), scale_base, scale_tail, *tails])
