"""The walk over a FLAC frame's subframes, bit by bit (RFC 9639 9.2)."""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream.columns import INVALID as _INVALID
from mediarescue.bitstream.columns import NEED_MORE as _NEED_MORE
from mediarescue.bitstream.jit import kernel, part

INVALID, NEED_MORE = int(_INVALID), int(_NEED_MORE)
CRC_AT = 256
"""Tables: for each byte its leading zeros, then the CRC-16's remainder of each byte."""


@part
def _peek(buf: Any, stop: int, bit: int, count: int) -> int:
    """Return ``count`` bits (at most 16) at ``bit``, NEED_MORE where they run over ``stop``."""
    if bit + count > stop << 3:
        return NEED_MORE
    value = 0
    at = bit >> 3
    for index in range(3):
        value <<= 8
        if at + index < stop:
            value |= int(buf[at + index])
    return (value >> (24 - (bit & 7) - count)) & ((1 << count) - 1)


@part
def _behind_one(buf: Any, stop: int, bit: int, tables: Any) -> int:
    """Return the position behind the first 1 bit from ``bit`` on, NEED_MORE where there is none."""
    at = bit >> 3
    if at >= stop:
        return NEED_MORE
    value = int(buf[at]) & (255 >> (bit & 7))
    while value == 0:
        at += 1
        if at >= stop:
            return NEED_MORE
        value = int(buf[at])
    return (at << 3) + int(tables[value]) + 1


@kernel("int64(uint8[::1], int64, int64, int64, int64, int64[::1])")
def residual(buf: Any, bit: int, stop: int, block_size: int, order: int, tables: Any) -> int:
    """Return the bit behind a coded residual (9.2.7), INVALID or NEED_MORE."""
    head = _peek(buf, stop, bit, 6)
    if head < 0:
        return NEED_MORE
    bit += 6
    partition_order = head & 15
    width = 4 + (head >> 4)
    in_partition = block_size >> partition_order
    if width > 5 or in_partition << partition_order != block_size or in_partition < order:
        return INVALID
    for index in range(1 << partition_order):
        parameter = _peek(buf, stop, bit, width)
        if parameter < 0:
            return NEED_MORE
        bit += width
        count = in_partition - order if index == 0 else in_partition
        if parameter == (1 << width) - 1:
            parameter = _peek(buf, stop, bit, 5)
            if parameter < 0:
                return NEED_MORE
            bit += 5 + parameter * count
        else:
            for _ in range(count):
                bit = _behind_one(buf, stop, bit, tables)
                if bit < 0:
                    return NEED_MORE
                bit += parameter
    return bit


@kernel("int64(uint8[::1], int64, int64, int64, int64, int64, int64, int64, int64[::1])")
def walk_frame(
    buf: Any, start: int, body: int, stop: int, block_size: int, channels: int, side: int, depth: int, tables: Any
) -> int:
    """Return the size of the frame at ``start`` whose subframes begin at byte ``body``, INVALID or NEED_MORE.

    ``side`` is the channel that has one bit more, -1 for none. The checksum at the end must hold.
    """
    bit = body << 3
    for channel in range(channels):
        bits = depth + 1 if channel == side else depth
        head = _peek(buf, stop, bit, 8)
        if head < 0:
            return NEED_MORE
        bit += 8
        if head > 127:
            return INVALID
        kind = head >> 1
        if head & 1:
            behind = _behind_one(buf, stop, bit, tables)
            if behind < 0:
                return NEED_MORE
            bits -= behind - bit
            bit = behind
        order = kind - 31 if kind > 31 else kind - 8
        if bits < 1 or (kind > 1 and (order < 0 or (kind < 32 and order > 4) or order > block_size)):
            return INVALID
        if kind == 0:
            bit += bits
        elif kind == 1:
            bit += bits * block_size
        else:
            bit += bits * order
            if kind > 31:
                precision = _peek(buf, stop, bit, 4)
                if precision < 0:
                    return NEED_MORE
                if precision == 15:
                    return INVALID
                bit += 9 + (precision + 1) * order
            bit = residual(buf, bit, stop, block_size, order, tables)
            if bit < 0:
                return bit
    end = (bit + 7) >> 3
    if end + 2 > stop:
        return NEED_MORE
    crc = 0
    for at in range(start, end + 2):
        crc = ((crc << 8) & 0xFFFF) ^ tables[CRC_AT + ((crc >> 8) ^ int(buf[at]))]
    return end + 2 - start if crc == 0 else INVALID
