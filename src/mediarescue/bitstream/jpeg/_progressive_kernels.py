"""The progressive decoder (ITU-T T.81 Annex G): the first scans of a band, and those that refine it by one bit.

Parameters are those of `_kernels.decode_sequential`; ``start`` and ``end`` are the band, ``low`` the bit it is sent to.
``ends`` gets -1 for blocks behind which an end-of-band run goes on.
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream.jit import kernel
from mediarescue.bitstream.jpeg._bits import extended, next32, symbol
from mediarescue.bitstream.jpeg.layout import (
    BAD_CODE,
    ENDED,
    LARGEST_DC,
    NATURAL_ORDER,
    OUT_OF_RANGE,
    REASONS,
    SLOT_SIZE,
    TOO_FAR,
)


@kernel("int64(int64[::1], int64[::1], int64, int32[::1], int64[::1], int64[::1], int16[::1], int64, int64)")
def decode_dc(
    windows: Any, bounds: Any, interval: int, order: Any, slots: Any, books: Any, coefficients: Any, low: int, high: int
) -> int:
    """Decode a scan of DC coefficients, the first or (``high`` > 0) a refining one (G.1.2.1)."""
    per_mcu = slots.shape[0] // SLOT_SIZE
    dc0, dc1, dc2, dc3 = 0, 0, 0, 0
    left = 0
    segment = 0
    slot = per_mcu
    bit = 0
    stop = 0
    for i in range(order.shape[0]):
        if left == 0:
            left = interval
            bit = bounds[4 * segment + 2] * 8
            stop = bounds[4 * segment + 3] * 8
            segment += 1
            dc0, dc1, dc2, dc3 = 0, 0, 0, 0
        left -= 1
        slot = slot + 1 if slot + 1 < per_mcu else 0
        base = int(order[i]) * 64
        bits = next32(windows, bit)
        if high > 0:
            bit += 1
            if bits >> 31:
                coefficients[base] = int(coefficients[base]) | (1 << low)
        else:
            component = slots[slot * SLOT_SIZE]
            entry = symbol(books, slots[slot * SLOT_SIZE + 1], bits)
            if entry == 0:
                return -1 - (i * REASONS + BAD_CODE)
            length = entry & 255
            size = entry >> 8
            bit += length + size
            change = 0
            if size > 0:
                change = extended(bits, length, size)
            if component == 0:
                dc0 += change
                value = dc0
            elif component == 1:
                dc1 += change
                value = dc1
            elif component == 2:
                dc2 += change
                value = dc2
            else:
                dc3 += change
                value = dc3
            value *= 1 << low
            if value < -LARGEST_DC - 1 or value > LARGEST_DC:
                return -1 - (i * REASONS + OUT_OF_RANGE)
            coefficients[base] = value
        if bit > stop:
            return -1 - (i * REASONS + ENDED)
    return 0


@kernel("int64(int64[::1], int64[::1], int64, int32[::1], int64[::1], int16[::1], int64[::1], int64, int64, int64)")
def decode_ac_first(
    windows: Any,
    bounds: Any,
    interval: int,
    order: Any,
    books: Any,
    coefficients: Any,
    ends: Any,
    start: int,
    end: int,
    low: int,
) -> int:
    """Decode the first scan of a band of AC coefficients (G.1.2.2)."""
    left = 0
    segment = 0
    bit = 0
    stop = 0
    skip = 0
    for i in range(order.shape[0]):
        if left == 0:
            left = interval
            bit = bounds[4 * segment + 2] * 8
            stop = bounds[4 * segment + 3] * 8
            segment += 1
            skip = 0
        left -= 1
        if skip > 0:
            skip -= 1
            ends[i] = bit if skip == 0 or left == 0 else -1
            continue
        base = int(order[i]) * 64
        k = start
        while k <= end:
            bits = next32(windows, bit)
            entry = symbol(books, 0, bits)
            if entry == 0:
                return -1 - (i * REASONS + BAD_CODE)
            length = entry & 255
            size = (entry >> 8) & 15
            run = entry >> 12
            bit += length + size
            if size > 0:
                k += run
                if k > end:
                    return -1 - (i * REASONS + TOO_FAR)
                value = extended(bits, length, size) * (1 << low)
                if value < -32768 or value > 32767:
                    return -1 - (i * REASONS + OUT_OF_RANGE)
                coefficients[base + NATURAL_ORDER[k]] = value
                k += 1
            elif run == 15:
                k += 16
            else:
                bit += run
                skip = (1 << run) - 1 + ((bits >> (32 - length - run)) & ((1 << run) - 1))
                break
        if bit > stop:
            return -1 - (i * REASONS + ENDED)
        ends[i] = bit if skip == 0 or left == 0 else -1
    return 0


@kernel("int64(int64[::1], int64[::1], int64, int32[::1], int64[::1], int16[::1], int64[::1], int64, int64, int64)")
def decode_ac_refine(
    windows: Any,
    bounds: Any,
    interval: int,
    order: Any,
    books: Any,
    coefficients: Any,
    ends: Any,
    start: int,
    end: int,
    low: int,
) -> int:
    """Decode a scan that gives a band of AC coefficients one more bit (G.1.2.3)."""
    left = 0
    segment = 0
    bit = 0
    stop = 0
    skip = 0
    for i in range(order.shape[0]):
        if left == 0:
            left = interval
            bit = bounds[4 * segment + 2] * 8
            stop = bounds[4 * segment + 3] * 8
            segment += 1
            skip = 0
        left -= 1
        base = int(order[i]) * 64
        k = start
        while k <= end:
            # behind the end of band only coefficients that are not zero yet have a bit
            run = 64
            value = 0
            if skip == 0:
                bits = next32(windows, bit)
                entry = symbol(books, 0, bits)
                if entry == 0:
                    return -1 - (i * REASONS + BAD_CODE)
                length = entry & 255
                size = (entry >> 8) & 15
                run = entry >> 12
                bit += length
                if size > 0:
                    value = 1 << low if (bits >> (31 - length)) & 1 else -(1 << low)
                    bit += 1
                elif run < 15:
                    bit += run
                    skip = (1 << run) + ((bits >> (32 - length - run)) & ((1 << run) - 1))
                    run = 64
            while k <= end:
                place = base + NATURAL_ORDER[k]
                old = int(coefficients[place])
                if old == 0:
                    if run == 0:
                        break
                    run -= 1
                else:
                    if next32(windows, bit) >> 31 and abs(old) & (1 << low) == 0:
                        new = old + (1 << low) if old > 0 else old - (1 << low)
                        if new < -32768 or new > 32767:
                            return -1 - (i * REASONS + OUT_OF_RANGE)
                        coefficients[place] = new
                    bit += 1
                k += 1
            if value != 0:
                if k > end:
                    return -1 - (i * REASONS + TOO_FAR)
                coefficients[base + NATURAL_ORDER[k]] = value
            k += 1
        if skip > 0:
            skip -= 1
        if bit > stop:
            return -1 - (i * REASONS + ENDED)
        ends[i] = bit if skip == 0 or left == 0 else -1
    return 0
