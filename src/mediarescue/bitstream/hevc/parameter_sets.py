"""HEVC video, sequence and picture parameter sets (ISO/IEC 23008-2 7.3.2), as far as access units need them."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.nal import unescape_rbsp

NAL_TYPE_VPS, NAL_TYPE_SPS, NAL_TYPE_PPS = 32, 33, 34
_EXTENDED_SAR = 255
_MAX_LUMA_SAMPLES = 1 << 28


@dataclass(frozen=True, slots=True)
class Vps:
    """The beginning of a video parameter set."""

    vps_id: int
    max_layers: int
    max_sub_layers: int


@dataclass(frozen=True, slots=True)
class SubLayerOrdering:
    """Decoded picture buffer needs of one temporal sub-layer."""

    max_dec_pic_buffering: int
    max_num_reorder_pics: int
    max_latency_increase: int


@dataclass(frozen=True, slots=True)
class Vui:
    """Video usability information (E.2.1) up to the timing; None where absent."""

    sample_aspect_ratio: tuple[int, int] | None = None
    aspect_ratio_idc: int | None = None
    video_full_range_flag: bool | None = None
    colour_description: tuple[int, int, int] | None = None
    field_seq_flag: bool = False
    num_units_in_tick: int | None = None
    time_scale: int | None = None


@dataclass(frozen=True, slots=True)
class Sps:
    """A sequence parameter set; ``width`` and ``height`` are luma samples inside the conformance window."""

    sps_id: int
    vps_id: int
    profile_idc: int
    level_idc: int
    chroma_format_idc: int
    separate_colour_plane_flag: bool
    coded_width: int
    coded_height: int
    width: int
    height: int
    bit_depth_luma: int
    bit_depth_chroma: int
    log2_max_pic_order_cnt_lsb: int
    ordering: tuple[SubLayerOrdering, ...]
    log2_ctb_size: int
    num_short_term_ref_pic_sets: int
    long_term_ref_pics_present_flag: bool
    vui: Vui | None
    sample_adaptive_offset_enabled_flag: bool = False
    num_long_term_ref_pics_sps: int = 0
    temporal_mvp_enabled_flag: bool = False
    short_term_set_sizes: tuple[int, ...] = ()
    """NumDeltaPocs of each st_ref_pic_set."""

    @property
    def pic_size_in_ctbs(self) -> int:
        """PicSizeInCtbsY (7.4.3.2.1)."""
        ctb = 1 << self.log2_ctb_size
        return -(-self.coded_width // ctb) * -(-self.coded_height // ctb)

    @property
    def max_coded_size(self) -> int:
        """Bytes no picture exceeds in practice: 5/3 of the raw CTBs (A.3.2), emulation prevention, headers."""
        chroma = (0, 2, 4, 8)[self.chroma_format_idc]
        raw_bits = self.pic_size_in_ctbs * (1 << 2 * self.log2_ctb_size)
        raw_bits = raw_bits * (4 * self.bit_depth_luma + chroma * self.bit_depth_chroma) // 4
        return raw_bits // 8 * 5 // 2 + (1 << 16)


@dataclass(frozen=True, slots=True)
class Pps:
    """The part of a picture parameter set that slice segment headers depend on."""

    pps_id: int
    sps_id: int
    dependent_slice_segments_enabled_flag: bool
    output_flag_present_flag: bool
    num_extra_slice_header_bits: int


def _reader(nal: bytes, kind: int, name: str) -> BitReader:
    if len(nal) < 3 or nal[0] >> 1 & 0x3F != kind:
        raise BitstreamError(f"not a {name} parameter set NAL unit")
    return BitReader(unescape_rbsp(nal[2:]))


def parse_vps(nal: bytes) -> Vps:
    """Parse the beginning of a VPS NAL unit; raises BitstreamError."""
    reader = _reader(nal, NAL_TYPE_VPS, "video")
    vps_id = reader.u(4)
    reader.skip(2)
    return Vps(vps_id, reader.u(6) + 1, reader.u(3) + 1)


def parse_pps(nal: bytes) -> Pps:
    """Parse the beginning of a PPS NAL unit; raises BitstreamError."""
    reader = _reader(nal, NAL_TYPE_PPS, "picture")
    return Pps(
        pps_id=reader.bounded_ue("pps_pic_parameter_set_id", 63),
        sps_id=reader.bounded_ue("pps_seq_parameter_set_id", 15),
        dependent_slice_segments_enabled_flag=reader.flag(),
        output_flag_present_flag=reader.flag(),
        num_extra_slice_header_bits=reader.u(3),
    )


def _profile_tier_level(reader: BitReader, sub_layers: int) -> tuple[int, int]:
    """Return general_profile_idc and general_level_idc (7.3.3)."""
    reader.skip(3)
    profile = reader.u(5)
    reader.skip(80)
    level = reader.u(8)
    present = [(reader.flag(), reader.flag()) for _ in range(sub_layers - 1)]
    if sub_layers > 1:
        reader.skip(2 * (9 - sub_layers))
    for has_profile, has_level in present:
        reader.skip(88 * has_profile + 8 * has_level)
    return profile, level


def _skip_scaling_lists(reader: BitReader) -> None:
    """Step over scaling_list_data (7.3.4)."""
    for size_id in range(4):
        for _ in range(0, 6, 3 if size_id == 3 else 1):
            if not reader.flag():
                reader.ue()
                continue
            if size_id > 1:
                reader.se()
            for _k in range(min(64, 1 << (4 + 2 * size_id))):
                reader.se()


def _short_term_set_sizes(reader: BitReader, count: int) -> tuple[int, ...]:
    """Step over the SPS's st_ref_pic_set structures (7.3.7, 7.4.8) and return the number of pictures in each."""
    sizes: list[int] = []
    for index in range(count):
        if index and reader.flag():
            reader.skip(1)
            reader.ue()
            size = 0
            for _ in range(sizes[-1] + 1):
                used = reader.flag()
                size += used or reader.flag()
            sizes.append(size)
            continue
        negative = reader.bounded_ue("num_negative_pics", 16)
        positive = reader.bounded_ue("num_positive_pics", 16)
        for _ in range(negative + positive):
            reader.ue()
            reader.skip(1)
        sizes.append(negative + positive)
    return tuple(sizes)


def _parse_vui(reader: BitReader) -> Vui:
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
    reader.skip(1)
    fields["field_seq_flag"] = reader.flag()
    reader.skip(1)
    if reader.flag():
        for _ in range(4):
            reader.ue()
    if reader.flag():
        fields["num_units_in_tick"] = reader.u(32)
        fields["time_scale"] = reader.u(32)
    return Vui(**fields)  # type: ignore[arg-type]


def parse_sps(nal: bytes) -> Sps:
    """Parse an SPS NAL unit of layer 0, its two header bytes included.

    Raises
    ------
    BitstreamError
        When it is another NAL unit, ends early, or a value is out of its range.

    Notes
    -----
    A VUI that ends early is dropped: nothing access units need comes after it.
    """
    reader = _reader(nal, NAL_TYPE_SPS, "sequence")
    vps_id = reader.u(4)
    sub_layers = reader.u(3) + 1
    if sub_layers > 7:
        raise BitstreamError("sps_max_sub_layers_minus1 is 7, at most 6 is allowed")
    reader.skip(1)
    profile, level = _profile_tier_level(reader, sub_layers)
    sps_id = reader.bounded_ue("sps_seq_parameter_set_id", 15)
    chroma = reader.bounded_ue("chroma_format_idc", 3)
    separate = chroma == 3 and reader.flag()
    coded_width, coded_height = reader.ue(), reader.ue()
    if not 0 < coded_width * coded_height <= _MAX_LUMA_SAMPLES:
        raise BitstreamError(f"a picture of {coded_width} x {coded_height} fits no level")
    left = right = top = bottom = 0
    if reader.flag():
        left, right, top, bottom = reader.ue(), reader.ue(), reader.ue(), reader.ue()
    unit_x = 2 if chroma in (1, 2) else 1
    unit_y = 2 if chroma == 1 else 1
    width, height = coded_width - unit_x * (left + right), coded_height - unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise BitstreamError(f"the conformance window leaves a picture of {width} x {height}")
    depth_luma = 8 + reader.bounded_ue("bit_depth_luma_minus8", 8)
    depth_chroma = 8 + reader.bounded_ue("bit_depth_chroma_minus8", 8)
    log2_lsb = 4 + reader.bounded_ue("log2_max_pic_order_cnt_lsb_minus4", 12)
    ordering = tuple(
        SubLayerOrdering(reader.ue() + 1, reader.ue(), reader.ue()) for _ in range(sub_layers if reader.flag() else 1)
    )
    log2_ctb = 3 + reader.ue()
    log2_ctb += reader.ue()
    if not 4 <= log2_ctb <= 6:
        raise BitstreamError(f"coding tree blocks of 2**{log2_ctb} samples do not exist")
    reader.ue()
    reader.ue()
    reader.ue()
    reader.ue()
    if reader.flag() and reader.flag():
        _skip_scaling_lists(reader)
    reader.skip(1)
    sao = reader.flag()
    if reader.flag():
        reader.skip(8)
        reader.ue()
        reader.ue()
        reader.skip(1)
    short_term_sets = reader.bounded_ue("num_short_term_ref_pic_sets", 64)
    set_sizes = _short_term_set_sizes(reader, short_term_sets)
    long_term = reader.flag()
    long_terms = reader.bounded_ue("num_long_term_ref_pics_sps", 32) if long_term else 0
    for _ in range(long_terms):
        reader.skip(log2_lsb + 1)
    temporal_mvp = reader.flag()
    reader.skip(1)
    try:
        vui = _parse_vui(reader) if reader.flag() else None
    except BitstreamError:
        vui = None
    return Sps(
        sps_id=sps_id,
        vps_id=vps_id,
        profile_idc=profile,
        level_idc=level,
        chroma_format_idc=chroma,
        separate_colour_plane_flag=separate,
        coded_width=coded_width,
        coded_height=coded_height,
        width=width,
        height=height,
        bit_depth_luma=depth_luma,
        bit_depth_chroma=depth_chroma,
        log2_max_pic_order_cnt_lsb=log2_lsb,
        ordering=ordering,
        log2_ctb_size=log2_ctb,
        num_short_term_ref_pic_sets=short_term_sets,
        long_term_ref_pics_present_flag=long_term,
        vui=vui,
        sample_adaptive_offset_enabled_flag=sao,
        num_long_term_ref_pics_sps=long_terms,
        temporal_mvp_enabled_flag=temporal_mvp,
        short_term_set_sizes=set_sizes,
    )
