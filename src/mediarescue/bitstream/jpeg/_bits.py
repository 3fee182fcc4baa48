"""Bits at any place, in and out, for the kernels of JPEG.

A window is 64 bits of the stream at every 32nd bit, so one load and one shift give the next 32 bits wherever they
start: the longest code and the bits behind it. numba's cache does not notice an edit here: touch the files that
import it (installing the package does so).
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream.jit import part
from mediarescue.bitstream.jpeg.layout import BOOK_SIZE, LIMITS, LOOK_BITS, OFFSETS, VALUES

_WORD = 0xFFFFFFFF
_LOOK = 32 - LOOK_BITS


@part
def next32(windows: Any, bit: int) -> int:
    """Return the 32 bits at ``bit``."""
    return (int(windows[bit >> 5]) << (bit & 31)) >> 32 & _WORD


@part
def symbol(books: Any, book: int, bits: int) -> int:
    """Return length of the code that 32 ``bits`` begin with, and its symbol << 8; 0 where they are no code."""
    base = book * BOOK_SIZE
    entry = books[base + (bits >> _LOOK)]
    if entry != 0:
        return int(entry)
    code = bits >> 16
    for length in range(LOOK_BITS + 1, 17):
        if code < books[base + LIMITS + length]:
            place = books[base + OFFSETS + length] + (code >> (16 - length))
            return length | int(books[base + VALUES + place]) << 8
    return 0


@part
def extended(bits: int, skip: int, size: int) -> int:
    """Return the signed number of ``size`` (1 to 16) bits behind the first ``skip`` of 32 (T.81 F.2.2.1)."""
    value = (bits >> (32 - skip - size)) & ((1 << size) - 1)
    if value >> (size - 1) == 0:
        value -= (1 << size) - 1
    return value


@part
def put(out: Any, bit: int, value: int, count: int) -> int:
    """Write the ``count`` (0 to 32) low bits of ``value``, the others being 0, at ``bit``; return the bit behind.

    Where ``out`` is empty nothing is written: that is how sizes are measured beforehand.
    """
    if count > 0 and out.shape[0] > 0:
        pair = value << (64 - count - (bit & 31))
        out[bit >> 5] |= pair >> 32 & _WORD
        out[(bit >> 5) + 1] |= pair & _WORD
    return bit + count


@part
def coded(histogram: Any, codes: Any, place: int, value: int, size: int, out: Any, bit: int) -> int:
    """Write the code at ``place`` of ``codes`` and ``size`` bits of ``value``; return the bit behind.

    Where ``out`` is empty the symbol is counted instead, and its code taken to have 16 bits.
    """
    if out.shape[0] == 0:
        histogram[place] += 1
        return bit + 16 + size
    bit = put(out, bit, int(codes[place]) >> 8, int(codes[place]) & 255)
    # a negative number is sent as the one below it, without its upper bits (T.81 F.1.2.1.1)
    return put(out, bit, (value if value >= 0 else value - 1) & ((1 << size) - 1), size)


@part
def bit_length(value: int) -> int:
    """Return the bits of the magnitude of a number."""
    rest = abs(value)
    size = 0
    while rest > 0:
        rest >>= 1
        size += 1
    return size


@part
def filled_up(out: Any, bit: int, padding: int) -> int:
    """Write ``padding`` up to the next byte; return the bit behind."""
    while bit & 7 != 0:
        bit = put(out, bit, padding, 1)
    return bit


@part
def copy_bits(windows: Any, start: int, stop: int, out: Any, bit: int) -> int:
    """Write the bits from ``start`` to ``stop`` at ``bit``; return the bit behind."""
    while stop - start >= 32:
        bit = put(out, bit, next32(windows, start), 32)
        start += 32
    count = stop - start
    if count > 0:
        bit = put(out, bit, next32(windows, start) >> (32 - count), count)
    return bit
