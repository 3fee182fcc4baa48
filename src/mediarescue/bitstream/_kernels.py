"""Bit reading and SEI kernels that the H.264 and HEVC kernels are built from.

numba's cache does not notice that a callee in another file changed: after an edit here, the two codecs'
``_kernels.py`` have to be touched (installing the package does so).

A reader is an int64 row: the next byte, the end it never reaches, the zero bytes seen in a row, bits waiting,
how many, and the error. The error is sticky: after the end every value is 0, and one look at the end is enough.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream.columns import INVALID as _INVALID
from mediarescue.bitstream.jit import kernel, part

INVALID = int(_INVALID)
POS, END, ZEROS, ACC, COUNT, ERROR = 0, 1, 2, 3, 4, 5
PARSED = 6
"""Where a header lies that was parsed ahead and whose reader is kept; -1 for none."""
SEI_BYTES_READ = 512
"""Messages further into an SEI NAL unit than this are not looked at; what matters comes first."""


@part
def start(state: Any, pos: int, end: int) -> None:
    """Point the reader at ``pos``."""
    state[POS] = pos
    state[END] = end
    state[ZEROS] = 0
    state[ACC] = 0
    state[COUNT] = 0
    state[ERROR] = 0


@kernel("int64(uint8[::1], int64[::1], int64)")
def read(buf: Any, state: Any, count: int) -> int:
    """Return ``count`` (0 to 32) bits, emulation prevention bytes left out."""
    have = int(state[COUNT])
    acc = int(state[ACC])
    if have < count:
        pos = int(state[POS])
        zeros = int(state[ZEROS])
        end = int(state[END])
        while have < count:
            if pos >= end:
                state[POS] = pos
                state[COUNT] = 0
                state[ACC] = 0
                state[ERROR] = 1
                return 0
            byte = int(np.int64(buf[pos]))
            pos += 1
            if byte == 3 and zeros >= 2:
                zeros = 0
                continue
            zeros = zeros + 1 if byte == 0 else 0
            acc = (acc << 8) | byte
            have += 8
        state[POS] = pos
        state[ZEROS] = zeros
    have -= count
    state[COUNT] = have
    state[ACC] = acc & ((1 << have) - 1)
    return acc >> have


@kernel("int64(uint8[::1], int64[::1])")
def read_ue(buf: Any, state: Any) -> int:
    """Return an unsigned Exp-Golomb value; more than 31 leading zeros are an error."""
    prefix = 0
    while state[ACC] == 0:
        # Whatever waits is all zeros; with nothing waiting, the next byte is looked at.
        prefix += int(state[COUNT])
        state[COUNT] = 0
        byte = read(buf, state, 8)
        state[ACC] = byte
        state[COUNT] = 8
        if prefix > 31 or state[ERROR] != 0:
            state[ERROR] = 1
            return 0
    acc = int(state[ACC])
    have = int(state[COUNT]) - 1
    while acc >> have == 0:
        have -= 1
        prefix += 1
    acc ^= 1 << have
    if prefix <= have:
        have -= prefix
        state[COUNT] = have
        state[ACC] = acc & ((1 << have) - 1)
        return (1 << prefix) - 1 + (acc >> have)
    state[COUNT] = have
    state[ACC] = acc
    if prefix > 31:
        state[ERROR] = 1
        return 0
    return (1 << prefix) - 1 + read(buf, state, prefix)


@part
def read_se(buf: Any, state: Any) -> int:
    """Return a signed Exp-Golomb value."""
    code = read_ue(buf, state)
    return (code + 1) // 2 if code & 1 else -(code // 2)


@part
def read_length(buf: Any, pos: int, length_size: int) -> int:
    """Return the big-endian number in ``length_size`` bytes at ``pos``."""
    value = 0
    for i in range(length_size):
        value = (value << 8) | int(np.int64(buf[pos + i]))
    return value


@part
def _sei_number(buf: Any, state: Any) -> int:
    value = 0
    while True:
        byte = read(buf, state, 8)
        value += byte
        if byte != 255 or value > 1 << 24:
            return value


@kernel("int64(uint8[::1], int64[::1], int64, int64, int64)")
def sei_messages(buf: Any, state: Any, pos: int, stop: int, end: int) -> int:
    """Check an SEI payload at ``pos``: INVALID, 1, or 2 when it holds a recovery point (payload type 6).

    Only the first message decides about INVALID: cameras do write wrong sizes further in. ``stop`` is the end of
    the NAL unit, ``end`` that of the buffer.
    """
    limit = min(stop, end)
    start(state, pos, limit)
    found = 1
    first = True
    while True:
        kind = _sei_number(buf, state)
        size = _sei_number(buf, state)
        if state[ERROR] != 0:
            return INVALID if first and limit == stop else found
        if kind > 511 or state[POS] + size > stop:
            return INVALID if first else found
        if kind == 6:
            found = 2
        if state[POS] + size - pos > SEI_BYTES_READ:
            return found
        for _ in range(size):
            read(buf, state, 8)
        if state[ERROR] != 0 or state[POS] + 1 >= limit:
            return found
        first = False
