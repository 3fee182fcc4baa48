"""H.264 access units in length-prefixed streams: find, check, describe and order them (ISO/IEC 14496-10 7.4.1.2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream import columns as _c
from mediarescue.bitstream._kernels import ERROR, INVALID, PARSED, read_length, sei_messages
from mediarescue.bitstream.columns import Column, Parameter
from mediarescue.bitstream.h264._slice_kernels import (
    F_BOTTOM,
    F_COUNT,
    F_DELTA0,
    F_DELTA1,
    F_DELTA_BOTTOM,
    F_FIELD,
    F_IDR,
    F_IDR_ID,
    F_LSB,
    F_MB,
    F_MMCO5,
    F_NUM,
    F_PLANE,
    F_PPS,
    F_REDUNDANT,
    F_REF,
    F_TYPE,
    T_SPS,
    parse_slice,
    same_picture,
    second_field,
    slice_rest,
)
from mediarescue.bitstream.jit import kernel, part

NEED_MORE = int(_c.NEED_MORE)
COLUMN_COUNT = int(_c.COLUMN_COUNT)

LENGTH_SIZE, MAX_NAL, FINAL = int(Parameter.LENGTH_SIZE), int(Parameter.MAX_NAL_SIZE), int(Parameter.FINAL)
KNOWN, FIELDS, ANY_MB = int(Parameter.CONTINUATION), int(Parameter.FIELDS_PER_SAMPLE), int(Parameter.ANY_FIRST_MB)

SIZE, END_REASON, DECLARED = int(Column.SIZE), int(Column.END_REASON), int(Column.DECLARED_SIZE)
NALS, SLICES, VCL_TYPE = int(Column.NAL_COUNT), int(Column.SLICE_COUNT), int(Column.FIRST_VCL_TYPE)
REF_IDC, SLICE_TYPE, ALL_INTRA = int(Column.NAL_REF_IDC), int(Column.SLICE_TYPE), int(Column.ALL_INTRA)
PPS_ID, SPS_ID, FRAME_NUM = int(Column.PPS_ID), int(Column.SPS_ID), int(Column.FRAME_NUM)
IDR_PIC_ID, POC_LSB, DELTA_BOTTOM = int(Column.IDR_PIC_ID), int(Column.POC_LSB), int(Column.DELTA_POC_BOTTOM)
DELTA_0, DELTA_1 = int(Column.DELTA_POC_0), int(Column.DELTA_POC_1)
FIELD_FLAGS, FIELD_COUNT = int(Column.FIELD_FLAGS), int(Column.FIELD_COUNT)
RECOVERY, MMCO5, END_OF_SEQ = int(Column.HAS_RECOVERY_POINT), int(Column.HAS_MMCO5), int(Column.HAS_END_OF_SEQUENCE)
LONGEST, SETS_POS = int(Column.LONGEST_NAL), int(Column.PARAMETER_SET_POS)
FIRST_TYPE, VCL_POS = int(Column.FIRST_NAL_TYPE), int(Column.FIRST_VCL_POS)

# Types 1 5 6 7 8 9 10 11 12 13 14 15 19 20 21; data partitions (2 to 4) exist in no camera's files.
ALLOWED = 0b11_1000_1111_1111_1110_0010 & ~(1 << 16 | 1 << 17 | 1 << 18)
REF_ZERO = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
REF_NOT_ZERO = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13 | 1 << 15
BEFORE_VCL = 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 13 | 1 << 14 | 1 << 15
MAX_NALS_BEFORE_VCL = 64


@kernel("int64(uint8[::1], int64, int64, int64[::1])")
def nal_at(buf: Any, pos: int, end: int, params: Any) -> int:
    """Return the size of the NAL unit behind the length field at ``pos``; whether it fits is not looked at."""
    body = pos + int(params[LENGTH_SIZE])
    if body + 1 > end:
        return NEED_MORE
    size = read_length(buf, pos, int(params[LENGTH_SIZE]))
    head = int(np.int64(buf[body]))
    kind = head & 31
    ref = head >> 5
    if size < 1 or size > params[MAX_NAL] or ref > 3:
        return INVALID
    if ((ALLOWED | int(params[KNOWN])) >> kind) & 1 == 0:
        return INVALID
    if (ref != 0 and (REF_ZERO >> kind) & 1) or (ref == 0 and (REF_NOT_ZERO >> kind) & 1):
        return INVALID
    if kind == 10 or kind == 11:
        return size if size <= 4 else INVALID
    if size < 2:
        return INVALID
    if body + 2 <= end:
        following = int(np.int64(buf[body + 1]))
        if kind == 9 and (following & 31 != 16 or size > 8):
            return INVALID
        if kind == 12 and following != (255 if size > 2 else 128):
            return INVALID
    return size


@part
def describe(out: Any, f: Any, table: Any) -> None:
    """Write what the first slice says of the picture."""
    out[REF_IDC] = f[F_REF]
    out[SLICE_TYPE] = f[F_TYPE]
    out[VCL_TYPE] = 5 if f[F_IDR] else 1
    out[PPS_ID] = f[F_PPS]
    out[SPS_ID] = table[f[F_PPS], T_SPS]
    out[FRAME_NUM] = f[F_NUM]
    out[IDR_PIC_ID] = f[F_IDR_ID]
    out[POC_LSB] = f[F_LSB]
    out[DELTA_BOTTOM] = f[F_DELTA_BOTTOM]
    out[DELTA_0] = f[F_DELTA0]
    out[DELTA_1] = f[F_DELTA1]
    out[FIELD_FLAGS] = f[F_FIELD] + f[F_BOTTOM]
    out[FIELD_COUNT] = f[F_FIELD]
    out[MMCO5] = f[F_MMCO5]


@part
def follows(buf: Any, kind: int, body: int, stop: int, end: int, params: Any) -> int:
    """Decide on a NAL unit that goes on after the first slice but is no slice to compare: 1, INVALID, NEED_MORE."""
    if (int(params[KNOWN]) >> kind) & 1 or kind == 10 or kind == 11 or stop == end:
        return 1
    if kind == 12 and stop - body > 2 and buf[stop - 1] == 128:
        return 1
    return min(nal_at(buf, stop, end, params), 1)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[:, ::1], int64[::1], int64[:, ::1])")
def scan_access_unit(buf: Any, pos: int, end: int, params: Any, table: Any, out: Any, work: Any) -> int:
    """Scan one access unit at ``pos`` into the row ``out``: its size, INVALID or NEED_MORE.

    ``work`` is scratch memory, int64 (3, at least F_COUNT). A run keeps it: where the unit ended at a slice, that
    slice's header need not be parsed again. ``work[0, PARSED]`` is -1 where there is nothing to keep.
    """
    s = work[0]
    f = work[1]
    g = work[2]
    for i in range(COLUMN_COUNT):
        out[i] = -1
    final = int(params[FINAL])
    length_size = int(params[LENGTH_SIZE])
    nals = slices = kept_nals = fields = recovery = sequence_end = longest = 0
    kept_recovery = kept_longest = 0
    intra = 1
    # Where the unit ends unless what follows turns out to be its second field, or another slice behind a prefix.
    doubtful = -1
    last = 0
    reason = 1
    declared = 0
    p = pos
    while True:
        size = nal_at(buf, p, end, params)
        if size < 0:
            if slices == 0:
                return size
            if size == NEED_MORE and not final:
                return NEED_MORE
            reason = 2 if p == end else 1
            break
        body = p + length_size
        stop = body + size
        cut = stop > end
        kind = int(np.int64(buf[body])) & 31
        if kind == 1 or kind == 5:
            target = g if slices else f
            if slices == 0 and s[PARSED] == p:
                for i in range(F_COUNT):
                    f[i] = g[i]
                parsed = slice_rest(buf, s, table, f)
            else:
                parsed = parse_slice(buf, s, body, min(stop, end), table, target, 0 if slices else 1)
            s[PARSED] = -1
            if parsed < 0:
                maybe = cut and s[ERROR] != 0
                if slices == 0:
                    return NEED_MORE if maybe else INVALID
                if maybe and not final:
                    return NEED_MORE
                reason = 1
                break
            if slices == 0:
                if f[F_REDUNDANT] or (f[F_MB] and params[ANY_MB] == 0):
                    return INVALID
                if cut:
                    return NEED_MORE
                describe(out, f, table)
                out[VCL_POS] = p
                fields = int(f[F_FIELD])
            else:
                if same_picture(f, g, last, int(params[ANY_MB])) == 0:
                    if fields != 1 or params[FIELDS] < 2 or second_field(f, g) == 0:
                        reason = 0 if g[F_MB] == 0 or params[ANY_MB] else 1
                        # Behind a doubtful end, what lies before the slice is read again and moves the reader.
                        s[PARSED] = p if doubtful < 0 else -1
                        break
                    if not cut:
                        fields = 2
                        for i in range(F_COUNT):
                            f[i] = g[i]
                if cut:
                    if not final:
                        return NEED_MORE
                    doubtful = -1
                    reason = 3
                    declared = stop - p
                    break
            last = (int(target[F_PLANE]) << 32) + int(target[F_MB])
            if target[F_TYPE] != 2 and target[F_TYPE] != 4:
                intra = 0
            slices += 1
            doubtful = -1
        elif slices == 0:
            if (BEFORE_VCL >> kind) & 1 == 0 or nals >= MAX_NALS_BEFORE_VCL:
                return INVALID
            if (kind == 7 or kind == 8) and out[SETS_POS] < 0:
                out[SETS_POS] = p
            if kind == 6:
                found = sei_messages(buf, s, body + 1, stop, end)
                if found < 0:
                    return INVALID
                if found == 2:
                    recovery = 1
            if cut:
                return NEED_MORE
        elif (BEFORE_VCL >> kind) & 1:
            reason = 0
            if doubtful < 0:
                if kind != 14 and (fields != 1 or params[FIELDS] < 2):
                    break
                doubtful = p
                kept_nals, kept_recovery, kept_longest = nals, recovery, longest
            elif nals - kept_nals >= MAX_NALS_BEFORE_VCL:
                break
            if cut:
                if not final:
                    return NEED_MORE
                break
        else:
            if doubtful >= 0:
                reason = 0
                break
            known = (int(params[KNOWN]) >> kind) & 1
            if cut:
                if not final:
                    return NEED_MORE
                reason = 3 if known else 1
                declared = stop - p if known else 0
                break
            verdict = follows(buf, kind, body, stop, end, params)
            if verdict == NEED_MORE and not final:
                return NEED_MORE
            if verdict < 0:
                reason = 1
                break
            if kind == 10 or kind == 11:
                sequence_end = 1
        if nals == 0:
            out[FIRST_TYPE] = kind
        nals += 1
        longest = max(longest, size)
        p = stop
    if doubtful >= 0:
        p = doubtful
        reason = 0
        nals, recovery, longest = kept_nals, kept_recovery, kept_longest
    out[SIZE] = p - pos
    out[END_REASON] = reason
    out[DECLARED] = p - pos + declared
    out[NALS] = nals
    out[SLICES] = slices
    out[ALL_INTRA] = intra
    out[FIELD_COUNT] = fields
    out[RECOVERY] = recovery
    out[END_OF_SEQ] = sequence_end
    out[LONGEST] = longest
    return p - pos


@kernel("int64(uint8[::1], int64[::1], int64, int64[::1], int64[:, ::1], int64[::1], int64[:, ::1], int64)")
def find_access_unit(
    buf: Any, places: Any, end: int, params: Any, table: Any, out: Any, work: Any, only_whole: int
) -> int:
    """Return the first of ``places`` where an access unit starts, or INVALID.

    Unless ``only_whole``, one that is cut or has in-band parameter sets counts, too: it takes more to tell. ``out`` and
    ``work`` are scratch memory.
    """
    for i in range(len(places)):
        work[0, PARSED] = -1
        size = scan_access_unit(buf, int(places[i]), end, params, table, out, work)
        if size > 0 or (only_whole == 0 and (size == NEED_MORE or out[SETS_POS] >= 0)):
            return int(places[i])
    return INVALID


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[:, ::1], int64, int64[:, ::1], int64[::1], int64[:, ::1])")
def scan_access_units(
    buf: Any, pos: int, end: int, params: Any, pps_table: Any, max_count: int, out: Any, stop: Any, work: Any
) -> int:
    """Scan consecutive access units into rows of ``out``; return how many.

    ``stop`` receives where it stopped and why: 0 for ``max_count`` or a unit with in-band parameter sets (it is not
    counted), else the negative code of the unit there.
    """
    count = 0
    code = 0
    work[0, PARSED] = -1
    while count < max_count:
        row = out[count]
        size = scan_access_unit(buf, pos, end, params, pps_table, row, work)
        if row[SETS_POS] >= 0:
            break
        if size < 0:
            code = size
            break
        pos += size
        count += 1
    stop[0] = pos
    stop[1] = code
    return count


@kernel("void(int64[:, ::1], int64[:, ::1], int64[:, ::1], int64[::1])")
def picture_order(rows: Any, sps: Any, out: Any, state: Any) -> None:
    """Decode picture order counts (8.2.1) of consecutive units into ``out`` (n, 2): count, sequence index.

    A row of ``sps``: pic_order_cnt_type, log2 of MaxFrameNum, log2 of MaxPicOrderCntLsb, offset_for_non_ref_pic,
    offset_for_top_to_bottom_field, the cycle's length, its offsets. ``state``, int64 (6,), is zeros
    at first; with it, the units that follow may come in another call.
    """
    prev_msb, prev_lsb, prev_num, num_offset = int(state[0]), int(state[1]), int(state[2]), int(state[3])
    sequence = int(state[4])
    begun = int(state[5])
    for i in range(rows.shape[0]):
        row = rows[i]
        known = sps[row[SPS_ID]]
        idr = row[VCL_TYPE] == 5
        frame_num = int(row[FRAME_NUM])
        bottom_field = row[FIELD_FLAGS] == 2
        if begun and (idr or row[MMCO5] == 1):
            sequence += 1
        begun = 1
        if idr:
            prev_msb = prev_lsb = num_offset = 0
        elif frame_num < prev_num:
            num_offset += 1 << int(known[1])
        msb = 0
        if known[0] == 0:
            lsb = int(row[POC_LSB])
            span = 1 << int(known[2])
            msb = prev_msb
            if lsb < prev_lsb and prev_lsb - lsb >= span // 2:
                msb += span
            elif lsb > prev_lsb and lsb - prev_lsb > span // 2:
                msb -= span
            first = msb + lsb
            second = first + int(row[DELTA_BOTTOM])
        elif known[0] == 1:
            cycle = int(known[5])
            abs_num = num_offset + frame_num if cycle else 0
            if row[REF_IDC] == 0 and abs_num > 0:
                abs_num -= 1
            first = 0
            if abs_num > 0:
                for k in range(cycle):
                    whole = (abs_num - 1) // cycle + (1 if k <= (abs_num - 1) % cycle else 0)
                    first += whole * int(known[6 + k])
            if row[REF_IDC] == 0:
                first += int(known[3])
            first += int(row[DELTA_0])
            if bottom_field:
                first += int(known[4])
            second = first + int(known[4]) + int(row[DELTA_1])
        else:
            first = 2 * (num_offset + frame_num) - (1 if row[REF_IDC] == 0 else 0)
            second = first
        count = first if row[FIELD_FLAGS] > 0 else min(first, second)
        prev_num = frame_num
        if row[MMCO5] == 1:
            # The picture counts as the first of a new sequence once it is decoded (8.2.1, last paragraphs).
            prev_msb = prev_num = num_offset = 0
            prev_lsb = 0 if bottom_field else first - count
            count = 0
        elif row[REF_IDC] != 0:
            prev_msb = msb
            prev_lsb = int(row[POC_LSB])
        out[i, 0] = count
        out[i, 1] = sequence
    state[0], state[1], state[2], state[3] = prev_msb, prev_lsb, prev_num, num_offset
    state[4], state[5] = sequence, begun
