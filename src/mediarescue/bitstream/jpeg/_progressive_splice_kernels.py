"""The progressive encoder (ITU-T T.81 G.1.2).

Parameters are those of `_splice_kernels.splice`; ``low`` and ``high`` are the bits of successive approximation. Choices
that the standard leaves open are libjpeg's, so its files come out as they were.
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream.jit import kernel, part
from mediarescue.bitstream.jpeg._bits import bit_length, coded, copy_bits, filled_up, next32, put
from mediarescue.bitstream.jpeg.layout import NATURAL_ORDER, SLOT_SIZE

_LONGEST_RUN = 0x7FFF
_MOST_PENDING = 937
"""Correction bits that libjpeg holds back before it ends a run."""


@part
def _end_of_bands(histogram: Any, codes: Any, count: int, out: Any, bit: int) -> int:
    """Write that the band has ended in ``count`` blocks."""
    if count == 0:
        return bit
    size = bit_length(count) - 1
    return coded(histogram, codes, size << 4, count, size, out, bit)


@part
def _corrections(pending: Any, start: int, count: int, out: Any, bit: int) -> int:
    """Write bits that were held back."""
    for i in range(start, start + count):
        bit = put(out, bit, int(pending[i]), 1)
    return bit


@kernel(
    "int64(int64, int32[::1], int64[::1], int64[::1], int16[::1], int64, int64, int64[::1], uint32[::1], int64[::1])"
)
def encode_dc(
    interval: int,
    order: Any,
    slots: Any,
    codes: Any,
    coefficients: Any,
    low: int,
    high: int,
    histogram: Any,
    out: Any,
    out_bounds: Any,
) -> int:
    """Write a scan of DC coefficients, the first or (``high`` > 0) a refining one; return the bytes (G.1.2.1)."""
    per_mcu = slots.shape[0] // SLOT_SIZE
    dc0, dc1, dc2, dc3 = 0, 0, 0, 0
    bit = 0
    slot = per_mcu
    for i in range(order.shape[0]):
        if i % interval == 0:
            dc0, dc1, dc2, dc3 = 0, 0, 0, 0
            out_bounds[2 * (i // interval)] = bit >> 3
        slot = slot + 1 if slot + 1 < per_mcu else 0
        value = int(coefficients[int(order[i]) * 64]) >> low
        if high > 0:
            bit = put(out, bit, value & 1, 1)
        else:
            component = slots[slot * SLOT_SIZE]
            if component == 0:
                change = value - dc0
                dc0 = value
            elif component == 1:
                change = value - dc1
                dc1 = value
            elif component == 2:
                change = value - dc2
                dc2 = value
            else:
                change = value - dc3
                dc3 = value
            size = bit_length(change)
            bit = coded(histogram, codes, slots[slot * SLOT_SIZE + 1] * 256 + size, change, size, out, bit)
        if (i + 1) % interval == 0 or i + 1 == order.shape[0]:
            bit = filled_up(out, bit, 1)
            out_bounds[2 * (i // interval) + 1] = bit >> 3
    return bit >> 3


@part
def _first(
    order: Any,
    first: int,
    behind: int,
    codes: Any,
    coefficients: Any,
    start: int,
    end: int,
    low: int,
    histogram: Any,
    out: Any,
    bit: int,
) -> int:
    """Write blocks of a first scan (G.1.2.2)."""
    ended = 0
    for i in range(first, behind):
        base = int(order[i]) * 64
        run = 0
        for k in range(start, end + 1):
            value = int(coefficients[base + NATURAL_ORDER[k]])
            value = value >> low if value >= 0 else -(-value >> low)
            if value == 0:
                run += 1
                continue
            bit = _end_of_bands(histogram, codes, ended, out, bit)
            ended = 0
            while run > 15:
                bit = coded(histogram, codes, 0xF0, 0, 0, out, bit)
                run -= 16
            size = bit_length(value)
            bit = coded(histogram, codes, run << 4 | size, value, size, out, bit)
            run = 0
        if run > 0:
            ended += 1
        if ended == _LONGEST_RUN:
            bit = _end_of_bands(histogram, codes, ended, out, bit)
            ended = 0
    return _end_of_bands(histogram, codes, ended, out, bit)


@part
def _refined(
    order: Any,
    first: int,
    behind: int,
    codes: Any,
    coefficients: Any,
    start: int,
    end: int,
    low: int,
    histogram: Any,
    out: Any,
    bit: int,
    pending: Any,
) -> int:
    """Write blocks of a refining scan; ``pending`` holds back bits that follow the code they belong to (G.1.2.3)."""
    ended = 0
    held = 0
    for i in range(first, behind):
        base = int(order[i]) * 64
        newest = 0
        for k in range(start, end + 1):
            if abs(int(coefficients[base + NATURAL_ORDER[k]])) >> low == 1:
                newest = k
        run = 0
        # the block's own bits stand behind those of the run before it
        own_first = held
        own = 0
        for k in range(start, end + 1):
            value = int(coefficients[base + NATURAL_ORDER[k]])
            magnitude = abs(value) >> low
            if magnitude == 0:
                run += 1
                continue
            while run > 15 and k <= newest:
                bit = _end_of_bands(histogram, codes, ended, out, bit)
                bit = _corrections(pending, 0, held, out, bit)
                bit = coded(histogram, codes, 0xF0, 0, 0, out, bit)
                bit = _corrections(pending, own_first, own, out, bit)
                ended, held, own_first, own = 0, 0, 0, 0
                run -= 16
            if magnitude > 1:
                pending[own_first + own] = magnitude & 1
                own += 1
                continue
            bit = _end_of_bands(histogram, codes, ended, out, bit)
            bit = _corrections(pending, 0, held, out, bit)
            bit = coded(histogram, codes, run << 4 | 1, 0, 0, out, bit)
            bit = put(out, bit, 1 if value >= 0 else 0, 1)
            bit = _corrections(pending, own_first, own, out, bit)
            ended, held, own_first, own = 0, 0, 0, 0
            run = 0
        if run > 0 or own > 0:
            ended += 1
            held += own
        if ended == _LONGEST_RUN or held > _MOST_PENDING:
            bit = _end_of_bands(histogram, codes, ended, out, bit)
            bit = _corrections(pending, 0, held, out, bit)
            ended, held = 0, 0
    bit = _end_of_bands(histogram, codes, ended, out, bit)
    return _corrections(pending, 0, held, out, bit)


@kernel(
    "int64(int64[::1], int64[::1], int64, int64[::1], int32[::1], int64[::1], int16[::1], uint8[::1], int64,"
    " int64, int64, int64, int64, int64[::1], uint32[::1], int64[::1], int64[::1])"
)
def splice_ac(
    windows: Any,
    bounds: Any,
    interval: int,
    ends: Any,
    order: Any,
    codes: Any,
    coefficients: Any,
    changed: Any,
    whole: int,
    start: int,
    end: int,
    low: int,
    high: int,
    histogram: Any,
    out: Any,
    out_bounds: Any,
    pending: Any,
) -> int:
    """Write the restart intervals of a scan of AC coefficients in which a block has changed; return the bytes.

    Blocks that an end-of-band run ties together are written together; with ``whole`` all of an interval are.
    ``pending`` has room for 1024 numbers.
    """
    bit = 0
    first = 0
    for segment in range((order.shape[0] + interval - 1) // interval):
        behind = min(first + interval, order.shape[0])
        out_bounds[2 * segment] = bit >> 3
        # what is not written yet of the source's bits begins here
        source = bounds[4 * segment + 2] * 8
        at = source
        anything = False
        group = first
        touched = whole != 0
        for i in range(first, behind):
            if changed[order[i]] != 0:
                touched = True
            if (whole != 0 or ends[i] < 0) and i + 1 < behind:
                continue
            if touched:
                bit = copy_bits(windows, source, at, out, bit)
                if high > 0:
                    bit = _refined(
                        order, group, i + 1, codes, coefficients, start, end, low, histogram, out, bit, pending
                    )
                else:
                    bit = _first(order, group, i + 1, codes, coefficients, start, end, low, histogram, out, bit)
                source = ends[i]
                anything = True
            at = ends[i]
            group = i + 1
            touched = False
        if anything:
            bit = copy_bits(windows, source, at, out, bit)
            bit = filled_up(out, bit, next32(windows, at) >> 31 if at & 7 != 0 else 1)
            bit = copy_bits(windows, (at + 7) & ~7, bounds[4 * segment + 3] * 8, out, bit)
        else:
            out_bounds[2 * segment] = -1
        out_bounds[2 * segment + 1] = bit >> 3
        first = behind
    return bit >> 3
