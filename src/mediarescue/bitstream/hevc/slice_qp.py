"""The quantiser of HEVC slices, SliceQpY: what stands in front of it in a slice segment header (7.3.6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.hevc.parameter_sets import Pps, Sps, parse_pps
from mediarescue.bitstream.nal import unescape_rbsp

_B, _P = 0, 1
_IDR = (19, 20)
_HEADER_BYTES = 256
"""A slice header is shorter by far; no more of a slice is unescaped."""


@dataclass(frozen=True, slots=True)
class SlicePps:
    """What a slice header needs of a picture parameter set up to its quantiser."""

    base: Pps
    cabac_init_present_flag: bool
    num_ref_idx_default: tuple[int, int]
    init_qp: int
    weighted_pred_flag: bool
    weighted_bipred_flag: bool
    lists_modification_present_flag: bool


def parse_slice_pps(nal: bytes) -> SlicePps:
    """Parse a PPS NAL unit as far as slice headers need it (7.3.2.3.1); raises BitstreamError."""
    base = parse_pps(nal)
    reader = BitReader(unescape_rbsp(nal[2:]))
    for _ in range(2):
        reader.ue()
    reader.skip(6)
    cabac_init = reader.flag()
    defaults = (reader.bounded_ue("num_ref_idx_l0", 14) + 1, reader.bounded_ue("num_ref_idx_l1", 14) + 1)
    init_qp = 26 + reader.se()
    reader.skip(2)
    if reader.flag():
        reader.ue()
    reader.se()
    reader.se()
    reader.skip(1)
    weighted = reader.flag(), reader.flag()
    reader.skip(1)
    tiles = reader.flag()
    reader.skip(1)
    if tiles:
        _skip_tiles(reader)
    reader.skip(1)
    if reader.flag():
        reader.skip(1)
        if not reader.flag():
            reader.se()
            reader.se()
    # Behind scaling lists of its own the flag is out of reach; encoders that write them do not reorder lists.
    modifies = False if reader.flag() else reader.flag()
    return SlicePps(base, cabac_init, defaults, init_qp, *weighted, modifies)


def _skip_tiles(reader: BitReader) -> None:
    columns, rows = reader.bounded_ue("num_tile_columns", 19) + 1, reader.bounded_ue("num_tile_rows", 21) + 1
    if not reader.flag():
        for _ in range(columns - 1 + rows - 1):
            reader.ue()
    reader.skip(1)


def slice_qp(nal: bytes, spss: Mapping[int, Sps], ppss: Mapping[int, SlicePps]) -> int | None:
    """Return SliceQpY of an independent slice segment of layer 0, None where it cannot be read.

    Parameters
    ----------
    nal : bytes
        The NAL unit with its two header bytes.
    """
    kind = nal[0] >> 1 & 0x3F if len(nal) > 2 else 63
    if not (kind <= 9 or 16 <= kind <= 21) or nal[0] & 1 or nal[1] >> 3:
        return None
    reader = BitReader(unescape_rbsp(nal[2:_HEADER_BYTES]))
    try:
        first = reader.flag()
        if kind >= 16:
            reader.skip(1)
        pps = ppss.get(reader.ue())
        sps = spss.get(pps.base.sps_id) if pps is not None else None
        if pps is None or sps is None:
            return None
        if not first:
            if pps.base.dependent_slice_segments_enabled_flag and reader.flag():
                return None
            reader.skip((sps.pic_size_in_ctbs - 1).bit_length())
        return _qp(reader, kind, sps, pps)
    except BitstreamError:
        return None


def _qp(reader: BitReader, kind: int, sps: Sps, pps: SlicePps) -> int | None:
    """Read from slice_reserved_flag on."""
    reader.skip(pps.base.num_extra_slice_header_bits)
    slice_type = reader.bounded_ue("slice_type", 2)
    if pps.base.output_flag_present_flag:
        reader.skip(1)
    if sps.separate_colour_plane_flag:
        reader.skip(2)
    temporal_mvp = kind not in _IDR and _reference_pictures(reader, sps)
    chroma = sps.chroma_format_idc and not sps.separate_colour_plane_flag
    if sps.sample_adaptive_offset_enabled_flag:
        reader.skip(2 if chroma else 1)
    if slice_type in (_B, _P):
        if pps.lists_modification_present_flag:
            return None
        _prediction(reader, slice_type == _B, temporal_mvp, bool(chroma), pps)
    qp = pps.init_qp + reader.se()
    return qp if -6 * (sps.bit_depth_luma - 8) <= qp <= 51 else None


def _reference_pictures(reader: BitReader, sps: Sps) -> bool:
    """Step over the reference picture sets; return slice_temporal_mvp_enabled_flag."""
    reader.skip(sps.log2_max_pic_order_cnt_lsb)
    sets = sps.num_short_term_ref_pic_sets
    if not reader.flag():
        _skip_short_term_set(reader, sps)
    elif sets > 1:
        reader.skip((sets - 1).bit_length())
    if sps.long_term_ref_pics_present_flag:
        known = sps.num_long_term_ref_pics_sps
        from_sps = reader.bounded_ue("num_long_term_sps", 32) if known else 0
        for index in range(from_sps + reader.bounded_ue("num_long_term_pics", 32)):
            if index >= from_sps:
                reader.skip(sps.log2_max_pic_order_cnt_lsb + 1)
            elif known > 1:
                reader.skip((known - 1).bit_length())
            if reader.flag():
                reader.ue()
    return reader.flag() if sps.temporal_mvp_enabled_flag else False


def _skip_short_term_set(reader: BitReader, sps: Sps) -> None:
    """Step over the st_ref_pic_set of a slice header (7.3.7), which may build on one of the SPS."""
    sizes = sps.short_term_set_sizes
    if sizes and reader.flag():
        back = reader.bounded_ue("delta_idx_minus1", len(sizes) - 1) + 1
        reader.skip(1)
        reader.ue()
        for _ in range(sizes[-back] + 1):
            if not reader.flag():
                reader.skip(1)
        return
    for _ in range(reader.bounded_ue("num_negative_pics", 16) + reader.bounded_ue("num_positive_pics", 16)):
        reader.ue()
        reader.skip(1)


def _prediction(reader: BitReader, bi: bool, temporal_mvp: bool, chroma: bool, pps: SlicePps) -> None:
    counts = list(pps.num_ref_idx_default)
    if reader.flag():
        counts[0] = reader.bounded_ue("num_ref_idx_l0", 14) + 1
        if bi:
            counts[1] = reader.bounded_ue("num_ref_idx_l1", 14) + 1
    if bi:
        reader.skip(1)
    if pps.cabac_init_present_flag:
        reader.skip(1)
    if temporal_mvp:
        list_0 = reader.flag() if bi else True
        if counts[0 if list_0 else 1] > 1:
            reader.ue()
    if pps.weighted_bipred_flag if bi else pps.weighted_pred_flag:
        _skip_weights(reader, counts if bi else counts[:1], chroma)
    reader.ue()


def _skip_weights(reader: BitReader, counts: list[int], chroma: bool) -> None:
    """Step over pred_weight_table (7.3.6.3)."""
    reader.ue()
    if chroma:
        reader.se()
    for count in counts:
        luma = [reader.flag() for _ in range(count)]
        colour = [chroma and reader.flag() for _ in range(count)]
        for has_luma, has_chroma in zip(luma, colour, strict=True):
            for _ in range(2 * has_luma + 4 * has_chroma):
                reader.se()
