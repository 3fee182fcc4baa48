from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mediarescue.media_reports import PhotoReport, VideoReport, decoding_warnings

FILM = VideoReport(
    "a.mp4", "b.mp4", 1, 1, frames=300, changed_frames=0, changed=True, width=2, height=2, codec="h264",
    encoder="libx264", lossless=False, settings={}, seconds=1.0,
)  # fmt: skip
PHOTO = PhotoReport(
    "a.jpg", "b.jpg", 1, 1, "JPEG", 2, 2, "YCbCr", 8, changed=True, changed_pixels=2, rewritten=1, rewritten_of=12,
    rewritten_unit="blocks", lossless=False, seconds=1.0,
)  # fmt: skip


def test_one_is_one() -> None:
    assert FILM.summary == "300 frames, libx264"
    assert replace(FILM, frames=1, changed_frames=1).summary == "1 of 1 frame, libx264"
    assert PHOTO.summary == "2 pixels changed, 1 of 12 blocks"
    assert replace(PHOTO, changed_pixels=1).summary == "1 pixel changed, 1 of 12 blocks"


def test_what_a_decoder_made_of_a_film_is_said() -> None:
    film = Path("a.mp4")
    assert decoding_warnings(film, undecoded=0, damaged=0) == ()
    assert decoding_warnings(film, undecoded=1, damaged=1) == (
        "1 frame of a.mp4 could not be decoded: it is missing",
        "1 frame of a.mp4 is damaged: the decoder made up parts of it",
    )
    assert decoding_warnings(film, undecoded=2, damaged=3) == (
        "2 frames of a.mp4 could not be decoded: they are missing",
        "3 frames of a.mp4 are damaged: the decoder made up parts of them",
    )
