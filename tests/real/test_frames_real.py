"""Colours of real cameras' frames, held against FFmpeg's own scaler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from mediarescue import export_frames, import_frames, open_video
from mediarescue.media.orientation import stored
from mediarescue.media.rgb import matrix_of
from mediarescue.options import EncodeOptions, FramesExportOptions, FramesImportOptions
from tests.support.shared import shared_media

pytestmark = pytest.mark.shared

FILMS = (
    "video/iphone_11/video.MOV",
    "video/iphone_se_livephoto/IMG_0484.MOV",
    "video/containers/hdr10-video-with-sdr-container.mp4",
    "video/iphone_misc/dolbyVision-hdr.MOV",
    "video/fate/Sequence_1-Apple_ProRes_422_LT.mp4",
    "video/gopro/karma.mp4",
    "video/misc_devices/fixture-mjpeg.mov",
    "video/3gp/MOV00006.3gp",
)
_EXACT = Interpolation.POINT | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


@pytest.mark.parametrize("name", FILMS)
def test_colours_are_those_of_an_exact_conversion(name: str, tmp_path: Path) -> None:
    film = shared_media(name)
    report = export_frames(film, tmp_path / "pictures", options=FramesExportOptions(last=1))
    picture = cv2.imread(str(tmp_path / "pictures" / "000001.png"), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    with open_video(film) as video:
        frame = next(video.frames())
        matrix = matrix_of(frame.color, frame.width, frame.height)
        decoded: av.VideoFrame = frame.decoded
        seen = decoded.reformat(
            format="bgr24" if picture.dtype == np.uint8 else "bgr48le",
            src_colorspace={5: 5, 6: 5}.get(matrix, matrix),
            dst_colorspace=5,
            interpolation=_EXACT,
        ).to_ndarray()
    ours = _blocks(stored(picture, report.orientation))
    # FFmpeg smooths chroma, so places are compared by their mean; another matrix or range would be off by much more.
    assert np.percentile(np.abs(ours - _blocks(seen)), 95) <= 1.5


def _blocks(picture: NDArray[Any]) -> NDArray[Any]:
    """Mean of each 16 by 16 pixels, in levels of 255."""
    size = (picture.shape[1] // 16, picture.shape[0] // 16)
    whole = np.ascontiguousarray(picture[: size[1] * 16, : size[0] * 16]).astype(np.float32)
    return cv2.resize(whole, size, interpolation=cv2.INTER_AREA) / (1 if picture.dtype == np.uint8 else 257)


def test_a_box_in_a_turned_film_is_all_that_changes(tmp_path: Path) -> None:
    film = shared_media("video/android_601_pair/video_1.mp4")
    export_frames(film, tmp_path / "pictures", options=FramesExportOptions(first=2, last=2))
    path = tmp_path / "pictures" / "000002.png"
    picture = cv2.imread(str(path))
    assert picture is not None
    picture[100:120, 200:220] = (0, 0, 255)
    cv2.imwrite(str(path), picture)
    lossless = FramesImportOptions(encode=EncodeOptions(lossless=True, preset="ultrafast"))
    import_frames(tmp_path / "pictures", film, tmp_path / "out.mp4", options=lossless)
    with open_video(film) as old, open_video(tmp_path / "out.mp4") as new:
        for was, now in zip(old.frames(), new.frames(), strict=True):
            assert was.pts == now.pts
            changed = [np.argwhere(a != b) for a, b in zip(was.planes, now.planes, strict=True)]
            if was.index != 1:
                assert not any(map(len, changed))
                continue
            # A quarter to the left brings the stored (row, column) to (columns - 1 - column, row).
            wide = was.width
            assert changed[0].min(0).tolist() == [200, wide - 120]
            assert changed[0].max(0).tolist() == [219, wide - 101]
            assert all(len(places) == 100 for places in changed[1:])
