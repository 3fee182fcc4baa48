"""Entropy-coded bytes to bits and back, and the sequential decoder (ITU-T T.81 F.2)."""

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


@kernel("int64(uint8[::1], int64, int64, uint8[::1], int64[::1])")
def split(raw: Any, start: int, stop: int, clean: Any, bounds: Any) -> int:
    """Take stuffed zeros, restart markers and fill bytes out of entropy-coded bytes.

    Writes the bytes of all restart intervals one behind the other to ``clean``, and four numbers for each interval to
    ``bounds``: start and stop in ``raw``, start and stop in ``clean``. Returns the count of intervals, or -1 - place of
    the marker with which ``bounds`` overflows or which is not the one in turn.
    """
    most = bounds.shape[0] // 4
    count = 0
    size = 0
    bounds[0] = start
    bounds[2] = 0
    i = start
    while i < stop:
        if raw[i] != 0xFF:
            clean[size] = raw[i]
            size += 1
            i += 1
            continue
        j = i
        while j + 1 < stop and raw[j + 1] == 0xFF:
            j += 1
        if j + 1 < stop and raw[j + 1] == 0:
            clean[size] = 0xFF
            size += 1
            i = j + 2
            continue
        bounds[4 * count + 1] = i
        bounds[4 * count + 3] = size
        count += 1
        if j + 1 >= stop:
            return count
        if count == most or raw[j + 1] != 0xD0 + (count - 1) % 8:
            return -1 - j
        i = j + 2
        bounds[4 * count] = i
        bounds[4 * count + 2] = size
    bounds[4 * count + 1] = stop
    bounds[4 * count + 3] = size
    return count + 1


@kernel("int64(uint8[::1], int64[::1], int64, uint8[::1], int64[::1], uint8[::1])")
def join(raw: Any, bounds: Any, stop: int, clean: Any, clean_bounds: Any, out: Any) -> int:
    """Write a scan's entropy-coded bytes: new intervals stuffed, the others and all markers as in the source.

    Parameters
    ----------
    raw : uint8[::1]
        The file.
    bounds : int64[::1]
        As `split` gives them.
    stop : int
        End of the scan's data in the file.
    clean, clean_bounds
        The new intervals, and start and stop of each, -1 for those that stay as they are.
    out : uint8[::1]

    Returns
    -------
    int
        Bytes written.
    """
    count = bounds.shape[0] // 4
    size = 0
    for segment in range(count):
        start = bounds[4 * segment]
        if 2 * segment < clean_bounds.shape[0] and clean_bounds[2 * segment] >= 0:
            for i in range(clean_bounds[2 * segment], clean_bounds[2 * segment + 1]):
                out[size] = clean[i]
                size += 1
                if clean[i] == 0xFF:
                    out[size] = 0
                    size += 1
            start = bounds[4 * segment + 1]
        following = bounds[4 * segment + 4] if segment + 1 < count else stop
        for i in range(start, following):
            out[size] = raw[i]
            size += 1
    return size


@kernel(
    "int64(int64[::1], int64[::1], int64, int32[::1], int64[::1], int64[::1], int16[::1], int64[::1])",
)
def decode_sequential(
    windows: Any, bounds: Any, interval: int, order: Any, slots: Any, books: Any, coefficients: Any, ends: Any
) -> int:
    """Decode one sequential scan.

    Parameters
    ----------
    windows : int64[::1]
        The bits, see `_bits`.
    bounds : int64[::1]
        As `split` gives them.
    interval : int
        Blocks in a restart interval.
    order : int32[::1]
        Place of every block of the scan in ``coefficients``, in blocks.
    slots : int64[::1]
        For every block of an MCU: component, book for DC, book for AC.
    books : int64[::1]
    coefficients : int16[::1]
        Zeros; filled in natural order.
    ends : int64[::1]
        Gets the bit behind every block of the scan.

    Returns
    -------
    int
        0, or a failure as `REASONS` says.
    """
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
        component = slots[slot * SLOT_SIZE]
        base = int(order[i]) * 64
        bits = next32(windows, bit)
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
        if value < -LARGEST_DC - 1 or value > LARGEST_DC:
            return -1 - (i * REASONS + OUT_OF_RANGE)
        coefficients[base] = value
        book = slots[slot * SLOT_SIZE + 2]
        k = 1
        while k < 64:
            bits = next32(windows, bit)
            entry = symbol(books, book, bits)
            if entry == 0:
                return -1 - (i * REASONS + BAD_CODE)
            length = entry & 255
            size = (entry >> 8) & 15
            bit += length + size
            run = entry >> 12
            if size == 0:
                if run != 15:
                    break
                k += 16
                continue
            k += run
            if k > 63:
                return -1 - (i * REASONS + TOO_FAR)
            coefficients[base + NATURAL_ORDER[k]] = extended(bits, length, size)
            k += 1
        if bit > stop:
            return -1 - (i * REASONS + ENDED)
        ends[i] = bit
    return 0
