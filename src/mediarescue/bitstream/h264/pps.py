"""H.264 picture parameter sets (ISO/IEC 14496-10 7.3.2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.h264.sps import Sps, parse_scaling_matrix
from mediarescue.bitstream.nal import unescape_rbsp

NAL_TYPE_PPS = 8


@dataclass(frozen=True, slots=True)
class Pps:
    """A picture parameter set; fields carry the names of the clause."""

    pps_id: int
    sps_id: int
    entropy_coding_mode_flag: bool
    bottom_field_pic_order_in_frame_present_flag: bool
    num_slice_groups: int
    num_ref_idx_l0_default_active: int
    num_ref_idx_l1_default_active: int
    weighted_pred_flag: bool
    weighted_bipred_idc: int
    pic_init_qp: int
    chroma_qp_index_offset: int
    deblocking_filter_control_present_flag: bool
    constrained_intra_pred_flag: bool
    redundant_pic_cnt_present_flag: bool
    transform_8x8_mode_flag: bool
    scaling_lists: tuple[tuple[int, ...] | None, ...] | None


def _skip_slice_groups(reader: BitReader, count: int) -> None:
    map_type = reader.bounded_ue("slice_group_map_type", 6)
    if map_type == 0:
        for _ in range(count):
            reader.ue()
    elif map_type == 2:
        for _ in range(count - 1):
            reader.ue()
            reader.ue()
    elif map_type in (3, 4, 5):
        reader.skip(1)
        reader.ue()
    elif map_type == 6:
        bits = (count - 1).bit_length()
        for _ in range(reader.ue() + 1):
            reader.skip(bits)


def parse_pps(nal: bytes, spss: Mapping[int, Sps]) -> Pps:
    """Parse a picture parameter set NAL unit, its header byte included.

    Parameters
    ----------
    nal : bytes
    spss : mapping
        Sequence parameter sets by id; one that is missing is taken for 4:2:0.

    Raises
    ------
    BitstreamError
        When it is another NAL unit, ends early, or a value is out of its range.
    """
    if not nal or nal[0] & 0x1F != NAL_TYPE_PPS:
        raise BitstreamError("not a picture parameter set NAL unit")
    reader = BitReader(unescape_rbsp(nal[1:]))
    pps_id = reader.bounded_ue("pic_parameter_set_id", 255)
    sps_id = reader.bounded_ue("seq_parameter_set_id", 31)
    cabac = reader.flag()
    bottom_present = reader.flag()
    slice_groups = reader.bounded_ue("num_slice_groups_minus1", 7) + 1
    if slice_groups > 1:
        _skip_slice_groups(reader, slice_groups)
    refs_l0 = reader.bounded_ue("num_ref_idx_l0_default_active_minus1", 31) + 1
    refs_l1 = reader.bounded_ue("num_ref_idx_l1_default_active_minus1", 31) + 1
    weighted_pred = reader.flag()
    weighted_bipred = reader.u(2)
    init_qp = 26 + reader.se()
    reader.se()
    chroma_offset = reader.se()
    deblocking, constrained, redundant = reader.flag(), reader.flag(), reader.flag()
    transform_8x8, scaling_lists = False, None
    if reader.more_rbsp_data():
        transform_8x8 = reader.flag()
        if reader.flag():
            sps = spss.get(sps_id)
            lists_8x8 = 6 if sps is not None and sps.chroma_format_idc == 3 else 2
            scaling_lists = parse_scaling_matrix(reader, 6 + (lists_8x8 if transform_8x8 else 0))
    return Pps(
        pps_id=pps_id,
        sps_id=sps_id,
        entropy_coding_mode_flag=cabac,
        bottom_field_pic_order_in_frame_present_flag=bottom_present,
        num_slice_groups=slice_groups,
        num_ref_idx_l0_default_active=refs_l0,
        num_ref_idx_l1_default_active=refs_l1,
        weighted_pred_flag=weighted_pred,
        weighted_bipred_idc=weighted_bipred,
        pic_init_qp=init_qp,
        chroma_qp_index_offset=chroma_offset,
        deblocking_filter_control_present_flag=deblocking,
        constrained_intra_pred_flag=constrained,
        redundant_pic_cnt_present_flag=redundant,
        transform_8x8_mode_flag=transform_8x8,
        scaling_lists=scaling_lists,
    )
