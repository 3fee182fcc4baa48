"""HEVC picture order counts and sync kinds (ISO/IEC 23008-2 8.3.1)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import Column, SyncKind
from mediarescue.bitstream.hevc.parameter_sets import Sps

_SPS_COUNT = 16


def build_sps_table(spss: Mapping[int, Sps]) -> NDArray[np.int64]:
    """Return log2_max_pic_order_cnt_lsb of each sequence parameter set, int64 (16, 1)."""
    table = np.zeros((_SPS_COUNT, 1), np.int64)
    for sps_id, sps in spss.items():
        table[sps_id, 0] = sps.log2_max_pic_order_cnt_lsb
    return table


def picture_order(rows: NDArray[np.int64], spss: Mapping[int, Sps]) -> NDArray[np.int64]:
    """Return picture order count and coded video sequence index of consecutive access units.

    Parameters
    ----------
    rows : int64 array of shape (n, COLUMN_COUNT)
        The first one starts a sequence, whatever it is.
    spss : mapping of int to Sps

    Returns
    -------
    int64 array of shape (n, 2)
        The sequence index grows at IDR and BLA pictures and behind an end of sequence; a CRA picture in the middle
        goes on, and so do the leading pictures that follow it.
    """
    from mediarescue.bitstream.hevc import _kernels

    out = np.zeros((len(rows), 2), np.int64)
    _kernels.picture_order(np.ascontiguousarray(rows, np.int64), build_sps_table(spss), out, np.zeros(6, np.int64))
    return out


def output_counter(rows: NDArray[np.int64], table: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return slice_pic_order_cnt_lsb of each access unit, int64 (n,), and its modulus, 0 where it varies (8.3.1).

    Parameters
    ----------
    rows : int64 array of shape (n, COLUMN_COUNT)
    table : int64 array
        As from `build_sps_table`.
    """
    used = np.unique(rows[:, Column.SPS_ID])
    bits = np.unique(table[used[(used >= 0) & (used < len(table))], 0])
    modulus = 1 << int(bits[0]) if len(bits) == 1 and bits[0] else 0
    return np.maximum(rows[:, Column.POC_LSB], 0), modulus


def sync_kinds(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the SyncKind flags of each access unit, int64 (n,)."""
    kind = rows[:, Column.FIRST_VCL_TYPE]
    return np.asarray(
        ((kind == 19) | (kind == 20)) * int(SyncKind.IDR)
        | ((kind >= 16) & (kind <= 23)) * int(SyncKind.IRAP)
        | (rows[:, Column.HAS_RECOVERY_POINT] == 1) * int(SyncKind.RECOVERY_POINT)
        | (rows[:, Column.ALL_INTRA] == 1) * int(SyncKind.ALL_INTRA),
        np.int64,
    )
