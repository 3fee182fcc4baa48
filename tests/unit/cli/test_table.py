from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from mediarescue.cli import _text
from mediarescue.cli._table import TIMED, untrunc_text
from mediarescue.reports import GapReport, TimingSource, TrackReport
from tests.unit.cli.conftest import CLEAN, GAPS


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


def test_a_clean_result_reads_like_this() -> None:
    assert untrunc_text(CLEAN).splitlines() == [
        "track  kind   codec  samples  sync   duration  timed by         bytes",
        "    1  video  hvc1      1800    60  01:00.060  constant rate   1.5 GB",
        "    2  audio  mp4a      2815  2815  01:00.053  coded data     20.0 MB",
        "",
        "recovered 1.5 GB of 1.5 GB media data (100 %)",
        "gaps      none",
        "A/V       the video ends 0.007 s after the audio",
        "left out  sdtp, sbgp (boxes of the reference that do not fit this recording)",
        "warning   the file ends in the middle of a sample",
        "output    broken_rescued.mp4 (1.5 GB)",
    ]


def test_the_first_ten_gaps_are_listed_and_all_on_request() -> None:
    text = untrunc_text(GAPS)
    assert "gaps      12, 480 bytes in all" in text
    assert text.count("at offset") == 10
    assert "and 2 more" in text
    assert "(99.99 %)" in text
    assert text.endswith("but       12 gaps, 480 bytes that belong to no sample\n")
    assert untrunc_text(GAPS, every_gap=True).count("at offset") == 12


def test_large_figures_and_long_words_fit_80_columns_without_escape_codes() -> None:
    tracks = tuple(
        TrackReport(i, "metadata", "mebx", 12_345_678, 1_234_567, 99_999_999_999, 37_241.5, source)
        for i, source in enumerate(TIMED, 1)
    )
    report = replace(
        GAPS,
        tracks=tracks,
        gaps=(GapReport(99_999_999_999, 99_999_999_999, "a long reason of many words " * 5),),
        warnings=("long " * 60,),
        dropped_boxes=tuple(f"bx{i:02d}" for i in range(40)),
    )
    text = untrunc_text(report)
    assert widest(text) <= 80
    assert "\x1b" not in text
    for track in tracks:
        assert str(track.samples) in text
    assert text.count("(estimate)") == sum("estimate" in words for words in TIMED.values()) == 3


def test_an_expected_error_of_a_thousandth_of_a_second_or_more_stands_behind_the_source() -> None:
    (track, *rest) = CLEAN.tracks
    for error, shown in ((0.0194, "constant rate ±19 ms"), (0.0004, "constant rate  "), (None, "constant rate  ")):
        text = untrunc_text(replace(CLEAN, tracks=(replace(track, timing_error_seconds=error), *rest)))
        assert shown in text
        assert ("±" in text) == ("±" in shown)


def test_a_path_stays_in_one_piece() -> None:
    path = "/" + "very-long-name-" * 10 + ".mp4"
    assert path in untrunc_text(replace(CLEAN, output=path))


def test_every_timing_source_has_plain_words() -> None:
    assert set(TIMED) == set(TimingSource)


def test_control_characters_of_the_file_do_not_reach_the_terminal() -> None:
    track = replace(CLEAN.tracks[0], codec="\x1b[2J", kind="[red]x\x07")
    text = untrunc_text(replace(CLEAN, tracks=(track,)))
    assert r"\x1b[2J" in text
    assert "[red]x" in text
    assert "\x07" not in text


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (0.0, "video and audio end together"),
        (-0.25, "the video ends 0.250 s before the audio"),
        (1.5, "the video ends 1.500 s after the audio"),
    ],
)
def test_the_difference_of_the_ends_is_a_sentence(seconds: float, sentence: str) -> None:
    assert sentence in untrunc_text(replace(CLEAN, av_difference_seconds=seconds))


def test_warnings_read_on_this_terminal_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    said = CLEAN.warnings
    assert said[0] in untrunc_text(CLEAN, already_said=said)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert said[0] not in untrunc_text(CLEAN, already_said=said)


def test_a_report_without_tracks_or_media_is_shown_too() -> None:
    text = untrunc_text(replace(CLEAN, tracks=(), media_bytes=0, recovered_bytes=0, output=None))
    assert text.startswith("recovered 0 bytes of 0 bytes")


@pytest.mark.parametrize(("seconds", "text"), [(0, "00:00.000"), (59.9996, "01:00.000"), (3661.5, "1:01:01.500")])
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert _text.duration(seconds) == text
