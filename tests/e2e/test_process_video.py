"""Films through filters: only what a filter changes is different, and nothing is left half-written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mediarescue import open_video, process_video
from mediarescue.errors import InputError, NothingToDoError, OutputError, UsageError
from mediarescue.events import Event, Listener, Progressed, StageStarted
from mediarescue.media.planes import FramePlanes, Plane
from mediarescue.media.reader import VideoReader
from mediarescue.options import EncodeOptions
from mediarescue.pipeline.window import FrameWindow
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.hashes import sha256

LOSSLESS = EncodeOptions(lossless=True, preset="ultrafast")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("process") / "clip.mp4"
    video = VideoSpec(frames=30, size=(96, 64), options=(("bf", "2"),))
    make_clip(path, ClipSpec(video=(video,), audio=(AudioSpec(seconds=Fraction(6, 5)),)))
    os.utime(path, (1_500_000_000, 1_500_000_000))
    return path


@pytest.fixture(autouse=True)
def _input_stays(clip: Path) -> object:
    before = sha256(clip)
    yield
    assert sha256(clip) == before


def luma(path: Path) -> list[Plane]:
    with open_video(path) as film:
        return [frame.planes[0] for frame in film.frames()]


def sound(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as film:
        return [(packet.pts, bytes(packet)) for packet in film.demux(audio=0) if packet.size]


def test_a_function_changes_what_it_changes_and_nothing_else(clip: Path, tmp_path: Path) -> None:
    def box(frame: FramePlanes) -> Sequence[Plane] | None:
        if frame.index % 3:
            return None
        y = frame.planes[0].copy()
        y[8:16, 24:40] = 16
        return (y, *frame.planes[1:])

    report = process_video(clip, tmp_path / "out.mp4", filter=box, encode=LOSSLESS)
    assert (report.frames, report.changed_frames, report.changed, report.exit_code) == (30, 10, True, 0)
    for index, (old, new) in enumerate(zip(luma(clip), luma(tmp_path / "out.mp4"), strict=True)):
        expected = old.copy()
        if index % 3 == 0:
            expected[8:16, 24:40] = 16
        assert (new == expected).all()
    assert sound(tmp_path / "out.mp4") == sound(clip)
    assert (tmp_path / "out.mp4").stat().st_mtime == 1_500_000_000


class Learned:
    """Looks at the film first; adds the mean of its first frame's luma to the neighbours' difference."""

    radius = 1
    fingerprint = "learned"

    def __init__(self, verdict: str | None = None) -> None:
        self.verdict = verdict
        self.mean = 0

    def prepare(self, clip: VideoReader, listener: Listener) -> str | None:
        (first,) = clip.frames(stop=1)
        self.mean = int(first.planes[0].mean())
        return self.verdict

    def apply(self, window: FrameWindow) -> Sequence[Plane] | None:
        before, after = window[-1] or window.frame, window[1] or window.frame
        y = (before.planes[0].astype(int) + after.planes[0] + self.mean) // 3
        return (y.astype(np.uint8), *window.frame.planes[1:])


def test_a_filter_may_look_at_the_film_first_and_at_its_neighbours(clip: Path, tmp_path: Path) -> None:
    process_video(clip, tmp_path / "out.mp4", filter=Learned(), encode=LOSSLESS)
    old, new = luma(clip), luma(tmp_path / "out.mp4")
    mean = int(old[0].mean())
    for index in (0, 13, 29):
        before, after = old[max(0, index - 1)], old[min(29, index + 1)]
        assert (new[index] == (before.astype(int) + after + mean) // 3).all()


def test_where_a_filter_finds_nothing_to_do_the_film_is_copied_byte_for_byte(clip: Path, tmp_path: Path) -> None:
    report = process_video(clip, tmp_path / "out.mp4", filter=Learned("no spots found"))
    assert sha256(tmp_path / "out.mp4") == sha256(clip)
    assert (report.changed, report.notes, report.frames) == (False, ("no spots found",), 0)
    assert (tmp_path / "out.mp4").stat().st_mtime == 1_500_000_000


def test_a_filter_that_changes_no_frame_leaves_the_film_as_it_is(clip: Path, tmp_path: Path) -> None:
    report = process_video(clip, tmp_path / "out.mp4", filter=lambda frame: None)
    assert sha256(tmp_path / "out.mp4") == sha256(clip)
    assert (report.changed, report.encoder) == (False, "")
    assert "copied" in report.notes[0]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_tracks_that_the_container_cannot_hold_are_told_before_and_after(clip: Path, tmp_path: Path) -> None:
    foreseen = process_video(clip, tmp_path / "out.webm", dry_run=True)
    report = process_video(clip, tmp_path / "out.webm")
    for told in (foreseen, report):
        assert told.exit_code == 10
        assert any("track 2 (aac sound" in sentence for sentence in told.lost)


def test_a_rotation_that_the_container_cannot_say_is_told(clip: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    with av.open(str(clip)) as old, av.open(str(turned), "w") as film:
        stream = film.add_stream_from_template(old.streams.video[0])
        stream.set_display_rotation(90)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                film.mux(packet)
    report = process_video(turned, tmp_path / "out.avi", encode=EncodeOptions(preset="ultrafast"))
    assert any("rotation by 90 degrees" in sentence for sentence in report.lost)
    report = process_video(turned, tmp_path / "out.mkv", encode=EncodeOptions(preset="ultrafast"))
    assert not any("rotation" in sentence for sentence in report.lost)


def test_nothing_to_do_is_no_reason_to_write_another_container(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="no spots found"):
        process_video(clip, tmp_path / "out.mkv", filter=Learned("no spots found"))
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_changes_its_size_comes_in_that_of_its_first_frame(tmp_path: Path) -> None:
    source, parts = tmp_path / "call.mkv", []
    for size in ((64, 48), (96, 64)):
        part = tmp_path / f"{size[0]}.mkv"
        make_clip(part, ClipSpec("matroska", (VideoSpec("libvpx", frames=10, size=size),), ()))
        parts.append(part)
    with av.open(str(source), "w") as film, av.open(str(parts[0])) as first:
        stream = film.add_stream_from_template(first.streams.video[0])
        for number, path in enumerate(parts):
            with av.open(str(path)) as call:
                for packet in call.demux(video=0):
                    if packet.size and packet.pts is not None:
                        packet.pts = packet.dts = packet.pts + 400 * number
                        packet.stream = stream
                        film.mux(packet)
    report = process_video(source, tmp_path / "out.mkv")
    assert report.warnings == (f"10 frames of {source} had another size and came out in that of the first, 64 x 48",)
    assert report.exit_code == 10
    assert [plane.shape for plane in luma(tmp_path / "out.mkv")] == [(48, 64)] * 20


def test_progress_counts_frames(clip: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    process_video(clip, tmp_path / "out.mp4", encode=LOSSLESS, listener=events.append)
    assert StageStarted("encode", 30, "frames") in events
    assert [event.done for event in events if isinstance(event, Progressed) and event.stage == "encode"][-1] == 30


def test_a_dry_run_writes_nothing(clip: Path, tmp_path: Path) -> None:
    report = process_video(clip, tmp_path / "out.mp4", dry_run=True)
    assert (report.output, report.encoder, report.dry_run) == (None, "libx264", True)
    assert list(tmp_path.iterdir()) == []


def test_a_filter_that_fails_leaves_nothing_behind(clip: Path, tmp_path: Path) -> None:
    def broken(frame: FramePlanes) -> None:
        if frame.index == 12:
            raise ZeroDivisionError("at frame 12")

    with pytest.raises(ZeroDivisionError, match="frame 12"):
        process_video(clip, tmp_path / "out.mp4", filter=broken)
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_exists_is_replaced_only_when_asked(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(OutputError, match="only with --overwrite"):
        process_video(clip, target)
    assert target.read_bytes() == b"precious"
    process_video(clip, target, overwrite=True, encode=LOSSLESS)
    assert len(luma(target)) == 30


def test_the_input_is_never_the_output(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(clip)
    with pytest.raises(UsageError, match="is the input"):
        process_video(clip, tmp_path / "link.mp4", overwrite=True)


def test_a_cut_film_is_refused_with_advice(clip: Path, tmp_path: Path) -> None:
    with (
        av.open(str(tmp_path / "front.mp4"), "w", options={"movflags": "faststart"}) as film,
        av.open(str(clip)) as old,
    ):
        stream = film.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                film.mux(packet)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((tmp_path / "front.mp4").read_bytes()[: (tmp_path / "front.mp4").stat().st_size * 2 // 3])
    with pytest.raises(InputError, match="mediarescue untrunc"):
        process_video(cut, tmp_path / "out.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.mp4", "front.mp4"]


def test_an_unknown_extension_is_a_usage_error(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="what kind of film"):
        process_video(clip, tmp_path / "out.jpg")
