"""HEVC slice segment headers: the table the kernels read parameter sets from, and a header for single looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.buffers import as_buffer
from mediarescue.bitstream.hevc.parameter_sets import Pps, Sps

PPS_COUNT = 64


class PpsField(IntEnum):
    """Columns of the picture parameter set table: what a slice segment header needs of a PPS and its SPS."""

    SPS_ID = 0
    """-1: no such picture parameter set."""
    DEPENDENT_ENABLED = 1
    OUTPUT_PRESENT = 2
    EXTRA_BITS = 3
    SEPARATE_COLOUR_PLANE = 4
    LOG2_MAX_POC_LSB = 5
    ADDRESS_BITS = 6
    SIZE_IN_CTBS = 7
    SHORT_TERM_SETS = 8


class SliceField(IntEnum):
    """Items of a parsed slice segment header."""

    FIRST = 0
    NAL_TYPE = 1
    TEMPORAL_ID = 2
    PPS_ID = 3
    DEPENDENT = 4
    ADDRESS = 5
    SLICE_TYPE = 6
    POC_LSB = 7


SLICE_FIELD_COUNT = 8


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """The beginning of a slice segment header (7.3.6.1); ``slice_type`` is 0 B, 1 P, 2 I, -1 where dependent."""

    nal_unit_type: int
    temporal_id: int
    first_slice_segment_in_pic_flag: bool
    slice_pic_parameter_set_id: int
    dependent_slice_segment_flag: bool
    slice_segment_address: int
    slice_type: int
    slice_pic_order_cnt_lsb: int


def build_pps_table(spss: Mapping[int, Sps], ppss: Mapping[int, Pps]) -> NDArray[np.int64]:
    """Return the table of all picture parameter sets whose sequence parameter set is known.

    Returns
    -------
    int64 array of shape (64, len(PpsField))
        Row = slice_pic_parameter_set_id; -1 everywhere in the rows of absent sets.
    """
    table = np.full((PPS_COUNT, len(PpsField)), -1, np.int64)
    for pps_id, pps in ppss.items():
        sps = spss.get(pps.sps_id)
        if sps is None:
            continue
        table[pps_id] = (
            pps.sps_id,
            pps.dependent_slice_segments_enabled_flag,
            pps.output_flag_present_flag,
            pps.num_extra_slice_header_bits,
            sps.separate_colour_plane_flag,
            sps.log2_max_pic_order_cnt_lsb,
            (sps.pic_size_in_ctbs - 1).bit_length(),
            sps.pic_size_in_ctbs,
            sps.num_short_term_ref_pic_sets,
        )
    return table


def parse_slice_header(nal: bytes, pps_table: NDArray[np.int64]) -> SliceHeader | None:
    """Parse the beginning of a slice segment NAL unit of layer 0, or return None where it is not a valid one.

    Parameters
    ----------
    nal : bytes
        Whole NAL unit, or its beginning, from the two header bytes on.
    pps_table : int64 array
        From :func:`build_pps_table`.
    """
    from mediarescue.bitstream.hevc import _kernels

    if len(nal) < 3:
        return None
    kind = nal[0] >> 1
    if not (kind <= 9 or 16 <= kind <= 21) or nal[0] & 1 or nal[1] >> 3 or not nal[1] & 7:
        return None
    fields = np.zeros(SLICE_FIELD_COUNT, np.int64)
    state = np.zeros(SLICE_FIELD_COUNT, np.int64)
    if _kernels.parse_slice(as_buffer(nal), state, 0, len(nal), pps_table, fields) < 0:
        return None
    f = [int(value) for value in fields]
    return SliceHeader(
        nal_unit_type=f[SliceField.NAL_TYPE],
        temporal_id=f[SliceField.TEMPORAL_ID],
        first_slice_segment_in_pic_flag=bool(f[SliceField.FIRST]),
        slice_pic_parameter_set_id=f[SliceField.PPS_ID],
        dependent_slice_segment_flag=bool(f[SliceField.DEPENDENT]),
        slice_segment_address=f[SliceField.ADDRESS],
        slice_type=f[SliceField.SLICE_TYPE],
        slice_pic_order_cnt_lsb=f[SliceField.POC_LSB],
    )
