from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mediarescue.media_reports import PhotoReport, VideoReport, decoding_warnings
from mediarescue.options import EncodeOptions

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


@pytest.mark.parametrize(
    ("encoder", "settings", "lossless", "words"),
    [
        ("libx264", {"preset": "fast", "crf": "20.5"}, False, "libx264 crf 20.5"),
        ("libx264", {"qp": "0"}, True, "libx264 lossless"),
        ("mpeg4", {"qmin": "3", "qmax": "3"}, False, "mpeg4 q 3"),
        ("prores_ks", {"profile": "hq", "vendor": "apl0"}, False, "prores_ks hq"),
        ("dvvideo", {}, False, "dvvideo"),
    ],
)
def test_how_fine_a_film_is_encoded_is_said(encoder: str, settings: dict[str, str], lossless: bool, words: str) -> None:
    film = replace(FILM, encoder=encoder, settings=settings, lossless=lossless)
    assert film.summary == f"300 frames, {words}"
    assert replace(film, dry_run=True).summary == f"h264 to {words}"


def test_a_film_that_grew_unasked_is_told_how_to_be_smaller() -> None:
    grown = replace(FILM, input_bytes=100, output_bytes=131, settings={"crf": "18"})
    note = "larger than the source: --crf N (an N above 18) makes it smaller"
    assert grown.noting_growth(EncodeOptions()).notes == (note,)
    for film, asked in (
        (replace(grown, output_bytes=130), EncodeOptions()),
        (grown, EncodeOptions(crf=18)),
        (replace(grown, lossless=True), EncodeOptions()),
        (replace(grown, settings={}), EncodeOptions()),
    ):
        assert film.noting_growth(asked).notes == ()


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
