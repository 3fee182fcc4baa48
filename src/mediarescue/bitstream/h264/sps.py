"""H.264 sequence parameter sets (ISO/IEC 14496-10 7.3.2.1.1, E.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.nal import unescape_rbsp

NAL_TYPE_SPS = 7
# The profiles whose SPS carries chroma format, bit depths and scaling lists (7.3.2.1.1).
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_EXTENDED_SAR = 255
_MAX_MBS = 1 << 20


@dataclass(frozen=True, slots=True)
class Vui:
    """Video usability information (E.1.1), as far as timing, colour and reordering go; None where absent."""

    sample_aspect_ratio: tuple[int, int] | None = None
    aspect_ratio_idc: int | None = None
    video_full_range_flag: bool | None = None
    colour_description: tuple[int, int, int] | None = None
    num_units_in_tick: int | None = None
    time_scale: int | None = None
    fixed_frame_rate_flag: bool | None = None
    pic_struct_present_flag: bool = False
    max_num_reorder_frames: int | None = None
    max_dec_frame_buffering: int | None = None


@dataclass(frozen=True, slots=True)
class Sps:
    """A sequence parameter set; fields carry the names of the clause.

    ``width`` and ``height`` are luma samples after cropping. A scaling list is a tuple of 16 or 64 numbers, empty
    for the default list, None where it falls back to another one.
    """

    sps_id: int
    profile_idc: int
    constraint_flags: int
    level_idc: int
    chroma_format_idc: int
    separate_colour_plane_flag: bool
    bit_depth_luma: int
    bit_depth_chroma: int
    scaling_lists: tuple[tuple[int, ...] | None, ...] | None
    log2_max_frame_num: int
    pic_order_cnt_type: int
    log2_max_pic_order_cnt_lsb: int
    delta_pic_order_always_zero_flag: bool
    offset_for_non_ref_pic: int
    offset_for_top_to_bottom_field: int
    offset_for_ref_frame: tuple[int, ...]
    max_num_ref_frames: int
    gaps_in_frame_num_value_allowed_flag: bool
    pic_width_in_mbs: int
    pic_height_in_map_units: int
    frame_mbs_only_flag: bool
    mb_adaptive_frame_field_flag: bool
    width: int
    height: int
    vui: Vui | None

    @property
    def chroma_array_type(self) -> int:
        """ChromaArrayType (7.4.2.1.1): 0 where the colour planes are coded apart."""
        return 0 if self.separate_colour_plane_flag else self.chroma_format_idc

    @property
    def frame_size_in_mbs(self) -> int:
        """Macroblocks of a whole frame."""
        return self.pic_width_in_mbs * self.pic_height_in_map_units * (1 if self.frame_mbs_only_flag else 2)

    @property
    def max_coded_size(self) -> int:
        """Bytes no picture exceeds: 128 bits above a raw macroblock each (A.3.1 n), emulation prevention, headers."""
        chroma = (0, 128, 256, 512)[self.chroma_format_idc]
        raw_mb_bits = 256 * self.bit_depth_luma + chroma * self.bit_depth_chroma
        return self.frame_size_in_mbs * (raw_mb_bits + 128) // 8 * 3 // 2 + (1 << 16)


def parse_scaling_list(reader: BitReader, size: int) -> tuple[int, ...]:
    """Return a scaling list of ``size`` numbers, empty for "use the default" (7.3.2.1.1.1)."""
    values: list[int] = []
    last = following = 8
    for index in range(size):
        if following:
            following = (last + reader.se()) % 256
            if index == 0 and following == 0:
                return ()
        last = following or last
        values.append(last)
    return tuple(values)


def parse_scaling_matrix(reader: BitReader, count: int) -> tuple[tuple[int, ...] | None, ...]:
    """Return ``count`` scaling lists: six 4x4, then 8x8; None where a list is not present."""
    return tuple(parse_scaling_list(reader, 16 if i < 6 else 64) if reader.flag() else None for i in range(count))


def _skip_hrd(reader: BitReader) -> None:
    cpb_count = reader.bounded_ue("cpb_cnt_minus1", 31) + 1
    reader.skip(8)
    for _ in range(cpb_count):
        reader.ue()
        reader.ue()
        reader.skip(1)
    reader.skip(20)


def parse_vui(reader: BitReader) -> Vui:
    """Return the VUI parameters at the reader (E.1.1)."""
    fields: dict[str, object] = {}
    if reader.flag():
        idc = reader.u(8)
        fields["aspect_ratio_idc"] = idc
        if idc == _EXTENDED_SAR:
            fields["sample_aspect_ratio"] = (reader.u(16), reader.u(16))
    if reader.flag():
        reader.skip(1)
    if reader.flag():
        reader.skip(3)
        fields["video_full_range_flag"] = reader.flag()
        if reader.flag():
            fields["colour_description"] = (reader.u(8), reader.u(8), reader.u(8))
    if reader.flag():
        reader.ue()
        reader.ue()
    if reader.flag():
        fields["num_units_in_tick"] = reader.u(32)
        fields["time_scale"] = reader.u(32)
        fields["fixed_frame_rate_flag"] = reader.flag()
    nal_hrd = reader.flag()
    if nal_hrd:
        _skip_hrd(reader)
    vcl_hrd = reader.flag()
    if vcl_hrd:
        _skip_hrd(reader)
    if nal_hrd or vcl_hrd:
        reader.skip(1)
    fields["pic_struct_present_flag"] = reader.flag()
    if reader.flag():
        reader.skip(1)
        for _ in range(4):
            reader.ue()
        fields["max_num_reorder_frames"] = reader.ue()
        fields["max_dec_frame_buffering"] = reader.ue()
    return Vui(**fields)  # type: ignore[arg-type]


def parse_sps(nal: bytes) -> Sps:
    """Parse a sequence parameter set NAL unit, its header byte included.

    Raises
    ------
    BitstreamError
        When it is another NAL unit, ends early, or a value is out of its range.

    Notes
    -----
    A VUI that ends early is dropped: some encoders cut it, and nothing before it depends on it.
    """
    if not nal or nal[0] & 0x1F != NAL_TYPE_SPS:
        raise BitstreamError("not a sequence parameter set NAL unit")
    reader = BitReader(unescape_rbsp(nal[1:]))
    profile_idc, constraint_flags, level_idc = reader.u(8), reader.u(8), reader.u(8)
    sps_id = reader.bounded_ue("seq_parameter_set_id", 31)
    chroma_format_idc, separate, depth_luma, depth_chroma = 1, False, 8, 8
    scaling_lists = None
    if profile_idc in _HIGH_PROFILES:
        chroma_format_idc = reader.bounded_ue("chroma_format_idc", 3)
        separate = chroma_format_idc == 3 and reader.flag()
        depth_luma = 8 + reader.bounded_ue("bit_depth_luma_minus8", 6)
        depth_chroma = 8 + reader.bounded_ue("bit_depth_chroma_minus8", 6)
        reader.skip(1)
        if reader.flag():
            scaling_lists = parse_scaling_matrix(reader, 12 if chroma_format_idc == 3 else 8)
    log2_max_frame_num = 4 + reader.bounded_ue("log2_max_frame_num_minus4", 12)
    poc_type = reader.bounded_ue("pic_order_cnt_type", 2)
    log2_lsb, always_zero, non_ref, top_to_bottom = 0, False, 0, 0
    ref_offsets: tuple[int, ...] = ()
    if poc_type == 0:
        log2_lsb = 4 + reader.bounded_ue("log2_max_pic_order_cnt_lsb_minus4", 12)
    elif poc_type == 1:
        always_zero = reader.flag()
        non_ref, top_to_bottom = reader.se(), reader.se()
        cycle = reader.bounded_ue("num_ref_frames_in_pic_order_cnt_cycle", 255)
        ref_offsets = tuple(reader.se() for _ in range(cycle))
    max_num_ref_frames = reader.bounded_ue("max_num_ref_frames", 32)
    gaps_allowed = reader.flag()
    width_mbs = 1 + reader.ue()
    height_units = 1 + reader.ue()
    frame_mbs_only = reader.flag()
    if width_mbs * height_units > _MAX_MBS:
        raise BitstreamError(f"a picture of {width_mbs} x {height_units} macroblocks is larger than any level allows")
    mbaff = not frame_mbs_only and reader.flag()
    reader.skip(1)
    left = right = top = bottom = 0
    if reader.flag():
        left, right, top, bottom = reader.ue(), reader.ue(), reader.ue(), reader.ue()
    array_type = 0 if separate else chroma_format_idc
    crop_x = 2 if array_type in (1, 2) else 1
    crop_y = (2 if array_type == 1 else 1) * (1 if frame_mbs_only else 2)
    width = 16 * width_mbs - crop_x * (left + right)
    height = 16 * height_units * (1 if frame_mbs_only else 2) - crop_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise BitstreamError(f"cropping leaves a picture of {width} x {height}")
    try:
        vui = parse_vui(reader) if reader.flag() else None
    except BitstreamError:
        vui = None
    return Sps(
        sps_id=sps_id,
        profile_idc=profile_idc,
        constraint_flags=constraint_flags,
        level_idc=level_idc,
        chroma_format_idc=chroma_format_idc,
        separate_colour_plane_flag=separate,
        bit_depth_luma=depth_luma,
        bit_depth_chroma=depth_chroma,
        scaling_lists=scaling_lists,
        log2_max_frame_num=log2_max_frame_num,
        pic_order_cnt_type=poc_type,
        log2_max_pic_order_cnt_lsb=log2_lsb,
        delta_pic_order_always_zero_flag=always_zero,
        offset_for_non_ref_pic=non_ref,
        offset_for_top_to_bottom_field=top_to_bottom,
        offset_for_ref_frame=ref_offsets,
        max_num_ref_frames=max_num_ref_frames,
        gaps_in_frame_num_value_allowed_flag=gaps_allowed,
        pic_width_in_mbs=width_mbs,
        pic_height_in_map_units=height_units,
        frame_mbs_only_flag=frame_mbs_only,
        mb_adaptive_frame_field_flag=mbaff,
        width=width,
        height=height,
        vui=vui,
    )
