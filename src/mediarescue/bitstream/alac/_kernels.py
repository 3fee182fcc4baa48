"""The walk through an ALAC frame: every bit is accounted for, nothing is predicted.

Positions are in bits. Past the end of the data zeros are read; whoever asked sees that the position is behind the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream.columns import INVALID as _INVALID
from mediarescue.bitstream.columns import NEED_MORE as _NEED_MORE
from mediarescue.bitstream.jit import kernel, part

INVALID, NEED_MORE = int(_INVALID), int(_NEED_MORE)

FRAME_LENGTH, BIT_DEPTH, PB, MB, KB, CHANNELS, ELEMENTS, FIRST_ELEMENT = 0, 1, 2, 3, 4, 5, 6, 7
"""Items of ``config``; from the last one on stand tag and instance of each element that carries sound.

Fewer than 0 elements: any elements for so many channels will do.
"""
SAMPLES, ESCAPED, SHIFTED, FORM, MIXED, FOUND, FIRST_FOUND = 0, 1, 2, 3, 4, 5, 6
"""Items of ``facts``: samples of each channel; elements without compression; bits of their samples stored beside;
prediction mode and Rice factor (7 bits) of the first channel, with 1 more to tell it from none; channels where those
differ; elements in all, and tag and instance of each."""
MOST_ELEMENTS = 8

SCE, CPE, LFE, DSE, FIL, END = 0, 1, 3, 4, 6, 7
ESCAPE_PREFIX = 9
"""So many ones in a row are followed by the plain number."""
MEAN_SHIFT = 9
RUN_BELOW = 128
"""With a mean (in 512ths) below this, a run of zeros is coded."""
LARGEST_MEAN = 0xFFFF


@part
def peek(buf: Any, end: int, bit: int, count: int) -> int:
    """Return ``count`` (0 to 32) bits at ``bit``."""
    at = bit >> 3
    value = 0
    for i in range(5):
        value = value << 8
        if at + i < end:
            value |= int(np.int64(buf[at + i]))
    return (value >> (40 - (bit & 7) - count)) & ((1 << count) - 1)


@part
def log2(value: int) -> int:
    """Return the place of the highest bit set, -1 for 0."""
    place = -1
    while value:
        value >>= 1
        place += 1
    return place


@kernel("int64(uint8[::1], int64, int64, int64, int64, int64, int64, int64)")
def residuals(buf: Any, end: int, bit: int, count: int, depth: int, pb: int, mean: int, limit: int) -> int:
    """Step over ``count`` numbers of the adaptive Golomb coder; return the position behind, or INVALID.

    ``depth`` is the bits of an escaped number, ``limit`` the largest Rice parameter (``kb``).
    """
    done = 0
    after_run = 0
    last = 8 * end
    while done < count:
        if bit > last:
            return bit
        parameter = min(log2((mean >> MEAN_SHIFT) + 3), limit)
        word = peek(buf, end, bit, 32)
        ones = 0
        while ones < ESCAPE_PREFIX and word & (1 << (31 - ones)):
            ones += 1
        if ones == ESCAPE_PREFIX:
            number = peek(buf, end, bit + ESCAPE_PREFIX, depth)
            bit += ESCAPE_PREFIX + depth
        else:
            rest = (word >> (31 - ones - parameter)) & ((1 << parameter) - 1)
            number = ones * ((1 << parameter) - 1)
            bit += ones + parameter
            if rest >= 2:
                number += rest - 1
                bit += 1
        done += 1
        mean += pb * (number + after_run) - ((pb * mean) >> MEAN_SHIFT)
        if number > LARGEST_MEAN:
            mean = LARGEST_MEAN
        after_run = 0
        if mean < RUN_BELOW and done < count:
            parameter = 7 - log2(mean) + ((mean + 16) >> 6)
            word = peek(buf, end, bit, 32)
            ones = 0
            while ones < ESCAPE_PREFIX and word & (1 << (31 - ones)):
                ones += 1
            if ones == ESCAPE_PREFIX:
                number = peek(buf, end, bit + ESCAPE_PREFIX, 16)
                bit += ESCAPE_PREFIX + 16
            else:
                rest = (word >> (31 - ones - parameter)) & ((1 << parameter) - 1)
                number = ones * (((1 << parameter) - 1) & ((1 << limit) - 1))
                bit += ones + parameter
                if rest >= 2:
                    number += rest - 1
                    bit += 1
            done += number
            if done > count:
                return bit if bit > last else INVALID
            after_run = 1 if number < 0xFFFF else 0
            mean = 0
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64, int64[::1])")
def sound(buf: Any, end: int, bit: int, config: Any, channels: int, facts: Any) -> int:
    """Step over an element of one or two channels behind its instance tag; the position behind, or INVALID."""
    head = peek(buf, end, bit, 16)
    bit += 16
    if head >> 4:
        return INVALID  # reserved
    shifted = 8 * ((head >> 1) & 3)
    escaped = head & 1
    depth = config[BIT_DEPTH]
    if shifted >= depth or shifted > 16 or (escaped and shifted):
        return INVALID
    count = config[FRAME_LENGTH]
    if head & 8:
        count = peek(buf, end, bit, 32)
        bit += 32
    if bit > 8 * end:
        return bit
    if count < 1 or count > config[FRAME_LENGTH] or (facts[SAMPLES] and count != facts[SAMPLES]):
        return INVALID
    facts[SAMPLES] = count
    facts[SHIFTED] = max(facts[SHIFTED], shifted)
    if escaped:
        facts[ESCAPED] += 1
        return int(bit + channels * count * depth)
    bit += 16
    factors = np.zeros(2, dtype=np.int64)
    for channel in range(channels):
        head = peek(buf, end, bit, 16)
        if bit + 16 > 8 * end:
            return bit + 16
        bit += 16 + 16 * (head & 31)
        factors[channel] = (head >> 5) & 7
        form = 1 + ((head >> 12 << 3) | factors[channel])
        if facts[FORM] == 0:
            facts[FORM] = form
        elif facts[FORM] != form:
            facts[MIXED] += 1
    bit += channels * count * shifted
    depth += channels - 1 - shifted
    for channel in range(channels):
        pb = config[PB] * factors[channel] // 4
        bit = residuals(buf, end, bit, count, depth, pb, config[MB], config[KB])
        if bit < 0 or bit > 8 * end:
            return bit
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1])")
def frame(buf: Any, at: int, end: int, config: Any, facts: Any) -> int:
    """Return the bytes of the frame at ``buf[at]``, or INVALID, or NEED_MORE."""
    bit = 8 * at
    facts[:] = 0
    channels = 0
    for _ in range(64):
        if bit + 3 > 8 * end:
            return NEED_MORE
        tag = peek(buf, end, bit, 3)
        bit += 3
        if tag == END:
            if channels != config[CHANNELS]:
                return INVALID
            behind = (bit + 7) & ~7
            if peek(buf, end, bit, behind - bit):
                return INVALID
            return (behind >> 3) - at
        if tag == FIL:
            size = peek(buf, end, bit, 4)
            bit += 4
            if size == 15:
                size += peek(buf, end, bit, 8) - 1
                bit += 8
            bit += 8 * size
        elif tag == DSE:
            head = peek(buf, end, bit, 13)
            bit += 13
            size = head & 255
            if size == 255:
                size += peek(buf, end, bit, 8)
                bit += 8
            if head & 256:
                bit = (bit + 7) & ~7
            bit += 8 * size
        elif tag in (SCE, CPE, LFE):
            instance = peek(buf, end, bit, 4)
            place = 2 * facts[FOUND]
            channels += 2 if tag == CPE else 1
            if bit + 4 > 8 * end:
                return NEED_MORE
            if channels > config[CHANNELS]:
                return INVALID
            known = config[ELEMENTS] >= 0
            if known and (tag != config[FIRST_ELEMENT + place] or instance != config[FIRST_ELEMENT + place + 1]):
                return INVALID
            facts[FIRST_FOUND + place] = tag
            facts[FIRST_FOUND + place + 1] = instance
            facts[FOUND] += 1
            bit = sound(buf, end, bit + 4, config, 2 if tag == CPE else 1, facts)
            if bit < 0:
                return INVALID
        else:
            return INVALID
        if bit > 8 * end:
            return NEED_MORE
    return INVALID
