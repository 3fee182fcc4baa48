"""The walk through a Vorbis packet: every codeword is read, nothing is made of it (Vorbis I specification 4.3).

Positions are in bits, least significant bit first. Behind the end zeros are read; whoever asked sees the position.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream.columns import INVALID as _INVALID
from mediarescue.bitstream.columns import NEED_MORE as _NEED_MORE
from mediarescue.bitstream.jit import kernel, part

INVALID, NEED_MORE = int(_INVALID), int(_NEED_MORE)
BIT, BROKEN = 0, 1
"""Items of ``state``: the position, and whether bits were no codeword."""
LONG_BLOCK, BEFORE_LONG, AFTER_LONG = 0, 1, 2
"""Items of ``facts``: whether the block is long, and the blocks beside it; -1 where a short one does not tell."""


@part
def read(buf: Any, end: int, state: Any, count: int) -> int:
    """Return ``count`` (0 to 16) bits."""
    bit = state[BIT]
    at = bit >> 3
    value = 0
    for i in range(3):
        if at + i < end:
            value |= int(np.int64(buf[at + i])) << (8 * i)
    state[BIT] = bit + count
    return int((value >> (bit & 7)) & ((1 << count) - 1))


@kernel("int64(uint8[::1], int64, int64[::1], int64[::1], int64)")
def codeword(buf: Any, end: int, state: Any, table: Any, book: int) -> int:
    """Return the entry of the next codeword of the codebook at ``book``."""
    bit = state[BIT]
    tree = book + 1
    node = 0
    while True:
        at = bit >> 3
        side = 0
        if at < end:
            side = (int(np.int64(buf[at])) >> (bit & 7)) & 1
        bit += 1
        node = table[tree + 2 * node + side]
        if node <= 0:
            break
    state[BIT] = bit
    if node == 0:
        state[BROKEN] = 1
        return 0
    return int(-node - 1)


@kernel("int64(uint8[::1], int64, int64[::1], int64[::1], int64)")
def floor_curve(buf: Any, end: int, state: Any, table: Any, place: int) -> int:
    """Step over one channel's floor; 1 where it is used, 0 where the channel is silent (6.2.2, 7.2.3)."""
    if table[place] == 0:
        bits = table[place + 2]
        amplitude = 0
        for _ in range(bits):
            amplitude |= read(buf, end, state, 1)
        if amplitude == 0:
            return 0
        number = read(buf, end, state, table[place + 3])
        if number >= table[place + 4]:
            state[BROKEN] = 1
            return 0
        book = table[place + 5 + number]
        done = 0
        while done < table[place + 1] and state[BROKEN] == 0:
            codeword(buf, end, state, table, book)
            done += max(1, table[book])
        return 1
    if read(buf, end, state, 1) == 0:
        return 0
    state[BIT] += 2 * table[place + 1]
    for i in range(table[place + 2]):
        row = table[place + 3 + i]
        picked = 0
        if table[row + 1]:
            picked = codeword(buf, end, state, table, table[row + 2])
        for _ in range(table[row]):
            book = table[row + 3 + (picked & ((1 << table[row + 1]) - 1))]
            picked >>= table[row + 1]
            if book >= 0:
                codeword(buf, end, state, table, book)
    return 1


@kernel("int64(uint8[::1], int64, int64[::1], int64[::1], int64, int64[::1], int64, int64)")
def residue(buf: Any, end: int, state: Any, table: Any, place: int, used: Any, vectors: int, length: int) -> int:
    """Step over the residue vectors that are ``used``, each of ``length`` numbers (8.6.2)."""
    size = table[place + 3]
    classes = table[place + 4]
    class_book = table[place + 5]
    group = table[class_book]
    first = min(table[place + 1], length)
    count = (min(table[place + 2], length) - first) // size
    if count <= 0:
        return 0
    kinds = np.zeros((vectors, count + group), dtype=np.int64)
    for stage in range(8):
        number = 0
        while number < count:
            if stage == 0:
                for vector in range(vectors):
                    if used[vector]:
                        word = codeword(buf, end, state, table, class_book)
                        for i in range(group - 1, -1, -1):
                            kinds[vector, number + i] = word % classes
                            word //= classes
            for _ in range(group):
                if number >= count:
                    break
                for vector in range(vectors):
                    if used[vector] == 0:
                        continue
                    book = table[place + 6 + 8 * kinds[vector, number] + stage]
                    if book < 0:
                        continue
                    done = 0
                    while done < size:
                        codeword(buf, end, state, table, book)
                        done += table[book]
                if state[BROKEN] != 0 or state[BIT] > 8 * end:
                    return INVALID
                number += 1
    return 0


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1])")
def packet(buf: Any, at: int, end: int, table: Any, facts: Any) -> int:
    """Return the bytes of the packet at ``buf[at]``, or INVALID, or NEED_MORE."""
    state = np.zeros(2, dtype=np.int64)
    state[BIT] = 8 * at
    if at >= end:
        return NEED_MORE
    if read(buf, end, state, 1):
        return INVALID
    mode = read(buf, end, state, table[0])
    modes = table[1]
    if mode >= table[modes]:
        return INVALID
    long_block = table[modes + 1 + 2 * mode]
    mapping = table[modes + 2 + 2 * mode]
    facts[LONG_BLOCK] = long_block
    facts[BEFORE_LONG] = -1
    facts[AFTER_LONG] = -1
    if long_block:
        facts[BEFORE_LONG] = read(buf, end, state, 1)
        facts[AFTER_LONG] = read(buf, end, state, 1)
    channels = table[2]
    half = table[4 if long_block else 3] // 2
    submaps, pairs = table[mapping], table[mapping + 1]
    chosen = mapping + 2 + 2 * pairs
    parts = chosen + channels
    used = np.zeros(channels, dtype=np.int64)
    for channel in range(channels):
        used[channel] = floor_curve(buf, end, state, table, table[parts + 2 * table[chosen + channel]])
        if state[BROKEN] != 0:
            return INVALID if state[BIT] <= 8 * end else NEED_MORE
    for pair in range(pairs):
        one = table[mapping + 2 + 2 * pair]
        other = table[mapping + 3 + 2 * pair]
        if used[one] or used[other]:
            used[one] = 1
            used[other] = 1
    mine = np.zeros(channels, dtype=np.int64)
    for submap in range(submaps):
        count = 0
        any_used = 0
        for channel in range(channels):
            if table[chosen + channel] == submap:
                mine[count] = used[channel]
                any_used |= used[channel]
                count += 1
        place = table[parts + 2 * submap + 1]
        length = half
        if table[place] == 2:
            mine[0] = any_used
            length = half * count
            count = min(count, 1)
        if any_used and residue(buf, end, state, table, place, mine, count, length) < 0:
            break
    if state[BIT] > 8 * end:
        return NEED_MORE
    if state[BROKEN] != 0:
        return INVALID
    behind = (state[BIT] + 7) & ~7
    spare = behind - state[BIT]
    if read(buf, end, state, spare):
        return INVALID
    return int((behind >> 3) - at)
