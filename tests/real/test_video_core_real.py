"""Real camera films through the media core and back: only the coding of the pictures is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue import process_video
from mediarescue.errors import InputError
from mediarescue.options import EncodeOptions
from tests.support.fidelity import compare_films
from tests.support.hashes import Frozen
from tests.support.shared import shared_media

pytestmark = pytest.mark.shared

PRESETS = ("h264", "hevc")
"""Codecs whose lossless encoder has presets; the fastest is enough here."""
FILMS = {
    "gopro/20220214114307_NODATA_GH010739.MP4": "h264",
    "gopro/karma.mp4": "h264",
    "iphone_11/video.MOV": "h264",
    "iphone_se_livephoto/IMG_0484.MOV": "h264",
    "iphone_misc/meta.mov": "h264",
    "iphone_misc/sample-in-issue-505.mp4": "h264",
    "iphone_misc/dolbyVision-hdr.MOV": "hevc",
    "misc_devices/quicktime-hvc1.mov": "hevc",
    "android_misc/h265_with_metadata_track.mp4": "hevc",
    "android_misc/sample_2_byte_NAL_length.mp4": "h264",
    "android_misc/sample_empty_track.mp4": "h264",
    "android_601_pair/video_1.mp4": "h264",
    "containers/sample_with_chapters.mp4": "h264",
    "containers/sample_fragmented.mp4": "h264",
    "containers/sample_fpcm_32le.mp4": "h264",
    "containers/sar_2x1.mp4": "h264",
    "containers/sample_mpeg4.mp4": "mpeg4",
    "fate/Sequence_1-Apple_ProRes_422_LT.mp4": "prores",
    "fate/h264_4bf_pyramid_nobsrestriction.mp4": "h264",
    "misc_devices/fixture-mjpeg.mov": "mjpeg",
    "3gp/video_desks.3gp": "h263",
    "3gp/MOV00006.3gp": "h263",
}
"""Film -> codec of its pictures."""


@pytest.mark.parametrize("name", FILMS)
def test_a_real_film_comes_through_without_loss(name: str, frozen_input: Frozen, tmp_path: Path) -> None:
    source = frozen_input(shared_media(f"video/{name}"))
    target = tmp_path / source.name
    preset = "ultrafast" if FILMS[name] in PRESETS else None
    report = process_video(source, target, encode=EncodeOptions(lossless=True, preset=preset))
    made = compare_films(source, target)
    assert made.that_matter == []
    assert made.frames == report.frames
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["containers/sar_2x1.mp4", "android_601_pair/video_2.mp4", "3gp/fixture.3gp"])
def test_the_usual_quality_is_near_the_source(name: str, frozen_input: Frozen, tmp_path: Path) -> None:
    source = frozen_input(shared_media(f"video/{name}"))
    target = tmp_path / source.name
    process_video(source, target)
    made = compare_films(source, target, lossless=False, least_psnr=30)
    assert made.that_matter == []
    assert made.psnr[0] > 38


@pytest.mark.parametrize("name", ["fate/displaymatrix.mp4", "fate/two_first_slice.mp4", "containers/eac3.mp4"])
def test_a_film_that_is_cut_off_or_none_is_refused(name: str, frozen_input: Frozen, tmp_path: Path) -> None:
    source = frozen_input(shared_media(f"video/{name}"))
    with pytest.raises(InputError, match=r"cut off|no film"):
        process_video(source, tmp_path / source.name)
    assert list(tmp_path.iterdir()) == []
