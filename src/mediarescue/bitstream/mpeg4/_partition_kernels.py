"""The walk over a VOP with data partitioning (ISO/IEC 14496-2 6.2.5.4): vectors, patterns and coefficients apart.

Bit positions, ``end`` and negative returns are as in ``_kernels``.
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream._peek import peek
from mediarescue.bitstream.jit import kernel
from mediarescue.bitstream.mpeg4 import layout as _l
from mediarescue.bitstream.mpeg4 import tables as _t
from mediarescue.bitstream.mpeg4._bit_kernels import fail
from mediarescue.bitstream.mpeg4._header_kernels import packet_header
from mediarescue.bitstream.mpeg4._kernels import (
    COUNT,
    FORWARD_BITS,
    GLOBAL_MOTION,
    INTER_AT,
    INTER_TYPE_AT,
    INTRA,
    INTRA_AT,
    INTRA_DC_LIMIT,
    INTRA_TYPE_AT,
    KIND,
    MARKER_BITS,
    PATTERN_AT,
    QUANT_BITS,
    TYPE_FOUR,
    TYPE_INTRA,
    TYPE_QUANT,
    VISUAL_ESCAPE,
    W_MAPS,
    W_QUANT,
    coefficients,
    dc_size,
    vectors,
)

REVERSIBLE, W_NEXT = int(_l.Param.REVERSIBLE), int(_l.Work.NEXT)
REVERSIBLE_INTER_AT, REVERSIBLE_INTRA_AT = _t.REVERSIBLE_INTER_AT, _t.REVERSIBLE_INTRA_AT

DC_MARKER, MOTION_MARKER = 0x6B001, 0x1F001
OWN_DC, NOT_CODED = 1 << 16, 1 << 17
"""Bits of a macroblock's note above its pattern and, from bit 8 on, its type."""


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64, int64)")
def reversible_coefficients(buf: Any, end: int, bit: int, tables: Any, book: int, place: int) -> int:
    """Step over the coefficients of a block in reversible codes (7.4.1.3, Tables B-23 to B-25)."""
    while True:
        entry = tables[book + peek(buf, end, bit, 15)]
        if entry == 0:
            return fail(end, bit + 15)
        bit += entry & 31
        last = (entry >> 16) & 1
        run = (entry >> 8) & 255
        if entry >> 24 == 0:
            head = peek(buf, end, bit, 9)
            tail = peek(buf, end, bit + 9, 17)
            bit += 26
            last = (head >> 7) & 1
            run = (head >> 1) & 63
            if head & 0x101 != 0x101 or tail >> 6 == 0 or (tail >> 1) & 31 != 16:
                return fail(end, bit)
        place += run + 1
        if place > 64:
            return fail(end, bit)
        if last:
            return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1])")
def six_dc(buf: Any, end: int, bit: int, tables: Any) -> int:
    """Step over the DC coefficients of a macroblock."""
    for block in range(6):
        bit = dc_size(buf, end, bit, tables, block)
        if bit < 0:
            break
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64)")
def quantiser(buf: Any, end: int, bit: int, params: Any, work: Any, kind: int) -> int:
    """Step over dquant where the type has it; returns whether DC coefficients have a code of their own, then bits."""
    quant = work[W_QUANT]
    taken = 0
    if kind & TYPE_QUANT:
        step = peek(buf, end, bit, 2)
        taken = 2
        work[W_QUANT] = min(max(quant + (step - 1 if step > 1 else -1 - step), 1), (1 << params[QUANT_BITS]) - 1)
    return taken | (OWN_DC if quant < params[INTRA_DC_LIMIT] else 0)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1], int64)")
def first_partition(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any, number: int) -> int:
    """Step over types and motion, or types and DC coefficients, and their marker; notes them from ``number`` on."""
    still = params[KIND] == INTRA
    notes = W_MAPS + 2 * params[COUNT]
    while peek(buf, end, bit, 19 if still else 17) != (DC_MARKER if still else MOTION_MARKER):
        if peek(buf, end, bit, 9 if still else 10) == 1:
            bit += 9 if still else 10
            continue
        if number >= params[COUNT]:
            return fail(end, bit + 19)
        work[W_MAPS + number] = 0
        if still:
            entry = tables[INTRA_TYPE_AT + peek(buf, end, bit, 12)]
        else:
            bit += 1
            if peek(buf, end, bit - 1, 1):
                work[W_MAPS + number] = 1 - params[GLOBAL_MOTION]
                work[notes + number] = NOT_CODED
                number += 1
                continue
            entry = tables[INTER_TYPE_AT + peek(buf, end, bit, 13)]
        if entry == 0:
            return fail(end, bit + 13)
        bit += entry & 255
        kind = entry >> 8
        note = kind << 8
        if still:
            taken = quantiser(buf, end, bit, params, work, kind)
            bit += taken & 255
            if taken & OWN_DC:
                note |= OWN_DC
                bit = six_dc(buf, end, bit, tables)
        elif kind & TYPE_INTRA == 0:
            by_global = 0
            if params[GLOBAL_MOTION] and kind & TYPE_FOUR == 0:
                by_global = peek(buf, end, bit, 1)
                bit += 1
            if by_global == 0:
                bit = vectors(buf, end, bit, tables, 8 if kind & TYPE_FOUR else 2, params[FORWARD_BITS])
        if bit < 0:
            return bit
        work[notes + number] = note
        number += 1
    work[W_NEXT] = number
    return bit + (19 if still else 17)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1], int64)")
def second_partition(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any, note_at: int) -> int:
    """Step over what the second partition has of a macroblock: AC prediction, pattern, quantiser, DC coefficients."""
    note = work[note_at]
    kind = (note >> 8) & 255
    intra = kind & TYPE_INTRA
    if intra:
        bit += 1
    entry = tables[PATTERN_AT + peek(buf, end, bit, 12)]
    if entry == 0:
        return fail(end, bit + 12)
    bit += entry & 255
    pattern = entry >> 8
    if intra == 0:
        pattern = 15 - pattern
    note |= (pattern << 2) | (kind & 3)
    if params[KIND] != INTRA:
        taken = quantiser(buf, end, bit, params, work, kind)
        bit += taken & 255
        if intra and taken & OWN_DC:
            note |= OWN_DC
            bit = six_dc(buf, end, bit, tables)
    work[note_at] = note
    return bit


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1])")
def walk_partitions(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any) -> int:
    """Step over all video packets of an I, P or S-VOP; ``bit`` is behind the VOP's header."""
    count = params[COUNT]
    notes = W_MAPS + 2 * count
    first = 0
    while True:
        bit = first_partition(buf, end, bit, params, tables, work, first)
        if bit < 0:
            return bit
        behind = work[W_NEXT]
        if behind == first:
            return fail(end, bit)
        for number in range(first, behind):
            if work[notes + number] & NOT_CODED == 0:
                bit = second_partition(buf, end, bit, params, tables, work, notes + number)
                if bit < 0:
                    return bit
        for number in range(first, behind):
            note = work[notes + number]
            intra = (note >> 8) & TYPE_INTRA
            for block in range(6):
                if (note >> (5 - block)) & 1 == 0:
                    continue
                place = 1 if note & OWN_DC else 0
                if params[REVERSIBLE]:
                    book = REVERSIBLE_INTRA_AT if intra else REVERSIBLE_INTER_AT
                    bit = reversible_coefficients(buf, end, bit, tables, book, place)
                else:
                    bit = coefficients(buf, end, bit, tables, INTRA_AT if intra else INTER_AT, place, VISUAL_ESCAPE)
                if bit < 0:
                    return bit
        first = behind
        if first == count:
            return bit
        start = bit
        if params[MARKER_BITS]:
            bit = packet_header(buf, end, bit, params, work, first, first)
        if bit == start:
            return fail(end, bit + 32)
        if bit < 0:
            return bit
