"""H.264 slice headers: the table the kernels read parameter sets from, and a parsed header for single looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.buffers import as_buffer
from mediarescue.bitstream.h264.pps import Pps
from mediarescue.bitstream.h264.sps import Sps

PPS_COUNT = 256


class PpsField(IntEnum):
    """Columns of the picture parameter set table: what a slice header needs of a PPS and its SPS."""

    SPS_ID = 0
    """-1: no such picture parameter set."""
    LOG2_MAX_FRAME_NUM = 1
    POC_TYPE = 2
    LOG2_MAX_POC_LSB = 3
    DELTA_POC_ALWAYS_ZERO = 4
    FRAME_MBS_ONLY = 5
    MBAFF = 6
    SEPARATE_COLOUR_PLANE = 7
    CHROMA_ARRAY_TYPE = 8
    FRAME_SIZE_IN_MBS = 9
    QP_BD_OFFSET = 10
    BOTTOM_POC_PRESENT = 11
    REDUNDANT_PRESENT = 12
    REFS_L0 = 13
    REFS_L1 = 14
    WEIGHTED_PRED = 15
    WEIGHTED_BIPRED = 16
    CABAC = 17
    INIT_QP = 18
    DEBLOCKING_PRESENT = 19
    SLICE_GROUPS = 20


class SliceField(IntEnum):
    """Items of a parsed slice header."""

    FIRST_MB = 0
    SLICE_TYPE = 1
    PPS_ID = 2
    FRAME_NUM = 3
    FIELD = 4
    BOTTOM = 5
    IDR_PIC_ID = 6
    POC_LSB = 7
    DELTA_POC_BOTTOM = 8
    DELTA_POC_0 = 9
    DELTA_POC_1 = 10
    REDUNDANT = 11
    REF_IDC = 12
    IDR = 13
    MMCO5 = 14
    COLOUR_PLANE = 15
    SLICE_GROUPS = 16


SLICE_FIELD_COUNT = 17


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """The fields of a slice header (7.3.3) up to the reference picture marking; ``slice_type`` is 0 to 4."""

    nal_unit_type: int
    nal_ref_idc: int
    first_mb_in_slice: int
    slice_type: int
    pic_parameter_set_id: int
    frame_num: int
    field_pic_flag: bool
    bottom_field_flag: bool
    idr_pic_id: int
    pic_order_cnt_lsb: int
    delta_pic_order_cnt_bottom: int
    delta_pic_order_cnt: tuple[int, int]
    redundant_pic_cnt: int
    has_mmco5: bool


def build_pps_table(spss: Mapping[int, Sps], ppss: Mapping[int, Pps]) -> NDArray[np.int64]:
    """Return the table of all picture parameter sets whose sequence parameter set is known.

    Returns
    -------
    int64 array of shape (256, len(PpsField))
        Row = pic_parameter_set_id; -1 everywhere in the rows of absent sets.
    """
    table = np.full((PPS_COUNT, len(PpsField)), -1, np.int64)
    for pps_id, pps in ppss.items():
        sps = spss.get(pps.sps_id)
        if sps is None:
            continue
        table[pps_id] = (
            pps.sps_id,
            sps.log2_max_frame_num,
            sps.pic_order_cnt_type,
            sps.log2_max_pic_order_cnt_lsb,
            sps.delta_pic_order_always_zero_flag,
            sps.frame_mbs_only_flag,
            sps.mb_adaptive_frame_field_flag,
            sps.separate_colour_plane_flag,
            sps.chroma_array_type,
            sps.frame_size_in_mbs,
            6 * (sps.bit_depth_luma - 8),
            pps.bottom_field_pic_order_in_frame_present_flag,
            pps.redundant_pic_cnt_present_flag,
            pps.num_ref_idx_l0_default_active,
            pps.num_ref_idx_l1_default_active,
            pps.weighted_pred_flag,
            pps.weighted_bipred_idc,
            pps.entropy_coding_mode_flag,
            pps.pic_init_qp,
            pps.deblocking_filter_control_present_flag,
            pps.num_slice_groups,
        )
    return table


def parse_slice_header(nal: bytes, pps_table: NDArray[np.int64]) -> SliceHeader | None:
    """Parse the header of a slice NAL unit (types 1 and 5), or return None where it is not a valid one.

    Parameters
    ----------
    nal : bytes
        Whole NAL unit, or its beginning, from the header byte on.
    pps_table : int64 array
        From :func:`build_pps_table`.
    """
    from mediarescue.bitstream.h264 import _slice_kernels

    if len(nal) < 2 or nal[0] & 0x9F not in (1, 5):
        return None
    fields = np.zeros(SLICE_FIELD_COUNT, np.int64)
    state = np.zeros(SLICE_FIELD_COUNT, np.int64)
    if _slice_kernels.parse_slice(as_buffer(nal), state, 0, len(nal), pps_table, fields, 1) < 0:
        return None
    f = [int(value) for value in fields]
    return SliceHeader(
        nal_unit_type=nal[0] & 31,
        nal_ref_idc=f[SliceField.REF_IDC],
        first_mb_in_slice=f[SliceField.FIRST_MB],
        slice_type=f[SliceField.SLICE_TYPE],
        pic_parameter_set_id=f[SliceField.PPS_ID],
        frame_num=f[SliceField.FRAME_NUM],
        field_pic_flag=bool(f[SliceField.FIELD]),
        bottom_field_flag=bool(f[SliceField.BOTTOM]),
        idr_pic_id=f[SliceField.IDR_PIC_ID],
        pic_order_cnt_lsb=f[SliceField.POC_LSB],
        delta_pic_order_cnt_bottom=f[SliceField.DELTA_POC_BOTTOM],
        delta_pic_order_cnt=(f[SliceField.DELTA_POC_0], f[SliceField.DELTA_POC_1]),
        redundant_pic_cnt=f[SliceField.REDUNDANT],
        has_mmco5=bool(f[SliceField.MMCO5]),
    )
