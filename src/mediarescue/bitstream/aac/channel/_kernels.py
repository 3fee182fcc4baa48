"""Kernels of the individual_channel_stream: one channel of an AAC frame (ISO/IEC 14496-3 4.4.2.7).

Functions take and return a bit position from the start of ``buf``; a negative one is INVALID or NEED_MORE. Behind
``end`` all bits read as 0, and a position behind it is NEED_MORE, whatever those zeros meant. numba's cache does not
notice a changed callee or constant of another file: after an edit here, touch the ``_kernels.py`` one folder up, and
after one in ``layout``, ``tables`` or ``tables_bands`` both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream import columns as _c
from mediarescue.bitstream._peek import peek
from mediarescue.bitstream.aac import layout as _l
from mediarescue.bitstream.aac import tables as _t
from mediarescue.bitstream.aac.tables_bands import LTP_BAND_LIMIT
from mediarescue.bitstream.jit import kernel, part

INVALID, NEED_MORE = int(_c.INVALID), int(_c.NEED_MORE)

OBJECT_TYPE, FRAME_LENGTH = int(_l.Param.OBJECT_TYPE), int(_l.Param.FRAME_LENGTH)
LONG_BANDS, SHORT_BANDS = int(_l.Param.LONG_BANDS), int(_l.Param.SHORT_BANDS)
PREDICTOR_BANDS, TNS_ORDER = int(_l.Param.PREDICTOR_BANDS), int(_l.Param.TNS_ORDER)
LONG_OFFSETS, SHORT_OFFSETS = int(_l.Param.LONG_OFFSETS), int(_l.Param.SHORT_OFFSETS)
W_SEQUENCE, W_MAX_SFB, W_GROUPS = int(_l.Work.WINDOW_SEQUENCE), int(_l.Work.MAX_SFB), int(_l.Work.GROUPS)
W_LENGTHS, W_COUNT, W_SECTIONS = int(_l.Work.GROUP_LENGTHS), int(_l.Work.SECTION_COUNT), int(_l.Work.SECTIONS)
W_FIRST_SEEN, W_FIRST_GAIN = int(_l.Work.FIRST_SEEN), int(_l.Work.FIRST_GAIN)
W_FIRST_MAX_SFB, W_FIRST_SEQUENCE = int(_l.Work.FIRST_MAX_SFB), int(_l.Work.FIRST_SEQUENCE)

LOOK_BITS, TAIL_BITS, SCALE_TAIL_BITS = _t.LOOK_BITS, _t.TAIL_BITS, _t.SCALE_TAIL_BITS
COUNT_SHIFT, TAIL_AT, SCALE_AT = _t.COUNT_SHIFT, _t.TAIL_AT, _t.SCALE_AT
SCALE_TAIL_BASE_AT, SCALE_TAIL_AT = _t.SCALE_TAIL_BASE_AT, _t.SCALE_TAIL_AT
LOOK_MASK, TAIL_MASK = (1 << LOOK_BITS) - 1, (1 << TAIL_BITS) - 1

MAIN, SSR, LTP = 1, 3, 4
LONG_START, EIGHT_SHORT = 1, 2
ESCAPE, RESERVED, NOISE, INTENSITY_2 = 11, 12, 13, 14
OWN_INFO, RIGHT = 1, 2


@part
def fail(end: int, bit: int) -> int:
    """Return what a field that may not be means: NEED_MORE when bits behind ``end`` were part of it."""
    return NEED_MORE if bit > end << 3 else INVALID


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64)")
def ics_info(buf: Any, end: int, bit: int, params: Any, work: Any, common_window: int) -> int:
    """Step over ics_info (Table 4.6) and keep window sequence, bands and groups in ``work``."""
    head = peek(buf, end, bit, 4)
    bit += 4
    sequence = (head >> 1) & 3
    if head & 8:
        return fail(end, bit)
    work[W_SEQUENCE] = sequence
    work[W_GROUPS] = 1
    work[W_LENGTHS] = 1
    if sequence == EIGHT_SHORT:
        body = peek(buf, end, bit, 11)
        bit += 11
        max_sfb = body >> 7
        group = 0
        for i in range(6, -1, -1):
            if (body >> i) & 1:
                work[W_LENGTHS + group] += 1
            else:
                group += 1
                work[W_LENGTHS + group] = 1
        work[W_GROUPS] = group + 1
        work[W_MAX_SFB] = max_sfb
        if max_sfb > params[SHORT_BANDS]:
            return fail(end, bit)
        return bit
    body = peek(buf, end, bit, 7)
    bit += 7
    max_sfb = body >> 1
    work[W_MAX_SFB] = max_sfb
    if max_sfb > params[LONG_BANDS]:
        return fail(end, bit)
    if body & 1:
        if params[OBJECT_TYPE] == MAIN:
            bit += 1
            if peek(buf, end, bit - 1, 1):
                group = peek(buf, end, bit, 5)
                bit += 5
                if group == 0 or group > 30:
                    return fail(end, bit)
            bit += min(max_sfb, params[PREDICTOR_BANDS])
        elif params[OBJECT_TYPE] == LTP:
            for _ in range(1 + common_window):
                bit += 1
                if peek(buf, end, bit - 1, 1):
                    bit += 14 + min(max_sfb, LTP_BAND_LIMIT)
        else:
            return fail(end, bit)
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64)")
def _sections(buf: Any, end: int, bit: int, params: Any, work: Any, right: int) -> int:
    """Step over section_data (Table 4.52) and keep one row per non-empty section in ``work``."""
    short = work[W_SEQUENCE] == EIGHT_SHORT
    size = 3 if short else 5
    more = (1 << size) - 1
    offsets = SHORT_OFFSETS if short else LONG_OFFSETS
    max_sfb = work[W_MAX_SFB]
    row = W_SECTIONS
    for group in range(work[W_GROUPS]):
        windows = work[W_LENGTHS + group]
        band = 0
        while band < max_sfb:
            word = peek(buf, end, bit, 4 + size)
            book = word >> size
            step = word & more
            bit += 4 + size
            length = step
            while step == more:
                step = peek(buf, end, bit, size)
                bit += size
                length += step
                if bit > end << 3:
                    return NEED_MORE
            # Intensity positions belong to the right channel of a pair only (4.6.8.2.3).
            if bit > end << 3 or book == RESERVED or (book >= INTENSITY_2 and right == 0) or band + length > max_sfb:
                return fail(end, bit)
            if length > 0:
                lines = (params[offsets + band + length] - params[offsets + band]) * windows
                work[row] = book
                work[row + 1] = length
                work[row + 2] = lines >> 2 if book < 5 else lines >> 1
                row += 3
            band += length
    work[W_COUNT] = (row - W_SECTIONS) // 3
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1])")
def scale_word(buf: Any, end: int, bit: int, tables: Any) -> int:
    """Return ``bits << 8 | index`` of the scale factor code word at ``bit``."""
    look = peek(buf, end, bit, SCALE_TAIL_BITS)
    word = int(tables[SCALE_AT + (look >> (SCALE_TAIL_BITS - LOOK_BITS))])
    if word == 0:
        word = int(tables[SCALE_TAIL_AT + look - tables[SCALE_TAIL_BASE_AT]])
    return word


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64)")
def _scale_factors(buf: Any, end: int, bit: int, tables: Any, work: Any, gain: int) -> int:
    """Step over scale_factor_data (Table 4.53); a scale factor outside 0 to 255 is invalid (4.6.2.3.2)."""
    noise_seen = False
    for row in range(W_SECTIONS, W_SECTIONS + 3 * work[W_COUNT], 3):
        book = work[row]
        count = work[row + 1]
        if book == 0:
            continue
        if book == NOISE and not noise_seen:
            noise_seen = True
            bit += 9
            count -= 1
        coded = book <= ESCAPE
        for _ in range(count):
            word = scale_word(buf, end, bit, tables)
            bit += word >> 8
            if coded:
                gain += (word & 255) - 60
                if gain < 0 or gain > 255:
                    return fail(end, bit)
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1])")
def _tools(buf: Any, end: int, bit: int, params: Any, work: Any) -> int:
    """Step over pulse_data, tns_data and gain_control_data with their flags (Tables 4.7, 4.54, 4.51)."""
    sequence = work[W_SEQUENCE]
    short = sequence == EIGHT_SHORT
    bit += 1
    if peek(buf, end, bit - 1, 1):
        head = peek(buf, end, bit, 8)
        bit += 8
        if short or (head & 63) >= params[LONG_BANDS]:
            return fail(end, bit)
        line = params[LONG_OFFSETS + (head & 63)]
        for _ in range((head >> 6) + 1):
            line += peek(buf, end, bit, 5)
            bit += 9
        if line >= params[FRAME_LENGTH]:
            return fail(end, bit)
    bit += 1
    if peek(buf, end, bit - 1, 1):
        max_order = 7 if short else params[TNS_ORDER]
        filter_bits = 1 if short else 2
        length_bits = 4 if short else 6
        order_bits = 3 if short else 5
        for _ in range(8 if short else 1):
            filters = peek(buf, end, bit, filter_bits)
            bit += filter_bits
            if filters == 0:
                continue
            resolution = 3 + peek(buf, end, bit, 1)
            bit += 1
            for _ in range(filters):
                bit += length_bits
                order = peek(buf, end, bit, order_bits)
                bit += order_bits
                if order > max_order:
                    return fail(end, bit)
                if order > 0:
                    compress = peek(buf, end, bit, 2) & 1
                    bit += 2 + order * (resolution - compress)
    bit += 1
    if peek(buf, end, bit - 1, 1):
        if params[OBJECT_TYPE] != SSR:
            return fail(end, bit)
        bands = peek(buf, end, bit, 2)
        bit += 2
        windows = 8 if short else (1 if sequence == 0 else 2)
        for _ in range(bands):
            for window in range(windows):
                location = 5
                if short or (sequence == LONG_START and window == 1):
                    location = 2
                elif sequence != 0 and window == 0:
                    location = 4
                bit += 3 + peek(buf, end, bit, 3) * (4 + location)
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1])")
def _spectral(buf: Any, end: int, bit: int, tables: Any, work: Any) -> int:
    """Step over spectral_data (Table 4.56).

    ``acc`` holds the last bits read, of which ``have`` are unused; at most 56, so plain int64 suffices. One look at
    ``LOOK_BITS`` bits steps over all the code words complete in them, or as many as the section has left.
    """
    at = bit >> 3
    acc = peek(buf, end, at << 3, 8)
    have = 8 - (bit & 7)
    at += 1
    for row in range(W_SECTIONS, W_SECTIONS + 3 * work[W_COUNT], 3):
        book = work[row]
        left = work[row + 2]
        if book == 0 or book > ESCAPE:
            continue
        base = book << LOOK_BITS
        while left > 0:
            if have < 24:
                acc = (acc & 0xFFFFFF) << 32
                if at + 4 <= end:
                    acc |= (int(np.int64(buf[at])) << 24) | (int(np.int64(buf[at + 1])) << 16)
                    acc |= (int(np.int64(buf[at + 2])) << 8) | int(np.int64(buf[at + 3]))
                else:
                    for i in range(4):
                        if at + i < end:
                            acc |= int(np.int64(buf[at + i])) << (24 - 8 * i)
                at += 4
                have += 32
            entry = tables[base + ((acc >> (have - LOOK_BITS)) & LOOK_MASK)]
            count = entry >> COUNT_SHIFT
            if count > 0:
                count = min(count, left)
                have -= (entry >> (5 * count)) & 31
                left -= count
                continue
            left -= 1
            if entry == 0:
                look = (acc >> (have - TAIL_BITS)) & TAIL_MASK
                have -= tables[tables[TAIL_AT + 2 * book + 1] + look - tables[TAIL_AT + 2 * book]]
                continue
            have -= entry & 31
            bit = (at << 3) - have
            for _ in range(entry >> 5):
                look = peek(buf, end, bit, 9)
                ones = 0
                while (look >> (8 - ones)) & 1:
                    ones += 1
                    if ones == 9:
                        return fail(end, bit + 9)
                bit += 2 * ones + 5
            at = bit >> 3
            acc = peek(buf, end, at << 3, 8)
            have = 8 - (bit & 7)
            at += 1
    return (at << 3) - have


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1], int64)")
def channel_stream(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any, kind: int) -> int:
    """Step over individual_channel_stream (Table 4.50); ``kind`` is a sum of OWN_INFO and RIGHT."""
    gain = peek(buf, end, bit, 8)
    bit += 8
    if kind & OWN_INFO:
        bit = ics_info(buf, end, bit, params, work, 0)
        if bit < 0:
            return bit
    if work[W_FIRST_SEEN] == 0:
        work[W_FIRST_SEEN] = 1
        work[W_FIRST_GAIN] = gain
        work[W_FIRST_MAX_SFB] = work[W_MAX_SFB]
        work[W_FIRST_SEQUENCE] = work[W_SEQUENCE]
    bit = _sections(buf, end, bit, params, work, kind & RIGHT)
    if bit < 0:
        return bit
    bit = _scale_factors(buf, end, bit, tables, work, gain)
    if bit < 0:
        return bit
    bit = _tools(buf, end, bit, params, work)
    if bit < 0:
        return bit
    if bit > end << 3:
        return NEED_MORE
    return _spectral(buf, end, bit, tables, work)
