"""Headers inside a picture: groups of blocks and slices of H.263, video packets of MPEG-4 Visual.

Bit positions, ``end`` and negative returns are as in ``_kernels``.
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream._peek import peek
from mediarescue.bitstream.jit import kernel
from mediarescue.bitstream.mpeg4 import layout as _l
from mediarescue.bitstream.mpeg4._bit_kernels import fail

KIND, COUNT, GROUP = int(_l.Param.KIND), int(_l.Param.COUNT), int(_l.Param.GROUP)
SLICES, MULTIPOINT, ADDRESS_BITS = int(_l.Param.SLICES), int(_l.Param.MULTIPOINT), int(_l.Param.ADDRESS_BITS)
MARKER_BITS, TIME_BITS, QUANT_BITS = int(_l.Param.MARKER_BITS), int(_l.Param.TIME_BITS), int(_l.Param.QUANT_BITS)
WARPING_POINTS = int(_l.Param.WARPING_POINTS)
INTRA, BIDIRECTIONAL = int(_l.Kind.INTRA), int(_l.Kind.BIDIRECTIONAL)
W_QUANT = int(_l.Work.QUANT)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64)")
def group_header(buf: Any, end: int, bit: int, params: Any, number: int) -> int:
    """Step over the header of a group of blocks or a slice, if there is one (H.263 5.2, K.2)."""
    word = peek(buf, end, bit, 25)
    if word >> 9:
        return bit
    zeros = 16
    while zeros < 25 and (word >> (24 - zeros)) & 1 == 0:
        zeros += 1
    bit += zeros + 1
    if zeros > 23:
        return fail(end, bit)
    if params[SLICES]:
        head = peek(buf, end, bit, 1 + params[ADDRESS_BITS])
        bit += 1 + params[ADDRESS_BITS]
        if head != (1 << params[ADDRESS_BITS]) | number:
            return fail(end, bit)
        if params[COUNT] > 1583:
            bit += 1
        if peek(buf, end, bit, 5) == 0 or peek(buf, end, bit + 5, 1) == 0:
            return fail(end, bit + 6)
        return bit + 8
    if peek(buf, end, bit, 5) != number // params[GROUP]:
        return fail(end, bit + 5)
    bit += 7 + 2 * params[MULTIPOINT]
    if peek(buf, end, bit, 5) == 0:
        return fail(end, bit + 5)
    return bit + 5


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64, int64)")
def packet_header(buf: Any, end: int, bit: int, params: Any, work: Any, first: int, number: int) -> int:
    """Step over the header of a video packet, if there is one (ISO/IEC 14496-2 6.2.5.2).

    It names a macroblock from ``first``, the one behind the last with any bits, to ``number``, the next with some.
    """
    stuffing = 8 - (bit & 7)
    if peek(buf, end, bit, stuffing) != (1 << (stuffing - 1)) - 1:
        return bit
    length = params[MARKER_BITS]
    marker = peek(buf, end, bit + stuffing, length)
    if marker == 0:
        return fail(end, bit + stuffing + length)
    if marker != 1:
        return bit
    bit += stuffing + length
    named = peek(buf, end, bit, params[ADDRESS_BITS])
    bit += params[ADDRESS_BITS]
    if named < first or named > number:
        return fail(end, bit)
    quant = peek(buf, end, bit, params[QUANT_BITS])
    bit += params[QUANT_BITS]
    if quant == 0:
        return fail(end, bit)
    work[W_QUANT] = quant
    bit += 1
    if peek(buf, end, bit - 1, 1) == 0:
        return bit
    while peek(buf, end, bit, 1):
        bit += 1
    bit += 3 + params[TIME_BITS]  # between marker bits
    if peek(buf, end, bit - 1, 1) == 0 or peek(buf, end, bit, 2) != params[KIND] or params[WARPING_POINTS]:
        return fail(end, bit + 2)
    bit += 5
    if params[KIND] != INTRA:
        bit += 3
    if params[KIND] == BIDIRECTIONAL:
        bit += 3
    return bit
