"""A film is opened, or refused in one sentence."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import pytest

from mediarescue.errors import InputError
from mediarescue.media.reader import VideoReader, decoder_threads
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reader") / "clip.mp4"
    make_clip(path, ClipSpec(video=(VideoSpec(frames=30, size=(64, 48)),), audio=(AudioSpec(seconds=Fraction(1)),)))
    return path


def test_says_what_the_pictures_are(clip: Path) -> None:
    with VideoReader(clip) as reader:
        info = reader.info
    assert (info.codec, info.width, info.height, info.pix_fmt, info.bit_depth) == ("h264", 64, 48, "yuv420p", 8)
    assert (info.frame_count, info.rate, info.is_isobmff) == (30, Fraction(25), True)


def test_every_frame_comes_once_in_order(clip: Path) -> None:
    with VideoReader(clip) as reader:
        times = [frame.seconds for frame in reader.frames()]
        again = [frame.index for frame in reader.frames(start=5, stop=20, step=3)]
    assert [round(t * 25) - round(times[0] * 25) for t in times] == list(range(30))
    assert again == [5, 8, 11, 14, 17]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.avi"])
def test_the_index_tells_how_far_key_frames_are_from_each_other(tmp_path: Path, name: str) -> None:
    def distance(frames: int) -> int | None:
        video = VideoSpec(
            codec="mpeg4", frames=frames, size=(64, 48), options=(("g", "10"), ("sc_threshold", "1000000000"))
        )
        path = make_clip(tmp_path / name, ClipSpec(container=name[-3:], video=(video,), audio=()))
        with VideoReader(path) as reader:
            return reader.info.key_distance

    assert distance(35) == 10
    assert distance(8) is None


def test_frames_without_a_time_are_shown_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for _ in range(5):
            film.mux(stream.encode(av.VideoFrame(64, 48, "yuvj420p")))
        film.mux(stream.encode(None))
    with VideoReader(path) as reader:
        assert [frame.pts for frame in reader.frames()] == list(range(5))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"not a film at all" * 100, "is not a film that can be opened"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a film|is a photo"),
    ],
    ids=["empty", "text", "png"],
)
def test_what_is_no_film_is_refused_in_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "thing.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        VideoReader(path)
    assert str(path) in str(caught.value)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        VideoReader(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        VideoReader(tmp_path / "missing.mp4")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not hold for root")
def test_no_permission_is_said(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "secret.mp4"
    path.write_bytes(clip.read_bytes())
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        VideoReader(path)


def test_a_film_of_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    make_clip(path, ClipSpec(video=(), audio=(AudioSpec(seconds=Fraction(1)),)))
    with pytest.raises(InputError, match="no picture track"):
        VideoReader(path)


def test_large_pictures_are_decoded_in_few_threads() -> None:
    assert decoder_threads(1920, 1080, 8) == 16
    assert decoder_threads(3840, 2160, 8) == 5
    assert decoder_threads(3840, 2160, 10) == 2
    assert decoder_threads(7680, 4320, 10) == 2
