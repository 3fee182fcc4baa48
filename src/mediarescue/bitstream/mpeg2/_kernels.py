"""The walk through the macroblocks of a slice: every bit is accounted for, nothing is decoded (ISO/IEC 13818-2 6.2).

Bit positions count from the start of the buffer; bits from byte ``end`` on read as 0. Negative returns: INVALID,
NEED_MORE.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream._peek import peek
from mediarescue.bitstream.columns import INVALID as _INVALID
from mediarescue.bitstream.columns import NEED_MORE as _NEED_MORE
from mediarescue.bitstream.jit import kernel, part
from mediarescue.bitstream.mpeg2 import layout as _l
from mediarescue.bitstream.mpeg2 import tables as _t

INVALID, NEED_MORE = int(_INVALID), int(_NEED_MORE)
MPEG1, WIDTH, ROWS, KIND = int(_l.Param.MPEG1), int(_l.Param.WIDTH), int(_l.Param.ROWS), int(_l.Param.KIND)
F_CODE, FRAME_PICTURE = int(_l.Param.F_CODE), int(_l.Param.FRAME_PICTURE)
FRAME_PRED, CONCEALMENT = int(_l.Param.FRAME_PRED_FRAME_DCT), int(_l.Param.CONCEALMENT)
INTRA_TABLE, CHROMA_BLOCKS = int(_l.Param.INTRA_TABLE), int(_l.Param.CHROMA_BLOCKS)
FIRST_WALKED, TALL = int(_l.Param.FIRST_WALKED), int(_l.Param.TALL)
ADDRESS = int(_l.Param.ADDRESS)

END_OF_BLOCK, ESCAPE = _t.END_OF_BLOCK, _t.ESCAPE
INCREMENT_ESCAPE, INCREMENT_STUFFING = _t.INCREMENT_ESCAPE, _t.INCREMENT_STUFFING
QUANT, FORWARD, BACKWARD, CODED, INTRA = _t.QUANT, _t.FORWARD, _t.BACKWARD, _t.CODED, _t.INTRA
TABLE_ZERO, INCREMENT, PATTERN, TYPES = _t.TABLE_ZERO, _t.INCREMENT, _t.PATTERN, _t.TYPES
MOTION, DC_LUMINANCE, DC_CHROMINANCE = _t.MOTION, _t.DC_LUMINANCE, _t.DC_CHROMINANCE
TYPE_BITS = _t.TYPE_BITS
MACROBLOCK_BYTES = 2304
"""Twelve blocks of 64 escaped coefficients."""


@part
def fail(end: int, bit: int) -> int:
    """Return what a code that does not exist at ``bit`` means: NEED_MORE where bits behind ``end`` are part of it."""
    return NEED_MORE if bit + 24 > end << 3 else INVALID


@kernel("int64(uint8[::1], int64, int64, int64, int64, int64, int64[::1])")
def _coefficients(buf: Any, end: int, bit: int, index: int, base: int, mpeg1: int, tables: Any) -> int:
    """Step over the coefficients from ``index`` on, and end_of_block (6.2.6)."""
    if index == 0 and peek(buf, end, bit, 1):  # the first of a block that is not intra: run 0, level 1 in two bits
        bit += 2
        index = 1
    while True:
        found = int(tables[base + peek(buf, end, bit, 16)])
        if found == 0:
            return fail(end, bit)
        run = found >> 8
        bit += found & 255
        if run == END_OF_BLOCK:
            return bit
        if run == ESCAPE:
            run = peek(buf, end, bit, 6)
            bit += 6
            if mpeg1:
                level = peek(buf, end, bit, 8)
                bit += 16 if level & 127 == 0 else 8
            else:
                if peek(buf, end, bit, 12) & 2047 == 0:
                    return fail(end, bit)
                bit += 12
        index += run + 1
        if index > 64:
            return fail(end, bit)


@kernel("int64(uint8[::1], int64, int64, int64, int64, int64[::1], int64[::1])")
def _vectors(buf: Any, end: int, bit: int, side: int, motion: int, params: Any, tables: Any) -> int:
    """Step over motion_vectors(side) (6.2.5.2); ``motion`` is frame_motion_type or field_motion_type."""
    frame = params[FRAME_PICTURE]
    count = 1
    select = 0
    if frame:
        if motion == 1:
            count, select = 2, 1
    else:
        count, select = (2, 1) if motion == 2 else (1, 1)
    if motion == 3:
        count, select = 1, 0
    for _ in range(count):
        bit += select
        for axis in range(2):
            found = int(tables[MOTION + peek(buf, end, bit, 10)])
            if found == 0:
                return fail(end, bit)
            bit += found & 255
            if found >> 8:
                bit += params[F_CODE + 2 * side + axis]  # sign, and motion_residual of f_code - 1 bits
            if motion == 3:
                bit += 1 + peek(buf, end, bit, 1)
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1])")
def _macroblock(buf: Any, end: int, bit: int, params: Any, tables: Any) -> int:
    """Step over a macroblock behind its address increment (6.2.5)."""
    kind = int(tables[TYPES + ((params[KIND] - 1) << TYPE_BITS) + peek(buf, end, bit, TYPE_BITS)])
    if kind == 0:
        return fail(end, bit)
    bit += kind & 255
    kind >>= 8
    frame, choice = params[FRAME_PICTURE], 1 - params[FRAME_PRED]
    motion = 2 if frame else 1
    if kind & (FORWARD | BACKWARD) and (choice or not frame):
        motion = peek(buf, end, bit, 2)
        bit += 2
        if motion == 0:
            return fail(end, bit)
    if frame and choice and kind & (INTRA | CODED):
        bit += 1
    if kind & QUANT:
        if peek(buf, end, bit, 5) == 0:
            return fail(end, bit)
        bit += 5
    concealed = 1 if kind & INTRA and params[CONCEALMENT] else 0
    if kind & FORWARD or concealed:
        bit = _vectors(buf, end, bit, 0, motion, params, tables)
        if bit < 0:
            return bit
    if kind & BACKWARD:
        bit = _vectors(buf, end, bit, 1, motion, params, tables)
        if bit < 0:
            return bit
    if concealed:
        if peek(buf, end, bit, 1) == 0:
            return fail(end, bit)
        bit += 1
    chroma = params[CHROMA_BLOCKS]
    mpeg1 = params[MPEG1]
    if kind & INTRA:
        for block in range(4 + chroma):
            base = DC_LUMINANCE if block < 4 else DC_CHROMINANCE
            found = int(tables[base + peek(buf, end, bit, 10)])
            bit += (found & 255) + (found >> 8)
            bit = _coefficients(buf, end, bit, 1, params[INTRA_TABLE], mpeg1, tables)
            if bit < 0:
                return bit
    elif kind & CODED:
        found = int(tables[PATTERN + peek(buf, end, bit, 9)])
        if found == 0 or (found >> 8 == 0 and chroma == 2):
            return fail(end, bit)
        bit += found & 255
        pattern = found >> 8
        if chroma > 2:
            pattern = pattern << (chroma - 2) | peek(buf, end, bit, chroma - 2)
            bit += chroma - 2
        while pattern:
            if pattern & 1:
                bit = _coefficients(buf, end, bit, 0, TABLE_ZERO, mpeg1, tables)
                if bit < 0:
                    return bit
            pattern >>= 1
    return bit


@kernel("int64(uint8[::1], int64, int64, int64, int64[::1], int64[::1])")
def _slice(buf: Any, end: int, at: int, row: int, params: Any, tables: Any) -> int:
    """Return the byte behind the slice whose start code is at ``at`` (6.2.4); ``params`` get its last address."""
    bit = (at << 3) + 32 + (3 if params[TALL] else 0)
    if peek(buf, end, bit, 5) == 0:
        return fail(end, bit)
    bit += 5
    while peek(buf, end, bit, 1):
        bit += 9
        if bit > end << 3:
            return NEED_MORE
    bit += 1
    width = params[WIDTH]
    last = width * params[ROWS] - 1
    stop = last if params[MPEG1] else width * row - 1
    address = width * (row - 1) - 1
    while True:
        increment = 0
        while True:
            found = int(tables[INCREMENT + peek(buf, end, bit, 11)])
            value = found >> 8
            if found == 0 or (value == INCREMENT_STUFFING and not params[MPEG1]):
                return fail(end, bit)
            bit += 11 if value >= INCREMENT_ESCAPE else found & 255
            if value < INCREMENT_ESCAPE:
                increment += value
                break
            if value == INCREMENT_ESCAPE:
                increment += 33
            if increment > stop + 1 or bit > end << 3:
                return fail(end, bit)
        address += increment
        if address > stop or (params[KIND] == 1 and increment > 1 and address - increment >= width * (row - 1)):
            return fail(end, bit)
        bit = _macroblock(buf, end, bit, params, tables)
        if bit < 0:
            return bit
        if bit > end << 3:
            return NEED_MORE
        padding = -bit & 7
        if address == last or peek(buf, end, bit, 23) == 0:
            if padding and peek(buf, end, bit, padding):
                return INVALID
            params[ADDRESS] = address
            return (bit + 7) >> 3


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1])")
def slices_end(buf: Any, at: int, end: int, params: Any, tables: Any) -> int:
    """Return the byte behind the last macroblock of the picture whose first slice start code is at ``at``.

    Slices above ``params[FIRST_WALKED]`` are stepped over by their start codes, in rising order of their rows.
    """
    row = 0
    last = params[WIDTH] * params[ROWS] - 1
    while True:
        if at + 5 > end:
            return NEED_MORE
        code = int(np.int64(buf[at + 3]))
        if code < 1 or code > 0xAF:
            return INVALID
        vertical = code
        if params[TALL]:
            vertical += (int(np.int64(buf[at + 4])) >> 5) << 7
        if vertical < row or vertical > params[ROWS] or (row == 0 and vertical > 1):
            return INVALID
        row = vertical
        limit = at + 4 + MACROBLOCK_BYTES * params[WIDTH]
        if row >= params[FIRST_WALKED]:
            behind = _slice(buf, end, at, row, params, tables)
            if behind < 0:
                return behind
            if params[ADDRESS] == last:
                return behind
            at, limit = behind, end  # zero bytes up to the next start code
        else:
            at += 5
        while True:
            if at + 3 > end:
                return NEED_MORE
            third = int(np.int64(buf[at + 2]))
            if third > 1:
                at += 3
            elif third == 1 and buf[at] == 0 and buf[at + 1] == 0:
                break
            else:
                at += 1
            if at > limit:
                return INVALID
