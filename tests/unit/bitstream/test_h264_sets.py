from __future__ import annotations

import pytest

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.h264 import parse_avcc, parse_pps, parse_sps
from mediarescue.bitstream.h264.slice_header import PpsField, build_pps_table
from tests.support.h26x import avc_pps, avc_sps, avcc, encoded


def test_an_encoder_s_sps_reads_back() -> None:
    config = parse_avcc(encoded("libx264", "bframes=3:b-pyramid=none:ref=2:fps=30", frames=3, size=(90, 70)).extradata)
    sps = parse_sps(config.sps[0])
    assert (sps.width, sps.height) == (90, 70)
    assert (sps.pic_width_in_mbs, sps.pic_height_in_map_units) == (6, 5)
    assert sps.profile_idc == config.profile_idc == 100
    assert sps.vui is not None
    assert sps.vui.max_num_reorder_frames == 1
    assert sps.vui.num_units_in_tick is not None
    assert sps.vui.time_scale == 60 * sps.vui.num_units_in_tick
    pps = parse_pps(config.pps[0], {0: sps})
    assert (pps.pps_id, pps.entropy_coding_mode_flag, pps.transform_8x8_mode_flag) == (0, True, True)


def test_scaling_lists_and_444_read_back() -> None:
    scaling = ",".join(str(9 + value) for value in range(16))
    config = parse_avcc(encoded("libx264", f"cqm4={scaling}", frames=2, pix_fmt="yuv444p").extradata)
    sps = parse_sps(config.sps[0])
    assert (sps.chroma_format_idc, sps.chroma_array_type) == (3, 3)
    lists = sps.scaling_lists or parse_pps(config.pps[0], {0: sps}).scaling_lists
    assert lists is not None
    assert sorted(lists[0] or ()) == [9 + value for value in range(16)]


def test_interlaced_pictures_count_both_fields() -> None:
    sps = parse_sps(avc_sps(frame_mbs_only=False))
    assert (sps.width, sps.height, sps.frame_size_in_mbs) == (64, 128, 32)


@pytest.mark.parametrize("nal", [b"", b"\x68\xff", avc_sps()[:5], b"\x67" + bytes(20)])
def test_broken_parameter_sets_are_errors(nal: bytes) -> None:
    with pytest.raises(BitstreamError):
        parse_sps(nal)


def test_a_broken_pps_is_an_error() -> None:
    with pytest.raises(BitstreamError):
        parse_pps(avc_pps()[:2], {})
    with pytest.raises(BitstreamError):
        parse_pps(avc_sps(), {})


@pytest.mark.parametrize("size", range(20))
def test_a_cut_avcc_is_an_error(size: int) -> None:
    payload = avcc(avc_sps(), avc_pps())
    with pytest.raises(BitstreamError):
        parse_avcc(payload[: min(size, len(payload) - 1)])


def test_an_avcc_with_3_byte_lengths_is_an_error() -> None:
    with pytest.raises(BitstreamError, match="3 bytes"):
        parse_avcc(avcc(avc_sps(), avc_pps(), length_size=3))


def test_a_pps_without_its_sps_is_absent_from_the_table() -> None:
    sps = parse_sps(avc_sps())
    ppss = {0: parse_pps(avc_pps(), {}), 5: parse_pps(avc_pps(pps_id=5, sps_id=2), {})}
    table = build_pps_table({0: sps}, ppss)
    assert table[0, PpsField.FRAME_SIZE_IN_MBS] == 16
    assert (table[5] == -1).all()
