from __future__ import annotations

import re
import sys

import pytest

from mediarescue.cli._check import check_lines
from mediarescue.cli._strip import fitted, strip_lines
from mediarescue.reports import CheckReport, CoverageReport, FrameError, TimingSource, TrackReport

TRACKS = (
    TrackReport(1, "video", "avc1", 10, 1, 100, 1.0, TimingSource.CONSTANT),
    TrackReport(2, "audio", "mp4a", 10, 10, 100, 1.0, TimingSource.BITSTREAM),
)


def coverage(*cells: str) -> CoverageReport:
    return CoverageReport(1000, cells)


def test_nothing_is_shown_where_nothing_is_damaged() -> None:
    assert strip_lines(coverage("header", "1", "2", "cut"), TRACKS, 80) is None


def test_letters_stand_where_no_colours_are() -> None:
    cells = coverage("header", "1", "1", "gap", "unknown", "2")
    assert strip_lines(cells, TRACKS, 80) == (".vv!?a", "v track 1, video  a track 2, audio  ! gap  ? unknown  . other")


@pytest.mark.parametrize("variable", [None, "NO_COLOR", "TERM"])
def test_a_terminal_shows_blocks_of_colour_unless_none_are_wanted(
    variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    if variable:
        monkeypatch.setenv(variable, "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    lines = strip_lines(coverage("1", "gap"), TRACKS, 80)
    assert lines is not None
    assert ("\x1b[" in lines[0]) is (variable is None)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", lines[0])
    assert plain == ("██" if variable is None else "v!")


def test_a_narrow_terminal_hides_no_damage() -> None:
    cells = ["1"] * 119
    cells.insert(50, "gap")
    cells[90] = "unknown"
    for width in range(2, 130):
        short = fitted(cells, width)
        assert len(short) == min(width, 120)
        assert short.count("gap") == 1
        assert "unknown" in short or width < 4


def test_the_check_says_what_it_saw_and_what_it_could_not_see() -> None:
    errors = tuple(FrameError(1, "video", 10 * at, at / 2, "error while decoding MB 1 2") for at in range(7))
    check = CheckReport("sampled", 90, 100, 7, 2, errors, ("3 (audio, abcd)",))
    lines = list(check_lines(check, every=False))
    assert lines[0] == "90 of 100 frames decoded, 7 with errors"
    assert lines[2] == "at 00:00.500: video, track 1, sample 10 (error while decoding MB 1 2)"
    assert lines[-3:] == [
        "and 2 more (-v, --json)",
        "2 pictures can only be shown in part: what they build on is lost",
        "no decoder here that knows track 3 (audio, abcd): not checked",
    ]
    assert len(list(check_lines(check, every=True))) == 10
    assert list(check_lines(CheckReport("full", 5, 5, 0), every=False)) == ["all frames decoded, none with errors"]
