"""The sequential encoder: changed blocks are coded anew, the bits between them are copied (ITU-T T.81 F.1.2)."""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream.jit import kernel, part
from mediarescue.bitstream.jpeg._bits import bit_length, coded, copy_bits, filled_up, next32, symbol
from mediarescue.bitstream.jpeg.layout import NATURAL_ORDER, SLOT_SIZE


@part
def _coded_ac(coefficients: Any, base: int, histogram: Any, codes: Any, book: int, out: Any, bit: int) -> int:
    """Write all AC coefficients of a block."""
    run = 0
    for k in range(1, 64):
        value = int(coefficients[base + NATURAL_ORDER[k]])
        if value == 0:
            run += 1
            continue
        while run > 15:
            bit = coded(histogram, codes, book + 0xF0, 0, 0, out, bit)
            run -= 16
        size = bit_length(value)
        bit = coded(histogram, codes, book + (run << 4 | size), value, size, out, bit)
        run = 0
    if run > 0:
        bit = coded(histogram, codes, book, 0, 0, out, bit)
    return bit


@kernel(
    "int64(int64[::1], int64[::1], int64, int64[::1], int32[::1], int64[::1], int64[::1], int64[::1],"
    " int16[::1], int16[::1], uint8[::1], int64[::1], uint32[::1], int64[::1])",
)
def splice(
    windows: Any,
    bounds: Any,
    interval: int,
    ends: Any,
    order: Any,
    slots: Any,
    books: Any,
    codes: Any,
    old_dc: Any,
    coefficients: Any,
    changed: Any,
    histogram: Any,
    out: Any,
    out_bounds: Any,
) -> int:
    """Write the restart intervals of a sequential scan in which a block has changed.

    Parameters
    ----------
    windows, bounds, interval, ends, order, slots, books
        The scan as `_kernels.decode_sequential` has read it.
    codes : int64[::1]
        256 for each book: length | code << 8.
    old_dc : int16[::1]
        First coefficient of every block in the source.
    coefficients : int16[::1]
        The wanted ones.
    changed : uint8[::1]
        For every block of ``coefficients``: 1 where it is not that of the source.
    histogram : int64[::1]
        256 for each book. Counts the symbols to be written where ``out`` is empty.
    out : uint32[::1]
        Zeros; gets the bits, the first one in the highest place.
    out_bounds : int64[::1]
        Gets start and stop of each interval in ``out``, in bytes; -1 where nothing has changed in it.

    Returns
    -------
    int
        Bytes in ``out``; the most there can be where it is empty.
    """
    per_mcu = slots.shape[0] // SLOT_SIZE
    bit = 0
    first = 0
    for segment in range((order.shape[0] + interval - 1) // interval):
        behind = min(first + interval, order.shape[0])
        out_bounds[2 * segment] = -1
        touched = False
        for i in range(first, behind):
            if changed[order[i]] != 0:
                touched = True
                break
        if not touched:
            first = behind
            continue
        out_bounds[2 * segment] = bit >> 3
        # what is not written yet of the source's bits begins here
        source = bounds[4 * segment + 2] * 8
        at = source
        old0, old1, old2, old3 = 0, 0, 0, 0
        new0, new1, new2, new3 = 0, 0, 0, 0
        slot = per_mcu
        for i in range(first, behind):
            slot = slot + 1 if slot + 1 < per_mcu else 0
            component = slots[slot * SLOT_SIZE]
            place = int(order[i])
            old = int(old_dc[place])
            new = int(coefficients[place * 64])
            if component == 0:
                old_change, change = old - old0, new - new0
                old0, new0 = old, new
            elif component == 1:
                old_change, change = old - old1, new - new1
                old1, new1 = old, new
            elif component == 2:
                old_change, change = old - old2, new - new2
                old2, new2 = old, new
            else:
                old_change, change = old - old3, new - new3
                old3, new3 = old, new
            if changed[place] != 0 or change != old_change:
                dc = slots[slot * SLOT_SIZE + 1]
                ac = slots[slot * SLOT_SIZE + 2]
                bit = copy_bits(windows, source, at, out, bit)
                size = bit_length(change)
                bit = coded(histogram, codes, dc * 256 + size, change, size, out, bit)
                if changed[place] != 0:
                    bit = _coded_ac(coefficients, place * 64, histogram, codes, ac * 256, out, bit)
                    source = ends[i]
                else:
                    entry = symbol(books, dc, next32(windows, at))
                    source = at + (entry & 255) + (entry >> 8)
            at = ends[i]
        stop = bounds[4 * segment + 3] * 8
        bit = copy_bits(windows, source, at, out, bit)
        # the bits that fill the last byte are ones (F.1.2.3), but some encoders write zeros
        bit = filled_up(out, bit, next32(windows, at) >> 31 if at & 7 != 0 else 1)
        bit = copy_bits(windows, (at + 7) & ~7, stop, out, bit)
        out_bounds[2 * segment + 1] = bit >> 3
        first = behind
    return bit >> 3
