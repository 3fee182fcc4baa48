"""H.264 slice headers: parse, check and compare them (ISO/IEC 14496-10 7.3.3, 7.4.1.2.4)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream._kernels import ERROR, INVALID, read, read_se, read_ue, start
from mediarescue.bitstream.h264.slice_header import SLICE_FIELD_COUNT, PpsField, SliceField
from mediarescue.bitstream.jit import kernel, part

F_COUNT = int(SLICE_FIELD_COUNT)

T_SPS, T_FRAME_BITS, T_POC_TYPE = int(PpsField.SPS_ID), int(PpsField.LOG2_MAX_FRAME_NUM), int(PpsField.POC_TYPE)
T_LSB_BITS, T_ALWAYS_ZERO = int(PpsField.LOG2_MAX_POC_LSB), int(PpsField.DELTA_POC_ALWAYS_ZERO)
T_FRAME_ONLY, T_MBAFF, T_PLANES = int(PpsField.FRAME_MBS_ONLY), int(PpsField.MBAFF), int(PpsField.SEPARATE_COLOUR_PLANE)
T_CHROMA, T_MBS, T_QP_OFFSET = (
    int(PpsField.CHROMA_ARRAY_TYPE),
    int(PpsField.FRAME_SIZE_IN_MBS),
    int(PpsField.QP_BD_OFFSET),
)
T_BOTTOM, T_REDUNDANT = int(PpsField.BOTTOM_POC_PRESENT), int(PpsField.REDUNDANT_PRESENT)
T_REFS0, T_REFS1 = int(PpsField.REFS_L0), int(PpsField.REFS_L1)
T_WEIGHTED, T_BIPRED, T_CABAC = int(PpsField.WEIGHTED_PRED), int(PpsField.WEIGHTED_BIPRED), int(PpsField.CABAC)
T_QP, T_DEBLOCK, T_GROUPS = int(PpsField.INIT_QP), int(PpsField.DEBLOCKING_PRESENT), int(PpsField.SLICE_GROUPS)

F_MB, F_TYPE, F_PPS, F_NUM = (
    int(SliceField.FIRST_MB),
    int(SliceField.SLICE_TYPE),
    int(SliceField.PPS_ID),
    int(SliceField.FRAME_NUM),
)
F_FIELD, F_BOTTOM, F_IDR_ID = int(SliceField.FIELD), int(SliceField.BOTTOM), int(SliceField.IDR_PIC_ID)
F_LSB, F_DELTA_BOTTOM = int(SliceField.POC_LSB), int(SliceField.DELTA_POC_BOTTOM)
F_DELTA0, F_DELTA1 = int(SliceField.DELTA_POC_0), int(SliceField.DELTA_POC_1)
F_REDUNDANT, F_REF, F_IDR = int(SliceField.REDUNDANT), int(SliceField.REF_IDC), int(SliceField.IDR)
F_MMCO5, F_PLANE, F_GROUPS = int(SliceField.MMCO5), int(SliceField.COLOUR_PLANE), int(SliceField.SLICE_GROUPS)


@kernel("int64(uint8[::1], int64[::1], int64)")
def reference_lists(buf: Any, s: Any, lists: int) -> int:
    """Step over ref_pic_list_modification (7.3.3.1)."""
    for _ in range(lists):
        if read(buf, s, 1):
            for count in range(67):
                op = read_ue(buf, s)
                if op == 3:
                    break
                if op > 3 or count == 66 or s[ERROR]:
                    return INVALID
                read_ue(buf, s)
    return 1


@kernel("int64(uint8[::1], int64[::1], int64, int64, int64)")
def prediction_weights(buf: Any, s: Any, chroma: int, refs0: int, refs1: int) -> int:
    """Step over pred_weight_table (7.3.3.2); ``chroma`` is ChromaArrayType, ``refs1`` 0 where there is one list."""
    if read_ue(buf, s) > 7 or (chroma and read_ue(buf, s) > 7):
        return INVALID
    for _ in range(refs0 + refs1):
        for plane in range(2 if chroma else 1):
            if read(buf, s, 1):
                for _k in range(4 if plane else 2):
                    weight = read_se(buf, s)
                    if weight < -128 or weight > 128:
                        return INVALID
        if s[ERROR]:
            return INVALID
    return 1


@kernel("int64(uint8[::1], int64[::1], int64)")
def reference_marking(buf: Any, s: Any, idr: int) -> int:
    """Step over dec_ref_pic_marking (7.3.3.3): 1, 2 when operation 5 is in it, or INVALID."""
    if idr:
        read(buf, s, 2)
        return 1
    found = 1
    if read(buf, s, 1):
        for _ in range(70):
            op = read_ue(buf, s)
            if op == 0:
                return found
            if op > 6 or s[ERROR]:
                return INVALID
            if op == 5:
                found = 2
            else:
                read_ue(buf, s)
                if op == 3:
                    read_ue(buf, s)
        return INVALID
    return found


@kernel("int64(uint8[::1], int64[::1], int64[:, ::1], int64[::1])")
def slice_rest(buf: Any, s: Any, table: Any, f: Any) -> int:
    """Check a slice header behind redundant_pic_cnt (7.3.3), and find memory management operation 5."""
    row = table[f[F_PPS]]
    kind = int(f[F_TYPE])
    predicted = kind == 0 or kind == 3
    refs0 = 0 if kind == 2 or kind == 4 else int(row[T_REFS0])
    refs1 = int(row[T_REFS1]) if kind == 1 else 0
    if kind == 1:
        read(buf, s, 1)
    if refs0 and read(buf, s, 1):
        refs0 = 1 + read_ue(buf, s)
        if kind == 1:
            refs1 = 1 + read_ue(buf, s)
    if refs0 > 32 or refs1 > 32:
        return INVALID
    if reference_lists(buf, s, (1 if refs0 else 0) + (1 if refs1 else 0)) < 0:
        return INVALID
    if ((predicted and row[T_WEIGHTED]) or (kind == 1 and row[T_BIPRED] == 1)) and prediction_weights(
        buf, s, int(row[T_CHROMA]), refs0, refs1
    ) < 0:
        return INVALID
    if f[F_REF]:
        marking = reference_marking(buf, s, int(f[F_IDR]))
        if marking < 0:
            return INVALID
        f[F_MMCO5] = marking - 1
    if row[T_CABAC] and refs0 and read_ue(buf, s) > 2:
        return INVALID
    qp = int(row[T_QP]) + read_se(buf, s)
    if qp < -int(row[T_QP_OFFSET]) or qp > 51:
        return INVALID
    if kind == 3:
        read(buf, s, 1)
    if kind >= 3:
        read_se(buf, s)
    if row[T_DEBLOCK]:
        idc = read_ue(buf, s)
        if idc > 2:
            return INVALID
        if idc != 1:
            for _ in range(2):
                offset = read_se(buf, s)
                if offset < -6 or offset > 6:
                    return INVALID
    return INVALID if s[ERROR] else 1


@kernel("int64(uint8[::1], int64[::1], int64, int64, int64[:, ::1], int64[::1], int64)")
def parse_slice(buf: Any, s: Any, body: int, limit: int, table: Any, f: Any, whole: int) -> int:
    """Parse the slice header at ``body`` (the NAL header byte) into ``f``: 1 or INVALID.

    ``s[ERROR]`` tells that the bits ran out at ``limit``, which may be why it looked invalid. ``whole`` 0 stops
    where the comparison of 7.4.1.2.4 has all it needs.
    """
    head = int(np.int64(buf[body]))
    idr = 1 if head & 31 == 5 else 0
    start(s, body + 1, limit)
    first_mb = read_ue(buf, s)
    kind = read_ue(buf, s)
    pps = read_ue(buf, s)
    if s[ERROR] or kind > 9 or pps >= table.shape[0] or table[pps, T_SPS] < 0:
        return INVALID
    kind %= 5
    if idr and kind != 2 and kind != 4:
        return INVALID
    row = table[pps]
    plane = read(buf, s, 2) if row[T_PLANES] else 0
    frame_num = read(buf, s, int(row[T_FRAME_BITS]))
    field = bottom = 0
    if row[T_FRAME_ONLY] == 0:
        field = read(buf, s, 1)
        bottom = read(buf, s, 1) if field else 0
    mbs = int(row[T_MBS]) >> field
    if row[T_MBAFF] and not field:
        mbs >>= 1
    if first_mb >= mbs or plane > 2 or (idr and frame_num != 0):
        return INVALID
    idr_id = read_ue(buf, s) if idr else -1
    lsb = -1
    delta_bottom = delta0 = delta1 = 0
    if row[T_POC_TYPE] == 0:
        lsb = read(buf, s, int(row[T_LSB_BITS]))
        if row[T_BOTTOM] and not field:
            delta_bottom = read_se(buf, s)
    elif row[T_POC_TYPE] == 1 and row[T_ALWAYS_ZERO] == 0:
        delta0 = read_se(buf, s)
        if row[T_BOTTOM] and not field:
            delta1 = read_se(buf, s)
    redundant = read_ue(buf, s) if row[T_REDUNDANT] else 0
    if s[ERROR] or idr_id > 65535 or redundant > 127:
        return INVALID
    f[F_MB] = first_mb
    f[F_TYPE] = kind
    f[F_PPS] = pps
    f[F_NUM] = frame_num
    f[F_FIELD] = field
    f[F_BOTTOM] = bottom
    f[F_IDR_ID] = idr_id
    f[F_LSB] = lsb
    f[F_DELTA_BOTTOM] = delta_bottom
    f[F_DELTA0] = delta0
    f[F_DELTA1] = delta1
    f[F_REDUNDANT] = redundant
    f[F_REF] = head >> 5
    f[F_IDR] = idr
    f[F_MMCO5] = 0
    f[F_PLANE] = plane
    f[F_GROUPS] = int(row[T_GROUPS])
    return slice_rest(buf, s, table, f) if whole else 1


@part
def same_picture(f: Any, g: Any, last: int, any_mb: int) -> int:
    """Return 1 when slice ``g`` belongs to the picture of ``f`` (7.4.1.2.4); ``last`` is the last slice's place."""
    for i in (F_NUM, F_PPS, F_FIELD, F_BOTTOM, F_IDR, F_IDR_ID, F_LSB, F_DELTA_BOTTOM, F_DELTA0, F_DELTA1):
        if f[i] != g[i]:
            return 0
    if (f[F_REF] == 0) != (g[F_REF] == 0):
        return 0
    if any_mb or g[F_REDUNDANT]:
        return 1
    if g[F_GROUPS] > 1:
        return 1 if g[F_MB] else 0
    return 1 if (int(g[F_PLANE]) << 32) + int(g[F_MB]) > last else 0


@part
def second_field(f: Any, g: Any) -> int:
    """Return 1 when slice ``g`` starts the second field of the frame whose first field is ``f`` (3.30, 3.31)."""
    if f[F_FIELD] == 0 or g[F_FIELD] == 0 or f[F_BOTTOM] == g[F_BOTTOM] or f[F_NUM] != g[F_NUM] or g[F_MB]:
        return 0
    if f[F_REF] == 0 and g[F_REF]:
        return 0
    if g[F_IDR] and (f[F_IDR] == 0 or f[F_IDR_ID] != g[F_IDR_ID]):
        return 0
    return 1
