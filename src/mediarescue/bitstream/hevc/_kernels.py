"""HEVC access units in length-prefixed streams: find, check, describe and order them (ISO/IEC 23008-2 7.4.2.4)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream import columns as _c
from mediarescue.bitstream._kernels import ERROR, INVALID, read, read_length, read_ue, sei_messages, start
from mediarescue.bitstream.columns import Column, Parameter
from mediarescue.bitstream.hevc.slice_header import PpsField, SliceField
from mediarescue.bitstream.jit import kernel, part

NEED_MORE = int(_c.NEED_MORE)
COLUMN_COUNT = int(_c.COLUMN_COUNT)

LENGTH_SIZE, MAX_NAL, FINAL = int(Parameter.LENGTH_SIZE), int(Parameter.MAX_NAL_SIZE), int(Parameter.FINAL)
KNOWN, LAYERS = int(Parameter.CONTINUATION), int(Parameter.LAYER_CONTINUATION)
ANY_ADDRESS = int(Parameter.ANY_FIRST_MB)

T_SPS, T_DEPENDENT, T_OUTPUT = int(PpsField.SPS_ID), int(PpsField.DEPENDENT_ENABLED), int(PpsField.OUTPUT_PRESENT)
T_EXTRA, T_PLANES, T_LSB_BITS = (
    int(PpsField.EXTRA_BITS),
    int(PpsField.SEPARATE_COLOUR_PLANE),
    int(PpsField.LOG2_MAX_POC_LSB),
)
T_ADDRESS_BITS, T_CTBS, T_SETS = int(PpsField.ADDRESS_BITS), int(PpsField.SIZE_IN_CTBS), int(PpsField.SHORT_TERM_SETS)

F_FIRST, F_NAL_TYPE, F_TID = int(SliceField.FIRST), int(SliceField.NAL_TYPE), int(SliceField.TEMPORAL_ID)
F_PPS, F_DEPENDENT, F_ADDRESS = int(SliceField.PPS_ID), int(SliceField.DEPENDENT), int(SliceField.ADDRESS)
F_TYPE, F_LSB = int(SliceField.SLICE_TYPE), int(SliceField.POC_LSB)

SIZE, END_REASON, DECLARED = int(Column.SIZE), int(Column.END_REASON), int(Column.DECLARED_SIZE)
NALS, SLICES, VCL_TYPE = int(Column.NAL_COUNT), int(Column.SLICE_COUNT), int(Column.FIRST_VCL_TYPE)
TEMPORAL_ID, SLICE_TYPE, ALL_INTRA = int(Column.TEMPORAL_ID), int(Column.SLICE_TYPE), int(Column.ALL_INTRA)
PPS_ID, SPS_ID, POC_LSB = int(Column.PPS_ID), int(Column.SPS_ID), int(Column.POC_LSB)
FIELD_FLAGS, FIELD_COUNT = int(Column.FIELD_FLAGS), int(Column.FIELD_COUNT)
RECOVERY, END_OF_SEQ = int(Column.HAS_RECOVERY_POINT), int(Column.HAS_END_OF_SEQUENCE)
LONGEST, SETS_POS = int(Column.LONGEST_NAL), int(Column.PARAMETER_SET_POS)
FIRST_TYPE, VCL_POS = int(Column.FIRST_NAL_TYPE), int(Column.FIRST_VCL_POS)

SLICE_TYPES = 0x3FF | 0x3F << 16
# VPS SPS PPS AUD EOS EOB FD, both SEI; reserved 41 to 47 and unspecified 48 to 55 only where the reference has them.
ALLOWED = SLICE_TYPES | 0x1FF << 32
# EOS, EOB, FD, suffix SEI, 45 to 47, 56 to 63 (as a signed number): they stay with the picture before them.
AFTER_VCL = 1 << 36 | 1 << 37 | 1 << 38 | 1 << 40 | 7 << 45 | -1 << 56
UNSPECIFIED_AFTER = -1 << 56
AUD, EOS, EOB, FILLER, PREFIX_SEI, SUFFIX_SEI = 35, 36, 37, 38, 39, 40
MAX_NALS_BEFORE_VCL = 64


@kernel("int64(uint8[::1], int64, int64, int64[::1])")
def nal_at(buf: Any, pos: int, end: int, params: Any) -> int:
    """Return the size of the NAL unit behind the length field at ``pos``; whether it fits is not looked at."""
    body = pos + int(params[LENGTH_SIZE])
    if body + 2 > end:
        return NEED_MORE
    size = read_length(buf, pos, int(params[LENGTH_SIZE]))
    head = int(np.int64(buf[body])) << 8 | int(np.int64(buf[body + 1]))
    kind = head >> 9
    layer = head >> 3 & 63
    tid = (head & 7) - 1
    if size < 2 or size > params[MAX_NAL] or kind > 63 or tid < 0 or layer == 63:
        return INVALID
    known = int(params[LAYERS]) if layer else int(params[KNOWN])
    if ((ALLOWED | UNSPECIFIED_AFTER | known) >> kind) & 1 == 0:
        return INVALID
    if kind in (EOS, EOB):
        return size if tid == 0 and size <= 5 else INVALID
    if size < 3:
        return INVALID
    # IRAP pictures, VPS and SPS are of sub-layer 0; TSA and STSA pictures of the base layer never are (7.4.2.2).
    if tid and ((kind >= 16 and kind <= 23) or kind == 32 or kind == 33):
        return INVALID
    if tid == 0 and layer == 0 and kind >= 2 and kind <= 5:
        return INVALID
    if body + 3 <= end:
        following = int(np.int64(buf[body + 2]))
        if kind == AUD and (following & 31 != 16 or size > 8):
            return INVALID
        if kind == FILLER and following != (255 if size > 3 else 128):
            return INVALID
    return size


@kernel("int64(uint8[::1], int64[::1], int64, int64, int64[:, ::1], int64[::1])")
def parse_slice(buf: Any, s: Any, body: int, limit: int, table: Any, f: Any) -> int:
    """Parse the slice segment header at ``body`` (the NAL unit header) into ``f``: 1 or INVALID (7.3.6.1).

    ``s[ERROR]`` tells that the bits ran out at ``limit``, which may be why it looked invalid.
    """
    kind = int(np.int64(buf[body])) >> 1
    start(s, body + 2, limit)
    first = read(buf, s, 1)
    if kind >= 16:
        read(buf, s, 1)
    pps = read_ue(buf, s)
    if s[ERROR] or pps >= table.shape[0] or table[pps, T_SPS] < 0:
        return INVALID
    row = table[pps]
    dependent = address = 0
    if first == 0:
        if row[T_DEPENDENT]:
            dependent = read(buf, s, 1)
        address = read(buf, s, int(row[T_ADDRESS_BITS]))
        if address == 0 or address >= row[T_CTBS]:
            return INVALID
    slice_type = lsb = -1
    if dependent == 0:
        read(buf, s, int(row[T_EXTRA]))
        slice_type = read_ue(buf, s)
        if slice_type > 2 or (kind >= 16 and slice_type != 2):
            return INVALID
        if row[T_OUTPUT]:
            read(buf, s, 1)
        if row[T_PLANES] and read(buf, s, 2) > 2:
            return INVALID
        lsb = 0
        if kind != 19 and kind != 20:
            lsb = read(buf, s, int(row[T_LSB_BITS]))
            sets = int(row[T_SETS])
            if read(buf, s, 1):
                bits = 0
                while 1 << bits < sets:
                    bits += 1
                if sets == 0 or read(buf, s, bits) >= sets:
                    return INVALID
            elif sets == 0 and (read_ue(buf, s) > 16 or read_ue(buf, s) > 16):
                return INVALID
    f[F_FIRST] = first
    f[F_NAL_TYPE] = kind
    f[F_TID] = (int(np.int64(buf[body + 1])) & 7) - 1
    f[F_PPS] = pps
    f[F_DEPENDENT] = dependent
    f[F_ADDRESS] = address
    f[F_TYPE] = slice_type
    f[F_LSB] = lsb
    return INVALID if s[ERROR] else 1


@part
def same_picture(f: Any, g: Any, last: int, any_address: int) -> int:
    """Return 1 when segment ``g`` goes on with the picture of ``f`` whose last segment is at ``last``."""
    if g[F_FIRST] or f[F_NAL_TYPE] != g[F_NAL_TYPE] or f[F_TID] != g[F_TID] or f[F_PPS] != g[F_PPS]:
        return 0
    if g[F_DEPENDENT] == 0 and f[F_LSB] != g[F_LSB]:
        return 0
    return 1 if any_address or g[F_ADDRESS] > last else 0


@part
def follows(buf: Any, known: int, kind: int, stop: int, end: int, params: Any) -> int:
    """Decide on a NAL unit that goes on after the first slice but is no slice to compare: 1, INVALID, NEED_MORE."""
    if known or kind in (EOS, EOB) or stop == end:
        return 1
    return min(nal_at(buf, stop, end, params), 1)


@kernel("int64(uint8[::1], int64, int64, int64[::1], int64[:, ::1], int64[::1], int64[:, ::1])")
def scan_access_unit(buf: Any, pos: int, end: int, params: Any, table: Any, out: Any, work: Any) -> int:
    """Scan one access unit at ``pos`` into the row ``out``: its size, INVALID or NEED_MORE.

    ``work`` is scratch memory, int64 (3, at least 8).
    """
    s = work[0]
    f = work[1]
    g = work[2]
    for i in range(COLUMN_COUNT):
        out[i] = -1
    final = int(params[FINAL])
    length_size = int(params[LENGTH_SIZE])
    nals = slices = recovery = sequence_end = longest = last = declared = 0
    intra = 1
    reason = 1
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
        kind = int(np.int64(buf[body])) >> 1
        layer = (int(np.int64(buf[body])) & 1) << 5 | int(np.int64(buf[body + 1])) >> 3
        if layer == 0 and (SLICE_TYPES >> kind) & 1:
            target = g if slices else f
            if parse_slice(buf, s, body, min(stop, end), table, target) < 0:
                maybe = cut and s[ERROR] != 0
                if slices == 0:
                    return NEED_MORE if maybe else INVALID
                if maybe and not final:
                    return NEED_MORE
                reason = 1
                break
            if slices == 0:
                if f[F_FIRST] == 0:
                    return INVALID
                if cut:
                    return NEED_MORE
                out[VCL_TYPE] = kind
                out[TEMPORAL_ID] = f[F_TID]
                out[SLICE_TYPE] = f[F_TYPE]
                out[PPS_ID] = f[F_PPS]
                out[SPS_ID] = table[f[F_PPS], T_SPS]
                out[POC_LSB] = f[F_LSB]
                out[VCL_POS] = p
            else:
                if same_picture(f, g, last, int(params[ANY_ADDRESS])) == 0:
                    reason = 0 if g[F_FIRST] else 1
                    break
                if cut:
                    if not final:
                        return NEED_MORE
                    reason = 3
                    declared = stop - p
                    break
            last = int(target[F_ADDRESS])
            if target[F_TYPE] == 0 or target[F_TYPE] == 1:
                intra = 0
            slices += 1
        elif slices == 0:
            if layer == 0 and (kind < 32 or (AFTER_VCL >> kind) & 1):
                return INVALID
            if nals >= MAX_NALS_BEFORE_VCL or (layer and kind < 32):
                return INVALID
            if layer == 0 and kind <= 34 and out[SETS_POS] < 0:
                out[SETS_POS] = p
            if kind == PREFIX_SEI:
                found = sei_messages(buf, s, body + 2, stop, end)
                if found < 0:
                    return INVALID
                if found == 2 and layer == 0:
                    recovery = 1
            if cut:
                return NEED_MORE
        elif layer == 0 and kind >= 32 and (AFTER_VCL >> kind) & 1 == 0:
            reason = 0
            break
        else:
            known = ((int(params[LAYERS]) if layer else int(params[KNOWN])) >> kind) & 1
            if cut:
                if not final:
                    return NEED_MORE
                reason = 3 if known else 1
                declared = stop - p if known else 0
                break
            verdict = follows(buf, known, kind, stop, end, params)
            if verdict == NEED_MORE and not final:
                return NEED_MORE
            if verdict < 0:
                reason = 1
                break
            if layer == 0 and kind in (EOS, EOB):
                sequence_end = 1
        if nals == 0:
            out[FIRST_TYPE] = kind
        nals += 1
        longest = max(longest, size)
        p = stop
    out[SIZE] = p - pos
    out[END_REASON] = reason
    out[DECLARED] = p - pos + declared
    out[NALS] = nals
    out[SLICES] = slices
    out[ALL_INTRA] = intra
    out[FIELD_FLAGS] = 0
    out[FIELD_COUNT] = 0
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
    """Decode picture order counts (8.3.1) of consecutive units into ``out`` (n, 2): count, sequence index.

    ``sps`` holds log2 of MaxPicOrderCntLsb per sequence parameter set. ``state``, int64 (at least 4), is zeros at
    first; with it, the units that follow may come in another call.
    """
    prev = int(state[0])
    sequence = int(state[1])
    begun = int(state[2])
    fresh = state[3] == 1 or begun == 0
    for i in range(rows.shape[0]):
        row = rows[i]
        kind = int(row[VCL_TYPE])
        lsb = int(row[POC_LSB])
        span = 1 << int(sps[row[SPS_ID], 0])
        msb = 0
        # NoRaslOutputFlag: IDR, BLA, and a CRA that is first or follows an end of sequence.
        if fresh or (kind >= 16 and kind <= 20):
            if begun:
                sequence += 1
        else:
            prev_lsb = prev & (span - 1)
            msb = prev - prev_lsb
            if lsb < prev_lsb and prev_lsb - lsb >= span // 2:
                msb += span
            elif lsb > prev_lsb and lsb - prev_lsb > span // 2:
                msb -= span
        begun = 1
        fresh = row[END_OF_SEQ] == 1
        if row[TEMPORAL_ID] == 0 and not ((kind >= 6 and kind <= 9) or (kind < 16 and kind & 1 == 0)):
            prev = msb + lsb
        out[i, 0] = msb + lsb
        out[i, 1] = sequence
    state[0], state[1], state[2], state[3] = prev, sequence, begun, fresh
