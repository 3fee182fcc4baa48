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


def sync_kinds(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the SyncKind flags of each access unit, int64 (n,)."""
    idr = rows[:, Column.FIRST_VCL_TYPE] == 5
    return np.asarray(
        idr * int(SyncKind.IDR | SyncKind.IRAP)
        | (rows[:, Column.HAS_RECOVERY_POINT] == 1) * int(SyncKind.RECOVERY_POINT)
        | (rows[:, Column.ALL_INTRA] == 1) * int(SyncKind.ALL_INTRA),
        np.int64,
    )
