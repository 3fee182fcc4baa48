"""How coarsely a film is quantised: found again in films made with known quantisers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mediarescue.media.quantiser import qp_of_step, step_of_qp
from mediarescue.media.reader import VideoReader
from mediarescue.pipeline.source_quality import source_quality
from tests.support.clips import ClipSpec, VideoSpec, make_clip

X264 = "aq-mode=0:mbtree=0:ipratio=1:pbratio=1:"
X265 = "log-level=error:aq-mode=0:cutree=0:ipratio=1:pbratio=1:"


def made(path: Path, codec: str, options: tuple[tuple[str, str], ...], **fields: object) -> Path:
    video = VideoSpec(codec=codec, options=options, frames=24, rate=Fraction(25), **fields)  # type: ignore[arg-type]
    return make_clip(path, ClipSpec(container="mov", video=(video,), audio=()))


def quality(path: Path) -> tuple[float | None, float, float | None]:
    with VideoReader(path) as reader:
        found = source_quality(reader.info)
    assert found is not None
    return found.qp, found.activity, found.crf


@pytest.mark.parametrize("qp", [18, 30])
def test_the_quantiser_of_h264_is_found(tmp_path: Path, qp: int) -> None:
    path = made(tmp_path / "film.mov", "libx264", (("x264-params", f"{X264}qp={qp}"),))
    assert quality(path)[0] == pytest.approx(qp, abs=1)


@pytest.mark.parametrize("qp", [18, 30])
@pytest.mark.parametrize("more", ["", "slices=2:", "weightp=1:weightb=1:", "bframes=0:ref=4:sao=0:", "temporal-mvp=0:"])
def test_the_quantiser_of_hevc_slices_is_found(tmp_path: Path, qp: int, more: str) -> None:
    path = made(tmp_path / "film.mov", "libx265", (("x265-params", f"{X265}{more}qp={qp}"),))
    assert quality(path)[0] == pytest.approx(qp, abs=1)


def test_the_container_does_not_matter(tmp_path: Path) -> None:
    def growing_busier(index: int, width: int, height: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        noise = np.random.default_rng(index).integers(-index * 2, index * 2 + 1, (height, width))
        half = np.full((height // 2, width // 2), 128, np.uint8)
        return (128 + noise).astype(np.uint8), half, half

    options = (("b", "300000"), ("g", "12"), ("x264-params", "no-mbtree=1:scenecut=0"))
    video = VideoSpec(codec="libx264", options=options, frames=96, paint=growing_busier)
    found = [
        quality(make_clip(tmp_path / f"film.{name}", ClipSpec(container=form, video=(video,), audio=())))
        for name, form in (("mov", "mov"), ("mkv", "matroska"))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("codec", ["mpeg4", "mpeg2video"])
def test_a_quantiser_scale_is_half_a_step(tmp_path: Path, codec: str) -> None:
    options = (("qmin", "6"), ("qmax", "6"), ("lmin", "708"), ("lmax", "708"))
    assert quality(made(tmp_path / "film.mov", codec, options))[0] == pytest.approx(qp_of_step(12), abs=0.5)


def test_jpeg_tables_tell_their_step(tmp_path: Path) -> None:
    steps = []
    for scale in (4, 8):
        options = tuple((name, f"{scale * factor}") for name, factor in (("qmin", 1), ("qmax", 1), ("lmin", 118)))
        options += (("lmax", f"{scale * 118}"), ("color_range", "pc"))
        path = made(tmp_path / f"{scale}.mov", "mjpeg", options, pix_fmt="yuvj420p")
        qp = quality(path)[0]
        assert qp is not None
        steps.append(step_of_qp(qp))
    assert steps[1] == pytest.approx(2 * steps[0], rel=0.05)


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", (("crf", "21"),)),
        ("libx265", (("crf", "21"), ("x265-params", "log-level=error"))),
    ],
)
def test_the_encoders_own_word_is_found(tmp_path: Path, codec: str, options: tuple[tuple[str, str], ...]) -> None:
    assert quality(made(tmp_path / "film.mov", codec, options))[2] == pytest.approx(21)


def test_a_film_of_fixed_quantisers_has_no_crf(tmp_path: Path) -> None:
    assert quality(made(tmp_path / "film.mov", "libx264", (("x264-params", "qp=20"),)))[2] is None


def test_textured_pictures_are_more_active_than_smooth_ones(tmp_path: Path) -> None:
    def smooth(index: int, width: int, height: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        luma = np.tile(np.linspace(60, 120 + index, width), (height, 1)).astype(np.uint8)
        half = np.full((height // 2, width // 2), 128, np.uint8)
        return luma, half, half

    lossless = (("x264-params", "qp=0"),)
    textured = quality(made(tmp_path / "textured.mov", "libx264", lossless))[1]
    assert textured > quality(made(tmp_path / "smooth.mov", "libx264", lossless, paint=smooth))[1] + 1


def test_a_film_that_says_nothing_has_still_an_activity(tmp_path: Path) -> None:
    qp, activity, crf = quality(made(tmp_path / "film.mov", "prores_ks", (), pix_fmt="yuv422p10le"))
    assert (qp, crf) == (None, None)
    assert activity > -6


def test_damage_is_no_matter_for_the_quality(tmp_path: Path) -> None:
    path = made(tmp_path / "film.mov", "libx264", (("x264-params", f"{X264}qp=25"),))
    whole = path.read_bytes()
    start = whole.index(b"mdat") + len(whole) // 2
    path.write_bytes(whole[:start] + bytes(200) + whole[start + 200 :])
    assert quality(path)[0] == pytest.approx(25, abs=3)
