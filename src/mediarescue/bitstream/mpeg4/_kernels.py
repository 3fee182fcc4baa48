"""The walk over the macroblocks of a picture: every bit is accounted for, nothing is decoded.

H.263 (5.3, 5.4 and Annexes D, I, K, S, T) and MPEG-4 Visual (ISO/IEC 14496-2 6.2.5 to 6.2.7) share it. Functions take
and return a bit position from the start of ``buf``; a negative one is INVALID or NEED_MORE. Behind ``end`` all bits
read as 0, and a position behind it is NEED_MORE, whatever those zeros meant. numba's cache does not notice a changed
constant of another file: after an edit in ``layout``, ``tables``, ``_bit_kernels`` or ``_peek``, touch all
``_*_kernels``.
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream._peek import peek
from mediarescue.bitstream.jit import kernel
from mediarescue.bitstream.mpeg4 import layout as _l
from mediarescue.bitstream.mpeg4 import tables as _t
from mediarescue.bitstream.mpeg4._bit_kernels import INVALID, NEED_MORE, fail
from mediarescue.bitstream.mpeg4._header_kernels import group_header, packet_header

KIND, VISUAL, COUNT, GROUP = int(_l.Param.KIND), int(_l.Param.VISUAL), int(_l.Param.COUNT), int(_l.Param.GROUP)
SLICES = int(_l.Param.SLICES)
ADVANCED_INTRA, MODIFIED_QUANT = int(_l.Param.ADVANCED_INTRA), int(_l.Param.MODIFIED_QUANT)
LONG_VECTORS, ALTERNATIVE_INTER = int(_l.Param.LONG_VECTORS), int(_l.Param.ALTERNATIVE_INTER)
INTERLACED, GLOBAL_MOTION = int(_l.Param.INTERLACED), int(_l.Param.GLOBAL_MOTION)
FORWARD_BITS, BACKWARD_BITS = int(_l.Param.FORWARD_BITS), int(_l.Param.BACKWARD_BITS)
MARKER_BITS, QUANT_BITS = int(_l.Param.MARKER_BITS), int(_l.Param.QUANT_BITS)
INTRA_DC_LIMIT = int(_l.Param.INTRA_DC_LIMIT)
INTRA, BIDIRECTIONAL = int(_l.Kind.INTRA), int(_l.Kind.BIDIRECTIONAL)
W_QUANT, W_MAPS = int(_l.Work.QUANT), int(_l.Work.MAPS)

INTER_AT, INTRA_AT, ADVANCED_AT = _t.INTER_AT, _t.INTRA_AT, _t.ADVANCED_AT
MOTION_AT, LUMINANCE_AT, CHROMINANCE_AT = _t.MOTION_AT, _t.LUMINANCE_AT, _t.CHROMINANCE_AT
PATTERN_AT, INTRA_TYPE_AT, INTER_TYPE_AT = _t.PATTERN_AT, _t.INTRA_TYPE_AT, _t.INTER_TYPE_AT
LONGEST_RUN_AT = _t.LONGEST_RUN_AT

TYPE_INTRA, TYPE_QUANT, TYPE_FOUR = 4, 8, 16
H263_ESCAPE, VISUAL_ESCAPE, LONG_ESCAPE = 0, 1, 2


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64, int64, int64)")
def coefficients(buf: Any, end: int, bit: int, tables: Any, book: int, place: int, escape: int) -> int:
    """Step over the coefficients of a block, the first at ``place`` (H.263 5.4.2, ISO/IEC 14496-2 7.4.1.3)."""
    while True:
        word = peek(buf, end, bit, 25)
        entry = tables[book + (word >> 13)]
        bit += entry & 31
        last = (entry >> 16) & 1
        run = (entry >> 8) & 255
        if entry >> 24 == 0:
            if entry == 0:
                return fail(end, bit + 12)
            word = peek(buf, end, bit, 25)
            if escape != VISUAL_ESCAPE:
                last = word >> 24
                run = (word >> 18) & 63
                level = (word >> 10) & 255
                bit += 15
                if level == 0 or (level == 128 and escape == H263_ESCAPE):
                    return fail(end, bit)
                if level == 128:
                    bit += 11
            elif word >> 23 == 3:
                last = (word >> 22) & 1
                run = (word >> 16) & 63
                bit += 23
                # the level between its marker bits is neither 0 nor -2048
                if word & 0x8004 != 0x8004 or (word >> 3) & 0x7FF == 0:
                    return fail(end, bit)
            else:
                second = word >> 24
                entry = tables[book + ((word >> (12 - second)) & 4095)]
                bit += 1 + second + (entry & 31)
                if entry >> 24 == 0:
                    return fail(end, bit + 12)
                last = (entry >> 16) & 1
                run = (entry >> 8) & 255
                if second:
                    half = 128 if book == INTER_AT else 0
                    run += tables[LONGEST_RUN_AT + half + 64 * last + (entry >> 24)] + 1
        place += run + 1
        if place > 64:
            return fail(end, bit)
        if last:
            return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64)")
def dc_size(buf: Any, end: int, bit: int, tables: Any, block: int) -> int:
    """Step over a DC coefficient of MPEG-4 (6.2.8)."""
    at = CHROMINANCE_AT if block > 3 else LUMINANCE_AT
    entry = tables[at + peek(buf, end, bit, 12)]
    if entry == 0 or entry >> 8 > 9:
        return fail(end, bit + 12)
    size = entry >> 8
    bit += (entry & 255) + size
    if size > 8:
        bit += 1
        if peek(buf, end, bit - 1, 1) == 0:
            return fail(end, bit)
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64, int64, int64)")
def blocks(buf: Any, end: int, bit: int, params: Any, tables: Any, pattern: int, intra: int, own_dc: int) -> int:
    """Step over the six blocks of a macroblock; ``own_dc``: DC coefficients of MPEG-4 have a code of their own."""
    visual = params[VISUAL]
    escape = VISUAL_ESCAPE if visual else (LONG_ESCAPE if params[MODIFIED_QUANT] else H263_ESCAPE)
    advanced = params[ADVANCED_INTRA]
    book = INTER_AT
    if intra and visual:
        book = INTRA_AT
    elif intra and advanced:
        book = ADVANCED_AT
    for block in range(6):
        place = 0
        if intra and visual:
            if own_dc:
                place = 1
                bit = dc_size(buf, end, bit, tables, block)
                if bit < 0:
                    return bit
        elif intra and advanced == 0:
            place = 1
            bit += 8
            if peek(buf, end, bit - 8, 8) & 127 == 0:
                return fail(end, bit)
        if (pattern >> (5 - block)) & 1:
            start = bit
            bit = coefficients(buf, end, start, tables, book, place, escape)
            if bit == INVALID and params[ALTERNATIVE_INTER] and intra == 0:
                bit = coefficients(buf, end, start, tables, ADVANCED_AT, place, escape)
            if bit < 0:
                return bit
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64, int64)")
def vectors(buf: Any, end: int, bit: int, tables: Any, count: int, residual_bits: int) -> int:
    """Step over ``count`` components of motion vector differences (H.263 5.3.7, ISO/IEC 14496-2 6.2.6.2)."""
    for _ in range(count):
        entry = tables[MOTION_AT + peek(buf, end, bit, 12)]
        if entry == 0:
            return fail(end, bit + 12)
        bit += entry & 255
        if entry >> 8:
            bit += 1 + residual_bits
    return bit


@kernel("int64(uint8[::1], int64, int64, int64)")
def long_vectors(buf: Any, end: int, bit: int, count: int) -> int:
    """Step over ``count`` vectors of two components in the reversible code (H.263 Table D.3)."""
    for _ in range(count):
        small = 0
        for _ in range(2):
            word = peek(buf, end, bit, 3)
            if word == 0:
                small += 1
            bit += 1
            if word & 4:
                continue
            bit += 1
            length = 0
            while peek(buf, end, bit, 1):
                bit += 2
                length += 1
                if length > 12:
                    return fail(end, bit)
            bit += 1
        if small == 2:  # six zeros in a row are followed by a 1
            bit += 1
            if peek(buf, end, bit - 1, 1) == 0:
                return fail(end, bit)
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1], int64)")
def macroblock(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any, number: int) -> int:
    """Step over a macroblock of an I, P or S picture (H.263 5.3, ISO/IEC 14496-2 6.2.6)."""
    visual, moving = params[VISUAL], params[KIND] != INTRA
    work[W_MAPS + number] = 0
    if moving:
        bit += 1
        if peek(buf, end, bit - 1, 1):
            work[W_MAPS + number] = 1 - params[GLOBAL_MOTION]
            return bit
        entry = tables[INTER_TYPE_AT + peek(buf, end, bit, 13)]
    else:
        entry = tables[INTRA_TYPE_AT + peek(buf, end, bit, 12)]
    if entry == 0:
        return fail(end, bit + 13)
    bit += entry & 255
    kind = entry >> 8
    intra = kind & TYPE_INTRA
    by_global = 0
    if intra:
        if visual:
            bit += 1
        elif params[ADVANCED_INTRA]:
            bit += 1 + peek(buf, end, bit, 1)
    elif params[GLOBAL_MOTION] and kind & TYPE_FOUR == 0:
        by_global = peek(buf, end, bit, 1)
        bit += 1
    entry = tables[PATTERN_AT + peek(buf, end, bit, 12)]
    if entry == 0:
        return fail(end, bit + 12)
    bit += entry & 255
    pattern = entry >> 8
    if intra == 0 and not (params[ALTERNATIVE_INTER] and kind & 3 == 3):
        pattern = 15 - pattern
    pattern = (pattern << 2) | (kind & 3)
    quant = work[W_QUANT]
    if kind & TYPE_QUANT:
        step = peek(buf, end, bit, 2)
        if params[MODIFIED_QUANT]:
            bit += 2 if step & 2 else 6
        else:
            bit += 2
            work[W_QUANT] = min(max(quant + (step - 1 if step > 1 else -1 - step), 1), (1 << params[QUANT_BITS]) - 1)
    count = 4 if kind & TYPE_FOUR else 1
    if params[INTERLACED]:
        if intra or pattern:
            bit += 1
        if intra == 0 and by_global == 0 and kind & TYPE_FOUR == 0:
            bit += 1
            if peek(buf, end, bit - 1, 1):
                bit += 2
                count = 2
    if intra == 0 and by_global == 0:
        if params[LONG_VECTORS]:
            bit = long_vectors(buf, end, bit, count)
        else:
            bit = vectors(buf, end, bit, tables, 2 * count, params[FORWARD_BITS])
        if bit < 0:
            return bit
    return blocks(buf, end, bit, params, tables, pattern, intra, 1 if quant < params[INTRA_DC_LIMIT] else 0)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1])")
def between_macroblock(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any) -> int:
    """Step over a macroblock of a B-VOP (ISO/IEC 14496-2 6.2.6)."""
    word = peek(buf, end, bit, 6)
    if word & 32:
        return bit + 1
    coded = word & 16 == 0
    bit += 2
    kind = 0  # direct, interpolated, backward, forward
    while kind < 4 and (word >> (3 - kind)) & 1 == 0:
        kind += 1
    bit += kind + 1
    if kind > 3:
        return fail(end, bit)
    pattern = 0
    if coded:
        pattern = peek(buf, end, bit, 6)
        bit += 6
    if kind and pattern:
        bit += 1 + peek(buf, end, bit, 1)
    count = 2
    if params[INTERLACED]:
        if pattern:
            bit += 1
        if kind:
            bit += 1
            if peek(buf, end, bit - 1, 1):
                bit += 4 if kind == 1 else 2
                count = 4
    if kind == 0:
        bit = vectors(buf, end, bit, tables, 2, 0)
    if kind == 1 or kind == 3:
        bit = vectors(buf, end, bit, tables, count, params[FORWARD_BITS])
    if (kind == 1 or kind == 2) and bit >= 0:
        bit = vectors(buf, end, bit, tables, count, params[BACKWARD_BITS])
    if bit < 0:
        return bit
    return blocks(buf, end, bit, params, tables, pattern, 0, 0)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1])")
def walk_picture(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any) -> int:
    """Step over all macroblocks of a picture that is not partitioned; ``bit`` is behind the picture's header.

    ``work`` must hold the quantiser and, for a B-VOP, which macroblocks of the anchor are not coded.
    """
    kind, count = params[KIND], params[COUNT]
    stuffing = 9 if kind == INTRA else 10
    number = behind = 0
    while number < count:
        if kind == BIDIRECTIONAL and work[W_MAPS + count + number]:
            number += 1
            continue
        if kind != BIDIRECTIONAL:
            while peek(buf, end, bit, stuffing) == 1:
                bit += stuffing
        if params[VISUAL] == 0:
            if number and (params[SLICES] or number % params[GROUP] == 0):
                bit = group_header(buf, end, bit, params, number)
        elif number and params[MARKER_BITS]:
            bit = packet_header(buf, end, bit, params, work, behind, number)
        if bit < 0:
            return bit
        if kind == BIDIRECTIONAL:
            bit = between_macroblock(buf, end, bit, params, tables, work)
        else:
            bit = macroblock(buf, end, bit, params, tables, work, number)
        if bit < 0:
            return bit
        if bit > end << 3:
            return NEED_MORE
        number += 1
        behind = number
    if behind < count and params[MARKER_BITS]:
        # a packet of nothing but macroblocks without bits; what is none of it is the end of the VOP
        bit = max(bit, packet_header(buf, end, bit, params, work, behind, count - 1))
    return bit
