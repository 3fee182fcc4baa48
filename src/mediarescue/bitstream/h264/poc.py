"""H.264 picture order counts and sync kinds (ISO/IEC 14496-10 8.2.1)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import Column, SyncKind
from mediarescue.bitstream.h264.sps import Sps

_SPS_COUNT = 32


def build_sps_table(spss: Mapping[int, Sps]) -> NDArray[np.int64]:
    """Return what picture order counts need of each sequence parameter set, int64 (32, 6 + longest cycle)."""
    longest = max((len(sps.offset_for_ref_frame) for sps in spss.values()), default=0)
    table = np.zeros((_SPS_COUNT, 6 + longest), np.int64)
    for sps_id, sps in spss.items():
        cycle = sps.offset_for_ref_frame
        table[sps_id, :6] = (
            sps.pic_order_cnt_type,
            sps.log2_max_frame_num,
            sps.log2_max_pic_order_cnt_lsb,
            sps.offset_for_non_ref_pic,
            sps.offset_for_top_to_bottom_field,
            len(cycle),
        )
        table[sps_id, 6 : 6 + len(cycle)] = cycle
    return table


def picture_order(rows: NDArray[np.int64], spss: Mapping[int, Sps]) -> NDArray[np.int64]:
    """Return picture order count and coded video sequence index of consecutive access units.

    Parameters
    ----------
    rows : int64 array of shape (n, COLUMN_COUNT)
    spss : mapping of int to Sps

    Returns
    -------
    int64 array of shape (n, 2)
        A field pair has the count of its first field. The sequence index grows at IDR pictures and at memory
        management operation 5, whose picture gets the count 0 it has once decoded: order by both columns.
    """
    from mediarescue.bitstream.h264 import _kernels

    out = np.zeros((len(rows), 2), np.int64)
    _kernels.picture_order(np.ascontiguousarray(rows, np.int64), build_sps_table(spss), out, np.zeros(6, np.int64))
    return out


def output_counter(rows: NDArray[np.int64], table: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return the counter in the slice headers that goes with the order of output, and its modulus (8.2.1).

    Parameters
    ----------
    rows : int64 array of shape (n, COLUMN_COUNT)
    table : int64 array
        As from `build_sps_table`.

    Returns
    -------
    values : int64 array of shape (n,)
        pic_order_cnt_lsb, or what frame_num makes of picture order counts of type 2.
    modulus : int
        0 where the stream has no such counter (type 1), or several.
    """
    used = np.unique(rows[:, Column.SPS_ID])
    kinds = table[used[(used >= 0) & (used < len(table))], :3]
    if not len(kinds) or (kinds != kinds[0]).any():
        return np.zeros(len(rows), np.int64), 0
    order_type, frame_num_bits, lsb_bits = kinds[0].tolist()
    if order_type == 0 and lsb_bits:
        return np.maximum(rows[:, Column.POC_LSB], 0), 1 << lsb_bits
    if order_type == 2 and frame_num_bits:
        behind = (rows[:, Column.NAL_REF_IDC] == 0).astype(np.int64)
        return 2 * rows[:, Column.FRAME_NUM] - behind, 2 << frame_num_bits
    return np.zeros(len(rows), np.int64), 0


def sync_kinds(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the SyncKind flags of each access unit, int64 (n,)."""
    idr = rows[:, Column.FIRST_VCL_TYPE] == 5
    return np.asarray(
        idr * int(SyncKind.IDR | SyncKind.IRAP)
        | (rows[:, Column.HAS_RECOVERY_POINT] == 1) * int(SyncKind.RECOVERY_POINT)
        | (rows[:, Column.ALL_INTRA] == 1) * int(SyncKind.ALL_INTRA),
        np.int64,
    )
