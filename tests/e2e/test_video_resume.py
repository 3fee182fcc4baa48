"""A film whose encoding was interrupted goes on from its finished pieces, and comes out as if nothing had happened."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mediarescue.events import Event, Noted, Progressed
from mediarescue.options import EncodeOptions
from mediarescue.pipeline.filter import as_filter
from mediarescue.pipeline.video import VideoJob, run_video
from mediarescue.pipeline.work_folder import work_path
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip


class UnpluggedError(Exception):
    pass


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("resume") / "clip.mp4"
    video = VideoSpec(frames=70, size=(96, 64), options=(("g", "25"), ("bf", "2")))
    make_clip(path, ClipSpec(video=(video,), audio=(AudioSpec(seconds=Fraction(3)),)))
    return path


def pictures(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as film:
        return [(frame.pts, frame.to_ndarray().tobytes()) for frame in film.decode(video=0)]


def job(clip: Path, target: Path, **more: Any) -> VideoJob:
    # Lossless, as x264's choices for pictures this small differ now and then from run to run.
    return VideoJob(clip, target, encode=EncodeOptions(lossless=True, preset="fast"), piece_frames=16, **more)


@pytest.mark.parametrize("frames", [5, 16, 40, 69])
def test_a_resumed_film_has_the_frames_of_an_uninterrupted_one(clip: Path, tmp_path: Path, frames: int) -> None:
    whole, target = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    run_video(job(clip, whole))

    def unplug(event: Event) -> None:
        if isinstance(event, Progressed) and event.done == frames:
            raise UnpluggedError

    with pytest.raises(UnpluggedError):
        run_video(job(clip, target, resume=True), listener=unplug)
    assert not target.exists()
    assert work_path(target).exists() == (frames >= 16)

    events: list[Event] = []
    report = run_video(job(clip, target, resume=True), listener=events.append)
    assert report.resumed_frames == frames // 16 * 16
    assert any(isinstance(event, Noted) and "going on behind" in event.message for event in events) == (frames >= 16)
    assert pictures(target) == pictures(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4", "whole.mp4"]


def test_without_resume_an_interrupted_run_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    def unplug(event: Event) -> None:
        if isinstance(event, Progressed) and event.done == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_video(job(clip, tmp_path / "out.mp4"), listener=unplug)
    assert list(tmp_path.iterdir()) == []


def test_a_filter_sees_the_neighbours_across_the_border_of_a_resumed_piece(clip: Path, tmp_path: Path) -> None:
    class Mean:
        radius = 2
        fingerprint = "mean 2"

        def prepare(self, clip: Any, listener: Any) -> None:
            return None

        def apply(self, window: Any) -> Any:
            luma = [window.frame.planes[0], *(frame.planes[0] for _, frame in window.neighbours())]
            return (np.mean(luma, axis=0).astype(np.uint8), *window.frame.planes[1:])

    def unplug(event: Event) -> None:
        if isinstance(event, Progressed) and event.done == 40:
            raise UnpluggedError

    chosen = as_filter(Mean())
    run_video(job(clip, tmp_path / "whole.mp4", chosen=chosen))
    with pytest.raises(UnpluggedError):
        run_video(job(clip, tmp_path / "out.mp4", chosen=chosen, resume=True), listener=unplug)
    run_video(job(clip, tmp_path / "out.mp4", chosen=chosen, resume=True))
    assert pictures(tmp_path / "out.mp4") == pictures(tmp_path / "whole.mp4")
