"""The walk over AAC raw_data_blocks: every bit is accounted for, nothing is decoded (ISO/IEC 14496-3 4.4.2).

Bit positions, ``end`` and negative returns are as in the channel kernels.
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream._peek import peek
from mediarescue.bitstream.aac import layout as _l
from mediarescue.bitstream.aac.channel._kernels import (
    INVALID,
    NEED_MORE,
    OWN_INFO,
    RIGHT,
    W_COUNT,
    W_FIRST_GAIN,
    W_FIRST_MAX_SFB,
    W_FIRST_SEEN,
    W_FIRST_SEQUENCE,
    W_GROUPS,
    W_MAX_SFB,
    W_SECTIONS,
    channel_stream,
    fail,
    ics_info,
    scale_word,
)
from mediarescue.bitstream.jit import kernel, part

COUNT_REACHED = 0

MIN_SIZE, MAX_SIZE, ZERO_PADDING = int(_l.Param.MIN_SIZE), int(_l.Param.MAX_SIZE), int(_l.Param.ZERO_PADDING)
C_SIZE, C_SIGNATURE = int(_l.FrameColumn.SIZE), int(_l.FrameColumn.SIGNATURE)
C_PADDING, C_GAIN = int(_l.FrameColumn.PADDING_ZERO), int(_l.FrameColumn.GLOBAL_GAIN)
C_MAX_SFB, C_SEQUENCE = int(_l.FrameColumn.MAX_SFB), int(_l.FrameColumn.WINDOW_SEQUENCE)
C_FILL = int(_l.FrameColumn.FILL_SIZE)

SCE, CPE, CCE, LFE, DSE, PCE, FIL, END = 0, 1, 2, 3, 4, 5, 6, 7
MAX_ELEMENTS = 64


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1])")
def _pair(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any) -> int:
    """Step over a channel_pair_element behind its tag (Table 4.5)."""
    bit += 1
    own = OWN_INFO
    if peek(buf, end, bit - 1, 1):
        own = 0
        bit = ics_info(buf, end, bit, params, work, 1)
        if bit < 0:
            return bit
        mask = peek(buf, end, bit, 2)
        bit += 2
        if mask == 3:
            return fail(end, bit)
        if mask == 1:
            bit += work[W_GROUPS] * work[W_MAX_SFB]
    bit = channel_stream(buf, end, bit, params, tables, work, own)
    if bit < 0:
        return bit
    return channel_stream(buf, end, bit, params, tables, work, own | RIGHT)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1])")
def _coupling(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any) -> int:
    """Step over a coupling_channel_element behind its tag (Table 4.8)."""
    head = peek(buf, end, bit, 4)
    bit += 4
    independent = head & 8
    lists = 0
    for _ in range((head & 7) + 1):
        lists += 1
        target = peek(buf, end, bit, 7)
        bit += 5
        if target & 64:
            bit += 2
            if target & 3 == 3:
                lists += 1
    bit = channel_stream(buf, end, bit + 4, params, tables, work, OWN_INFO)
    if bit < 0:
        return bit
    for _ in range(lists - 1):
        common_gain = 1
        if independent == 0:
            common_gain = peek(buf, end, bit, 1)
            bit += 1
        if common_gain:
            bit += scale_word(buf, end, bit, tables) >> 8
            continue
        for row in range(W_SECTIONS, W_SECTIONS + 3 * work[W_COUNT], 3):
            if work[row] != 0:
                for _ in range(work[row + 1]):
                    bit += scale_word(buf, end, bit, tables) >> 8
    return bit


@kernel("int64(uint8[::1], int64, int64, int64)")
def _plain_element(buf: Any, end: int, bit: int, element: int) -> int:
    """Step over a fill, data or program config element behind its id and tag (Tables 4.11, 4.10, 4.2)."""
    if element == FIL:
        count = peek(buf, end, bit, 4)
        bit += 4
        if count == 15:
            count += peek(buf, end, bit, 8) - 1
            bit += 8
        return bit + 8 * count
    if element == DSE:
        head = peek(buf, end, bit, 9)
        bit += 9
        count = head & 255
        if count == 255:
            count += peek(buf, end, bit, 8)
            bit += 8
        if head & 256:
            bit = (bit + 7) & ~7
        return bit + 8 * count
    # object_type and sampling_frequency_index, 6 bits, lie before the counts of elements.
    front = peek(buf, end, bit + 6, 12)
    rest = peek(buf, end, bit + 18, 9)
    bit += 27
    words = (front >> 8) + ((front >> 4) & 15) + (front & 15) + (rest & 15)
    short_words = (rest >> 7) + ((rest >> 4) & 7)
    for size in (4, 4, 3):
        bit += 1
        if peek(buf, end, bit - 1, 1):
            bit += size
    bit += 5 * words + 4 * short_words
    bit = (bit + 7) & ~7
    return bit + 8 + 8 * peek(buf, end, bit, 8)


@part
def _signed(signature: int, depth: int, code: int) -> int:
    """Return the signature with one more element; from the eighth on they are folded in."""
    if depth < 7:
        return signature | (code << (8 * depth))
    return signature ^ (((code * 40503 + depth) & 0xFFFFFF) << (8 + depth % 24))


@part
def _accepts(accepted: Any, mask: int, value: int) -> int:
    """Return 1 when ``accepted`` is empty or one of it, masked, is ``value``."""
    found = 1 if len(accepted) == 0 else 0
    for i in range(len(accepted)):
        if accepted[i] & mask == value:
            found = 1
    return found


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def walk_frame(buf: Any, pos: int, end: int, params: Any, tables: Any, accepted: Any, work: Any, out: Any) -> int:
    """Return the size of the raw_data_block (Table 4.3) at ``pos`` when it keeps the limits, else INVALID or NEED_MORE.

    ``params`` holds the limits of size and padding, ``accepted`` the allowed element signatures, empty for any;
    ``out`` is the frame's row. A frame is not read further than its largest size, and what runs over that is INVALID.
    """
    limit = min(end, pos + params[MAX_SIZE])
    bit = pos << 3
    signature = 0
    depth = 0
    fill = 0
    result = INVALID
    work[W_FIRST_SEEN] = 0
    for _ in range(MAX_ELEMENTS):
        head = peek(buf, limit, bit, 7)
        element = head >> 4
        if element == END:
            bit += 3
            padding = -bit & 7
            size = ((bit + padding) >> 3) - pos
            zero = 1
            if padding > 0 and peek(buf, limit, bit, padding) != 0:
                zero = 0
            out[C_SIZE] = size
            out[C_SIGNATURE] = signature
            out[C_PADDING] = zero
            out[C_GAIN] = work[W_FIRST_GAIN]
            out[C_MAX_SFB] = work[W_FIRST_MAX_SFB]
            out[C_SEQUENCE] = work[W_FIRST_SEQUENCE]
            out[C_FILL] = fill
            if bit > limit << 3:
                result = NEED_MORE
            elif work[W_FIRST_SEEN] == 0 or size < params[MIN_SIZE] or zero < params[ZERO_PADDING]:
                result = INVALID
            elif _accepts(accepted, -1, signature):
                result = size
            break
        if element == FIL:
            start = bit + 3
            bit = _plain_element(buf, limit, start, FIL)
            count = (bit - start - 4) >> 3
            fill += count - 1 if count > 14 else count
        else:
            bit += 7
            signature = _signed(signature, depth, 128 | head)
            depth += 1
            if depth < 8 and not _accepts(accepted, (1 << (8 * depth)) - 1, signature):
                result = fail(limit, bit)
                break
            if element == CPE:
                bit = _pair(buf, limit, bit, params, tables, work)
            elif element in (SCE, LFE):
                bit = channel_stream(buf, limit, bit, params, tables, work, OWN_INFO)
            elif element == CCE:
                bit = _coupling(buf, limit, bit, params, tables, work)
            else:
                bit = _plain_element(buf, limit, bit, element)
        if bit < 0:
            result = bit
            break
        if bit > limit << 3:
            result = NEED_MORE
            break
    return INVALID if result < 0 and limit < end else result


@kernel(
    "int64(uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], int64, int64[:, ::1], int64[::1])"
)
def walk_frames(
    buf: Any,
    pos: int,
    end: int,
    params: Any,
    tables: Any,
    accepted: Any,
    work: Any,
    max_count: int,
    rows: Any,
    stop: Any,
) -> int:
    """Walk consecutive frames, one row each, and return their count; ``stop`` gets the reason and the next position."""
    count = 0
    stop[0] = COUNT_REACHED
    while count < max_count:
        size = walk_frame(buf, pos, end, params, tables, accepted, work, rows[count])
        if size < 0:
            stop[0] = size
            break
        pos += size
        count += 1
    stop[1] = pos
    return count


@kernel(
    "int64(uint8[::1], int64[::1], int64, int64[::1], int64[::1], int64[::1], int64[::1], int64, int64[:, ::1],"
    " int64[::1])"
)
def find_frames(
    buf: Any,
    places: Any,
    end: int,
    params: Any,
    tables: Any,
    accepted: Any,
    work: Any,
    chain: int,
    rows: Any,
    stop: Any,
) -> int:
    """Return the first of ``places`` where ``chain`` frames follow each other, or INVALID."""
    for i in range(len(places)):
        if walk_frames(buf, places[i], end, params, tables, accepted, work, chain, rows, stop) == chain:
            return int(places[i])
    return INVALID


@kernel("int64(uint8[::1], int64[::1], int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def find_ending(buf: Any, places: Any, end: int, params: Any, tables: Any, accepted: Any, work: Any, row: Any) -> int:
    """Return the last of ``places`` where a frame starts that ends at ``end``, or INVALID."""
    for i in range(len(places) - 1, -1, -1):
        at = int(places[i])
        if walk_frame(buf, at, end, params, tables, accepted, work, row) == end - at:
            return at
    return INVALID
