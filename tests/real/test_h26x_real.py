"""Every H.264 and HEVC track of the shared camera files against the demuxer's samples and times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mediarescue.bitstream.columns import NEED_MORE, Column, EndReason
from mediarescue.bitstream.h264 import H264Scanner, parse_avcc
from mediarescue.bitstream.hevc import HevcScanner, parse_hvcc
from mediarescue.bitstream.scanner import AccessUnitScanner
from tests.support.h26x import Track, demuxed
from tests.support.shared import shared_media

pytestmark = pytest.mark.shared

AVC = [
    "android_601_pair/video_1.mp4",
    "android_601_pair/video_2.mp4",
    "android_misc/VID_20250213_145719.mp4",
    "android_misc/portrait_4k60.mp4",
    "android_misc/sample_2_byte_NAL_length.mp4",
    "android_misc/sample_empty_track.mp4",
    "android_misc/sample_with_increasing_timestamps_360p.mp4",
    "containers/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4",
    "containers/cursed-vfr.mp4",
    "containers/edit_list_positive_shift.mp4",
    "containers/frag-buck-bunny.mp4",
    "containers/rotate-buck-bunny.mp4",
    "containers/sample_fpcm_32le.mp4",
    "containers/sample_fragmented.mp4",
    "containers/sample_partially_fragmented.mp4",
    "containers/sample_with_chapters.mp4",
    "containers/sample_without_stss.mp4",
    "containers/sar_2x1.mp4",
    "containers/sowt-with-video.mov",
    "fate/h264_4bf_pyramid_nobsrestriction.mp4",
    "fate/mixed-nal-coding.mp4",
    "fate/spherical.mp4",
    "gopro/20220214114307_NODATA_GH010739.MP4",
    "gopro/hero7.mp4",
    "gopro/karma.mp4",
    "iphone_11/video.MOV",
    "iphone_11/video_2.MOV",
    "iphone_misc/meta.mov",
    "iphone_misc/sample-in-issue-505.mp4",
    "iphone_se_livephoto/IMG_0484.MOV",
    "iphone_se_livephoto/IMG_0485.MOV",
    "misc_devices/mp42-hvc1.mp4",
]
HEVC = [
    "android_misc/h265_with_metadata_track.mp4",
    "containers/hdr10-video-with-sdr-container.mp4",
    "containers/video-h265.mp4",
    "iphone_misc/dolbyVision-hdr.MOV",
    "iphone_misc/dv84.mp4",
    "iphone_misc/sample_edit_list.mp4",
    "iphone_misc/water_180_mvhevc_5frames.mov",
    "misc_devices/quicktime-hvc1.mov",
    "pixel_motionphoto/mv_with_2_top_shots.mp4",
]


def tracks(relative: str) -> list[tuple[AccessUnitScanner, Track]]:
    path: Path = shared_media("video") / relative
    if relative in AVC:
        return [(H264Scanner(parse_avcc(t.extradata)), t) for t in demuxed(path, "h264")]
    return [(HevcScanner(parse_hvcc(t.extradata)), t) for t in demuxed(path, "hevc")]


@pytest.mark.parametrize("relative", AVC + HEVC)
def test_sizes_and_order_of_display_are_the_demuxer_s(relative: str) -> None:
    found = tracks(relative)
    assert found
    for scanner, track in found:
        data = np.frombuffer(track.data, np.uint8).copy()
        rows, stop = scanner.scan_many(data, 0, len(data), len(track.samples) + 5)
        assert rows[:, Column.SIZE].tolist() == track.sizes
        assert (stop.pos, stop.code) == (len(data), NEED_MORE)
        if track.true_ranks is not None:
            assert scanner.display_ranks(rows).tolist() == track.true_ranks


@pytest.mark.parametrize("relative", AVC + HEVC)
def test_every_sample_is_found_between_foreign_bytes(relative: str) -> None:
    """Samples stand apart in a movie: audio and metadata follow them, never the next picture."""
    rng = np.random.default_rng(7)
    for scanner, track in tracks(relative):
        learned = scanner.learned(track.samples[:30])
        for sample in track.samples[:60]:
            foreign = rng.bytes(64)
            data = np.frombuffer(sample + foreign, np.uint8).copy()
            row = learned.scan(data, 0, len(data))
            assert not isinstance(row, int), row
            assert row[Column.SIZE] == len(sample)


@pytest.mark.parametrize("relative", ["iphone_11/video.MOV", "gopro/karma.mp4", "iphone_misc/dv84.mp4"])
def test_no_position_but_the_tail_of_a_unit_looks_like_one(relative: str) -> None:
    for scanner, track in tracks(relative):
        learned = scanner.learned(track.samples[:30])
        data = np.frombuffer(track.data[:400_000], np.uint8).copy()
        starts = set(np.cumsum([0, *track.sizes]).tolist())
        for pos in sorted(set(range(100_000)) - starts):
            row = learned.scan(data, pos, len(data))
            # A unit without its leading delimiter, SEI or parameter sets is a unit too.
            assert isinstance(row, int) or pos + int(row[Column.SIZE]) in starts, pos


def test_the_cut_last_sample_of_a_broken_file_is_said() -> None:
    [(scanner, track)] = [
        (H264Scanner(parse_avcc(t.extradata)), t) for t in demuxed(shared_media("video/fate/displaymatrix.mp4"), "h264")
    ]
    rows, _ = scanner.scan_many(track.data, 0, len(track.data), 100)
    assert rows[:-1, Column.SIZE].tolist() == track.sizes[:-1]
    assert rows[-1, Column.END_REASON] == EndReason.CUT
    assert rows[-1, Column.SIZE] < track.sizes[-1] < rows[-1, Column.DECLARED_SIZE]


def test_scanning_stops_at_the_damage_inside_a_sample() -> None:
    [(scanner, track)] = [
        (HevcScanner(parse_hvcc(t.extradata)), t)
        for t in demuxed(shared_media("video/fate/two_first_slice.mp4"), "hevc")
    ]
    rows, stop = scanner.scan_many(track.data, 0, len(track.data), 100)
    assert rows[:30, Column.SIZE].tolist() == track.sizes[:30]
    assert (len(rows), rows[30, Column.END_REASON]) == (31, EndReason.OTHER_BYTES)
    assert stop.pos == sum(track.sizes[:30]) + rows[30, Column.SIZE]
