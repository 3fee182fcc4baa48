"""The media core without a filter and without loss: only the coding of the pictures is another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mediarescue import process_video
from mediarescue.errors import UsageError
from mediarescue.events import Event, Progressed
from mediarescue.options import EncodeOptions
from mediarescue.pipeline.video import VideoJob, run_video
from tests.support.fidelity import compare_films
from tests.support.film_catalogue import ISOBMFF, OTHERS
from tests.support.films import make_film
from tests.support.hashes import Frozen, sha256

LOSSLESS = EncodeOptions(lossless=True, preset=None)
Films = Callable[[str], Path]


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Films:
    folder, made = tmp_path_factory.mktemp("films"), dict[str, Path]()

    def film(name: str) -> Path:
        if name not in made:
            spec = {**ISOBMFF, **OTHERS}[name]
            made[name] = make_film(folder / f"{name}{spec.suffix}", spec)
        return made[name]

    return film


@pytest.fixture
def film(_made: Films, frozen_input: Frozen) -> Films:
    """Return the films of the catalogue by name, each made once; they must stay as they are."""
    return lambda name: frozen_input(_made(name))


@pytest.mark.parametrize("name", sorted(ISOBMFF))
def test_an_mp4_or_mov_comes_through_with_all_that_is_not_its_coding(name: str, film: Films, tmp_path: Path) -> None:
    source = film(name)
    target = tmp_path / source.name
    # Pieces of seven frames, so that their borders are crossed.
    report = run_video(VideoJob(source, target, encode=LOSSLESS, piece_frames=7))
    assert report.lossless
    assert report.lost == ()
    made = compare_films(source, target)
    assert made.frames == report.frames == ISOBMFF[name].frames
    assert made.that_matter == []


@pytest.mark.parametrize("name", sorted(OTHERS.keys() - {"avi_mjpeg", "matroska_mjpeg", "program_stream"}))
def test_a_film_of_another_container_comes_through(name: str, film: Films, tmp_path: Path) -> None:
    source = film(name)
    target = tmp_path / source.name
    run_video(VideoJob(source, target, encode=LOSSLESS, piece_frames=7))
    assert compare_films(source, target).that_matter == []


@pytest.mark.parametrize(
    ("name", "area", "told"), [("avi_mjpeg", "color", "range"), ("matroska_mjpeg", "aspect", "pixels")]
)
def test_what_neither_codec_nor_container_can_say_is_told(
    name: str, area: str, told: str, film: Films, tmp_path: Path
) -> None:
    source = film(name)
    target = tmp_path / source.name
    report = run_video(VideoJob(source, target, encode=LOSSLESS))
    lines = compare_films(source, target).that_matter
    assert lines
    assert all(area in line for line in lines)
    assert [told in sentence for sentence in report.lost] == [True]


def test_a_container_that_cannot_hold_a_lossless_coding_is_refused(film: Films, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.mkv"):
        run_video(VideoJob(film("prores_4444"), tmp_path / "film.flv", encode=LOSSLESS))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["h264_b", "hevc_10_bit", "vfr_b", "telemetry", "turned", "prores_422", "program_stream", "mjpeg_odd", "avi_h264"],
)
def test_the_usual_quality_changes_nothing_but_the_samples(name: str, film: Films, tmp_path: Path) -> None:
    source = film(name)
    target = tmp_path / source.name
    process_video(source, target)
    # The noise of the small films is what a second coding costs; that it looks like the source is all that is asked.
    assert compare_films(source, target, lossless=False, least_psnr=25).that_matter == []


def test_the_same_film_gives_the_same_file(film: Films, tmp_path: Path) -> None:
    source = film("h264_b")
    for name in ("one.mp4", "two.mp4"):
        process_video(source, tmp_path / name, encode=LOSSLESS)
    assert sha256(tmp_path / "one.mp4") == sha256(tmp_path / "two.mp4")


@pytest.mark.parametrize("name", ["h264_b", "hevc_10_bit", "vfr_b", "prores_422", "matroska"])
def test_a_run_that_was_interrupted_goes_on_to_the_same_file(name: str, film: Films, tmp_path: Path) -> None:
    source = film(name)
    whole, target = tmp_path / f"whole{source.suffix}", tmp_path / f"resumed{source.suffix}"
    run_video(VideoJob(source, whole, encode=LOSSLESS, piece_frames=3))

    def stop(event: Event) -> None:
        if isinstance(event, Progressed) and event.done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_video(VideoJob(source, target, encode=LOSSLESS, resume=True, piece_frames=3), listener=stop)
    assert not target.exists()
    report = run_video(VideoJob(source, target, encode=LOSSLESS, resume=True, piece_frames=3))
    assert report.resumed_frames == 6
    assert target.read_bytes() == whole.read_bytes()
    assert sorted(tmp_path.iterdir()) == [target, whole]
