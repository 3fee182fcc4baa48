from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest

from mediarescue.cli import _progress
from mediarescue.cli._options import ProgressMode
from mediarescue.cli._progress import JsonLines, LiveBars, PlainLines, Renderer, renderer
from mediarescue.events import Artifact, Progressed, StageFinished, StageStarted, Warned


class Clock:
    """Replaces ``time.monotonic`` for the renderers."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


def copy_for(seconds: int, clock: Clock, listener: Renderer) -> None:
    listener(StageStarted("copying", 1_000_000_000))
    for step in range(1, seconds * 10 + 1):
        clock.now += 0.1
        listener(Progressed("copying", 1_000_000_000 * step // (seconds * 10)))
    listener(StageFinished("copying"))
    listener(Artifact("out.mp4", "output"))
    listener.close()


def test_plain_lines_come_at_most_once_a_second(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    listener = PlainLines()
    copy_for(5, clock, listener)
    lines = capsys.readouterr().err.splitlines()
    assert 4 <= len(lines) <= 6
    assert lines[0] == "mediarescue: copying"
    assert lines[1].endswith(" of 1.0 GB")  # after a second the time left is anyone's guess
    assert lines[3].startswith("mediarescue: copying: 6")
    assert lines[3].endswith(" of 1.0 GB, 2 s left")


def test_frames_are_counted_with_their_speed(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    listener = PlainLines()
    for earlier in (0, 50):
        listener(StageStarted("encode", 100, "frames", done=earlier))
        clock.now += 30.0  # to prepare, or to pass what an earlier run had done
        listener(Progressed("encode", earlier + 1))
        clock.now += 10.0
        listener(Progressed("encode", earlier + 26))
    assert capsys.readouterr().err.splitlines() == [
        "mediarescue: encode",
        "mediarescue: encode: 1 %, 1 of 100 frames",
        "mediarescue: encode: 26 %, 26 of 100 frames, 2.5 frames/s, 30 s left",
        "mediarescue: encode: 51 %, 51 of 100 frames",
        "mediarescue: encode: 76 %, 76 of 100 frames, 2.5 frames/s, 10 s left",
    ]


def test_auto_without_a_terminal_is_quiet_for_short_jobs_and_plain_for_long_ones(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    listener = renderer(ProgressMode.AUTO, quiet=False)
    listener(Warned("mind this"))
    copy_for(1, clock, listener)
    assert capsys.readouterr().err == ""
    assert listener.warned == []
    listener = renderer(ProgressMode.AUTO, quiet=False)
    listener(Warned("mind this"))
    copy_for(5, clock, listener)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "mediarescue: warning: mind this"
    assert 3 <= len(lines) <= 5
    assert listener.warned == ["mind this"]


def test_a_warning_is_said_at_once_where_plain_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    listener = renderer(ProgressMode.PLAIN, quiet=False)
    listener(StageStarted("reading"))
    listener(Warned("mind\nthis"))
    assert capsys.readouterr().err == "mediarescue: reading\nmediarescue: warning: mind\\nthis\n"


def test_json_lines_parse_and_end_with_the_last_progress(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    copy_for(3, clock, JsonLines())
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert events[0] == {
        "event": "stage_started",
        "stage": "copying",
        "total": 1_000_000_000,
        "unit": "bytes",
        "done": 0,
    }
    assert events[-1] == {"event": "artifact", "path": "out.mp4", "role": "output"}
    assert events[-2] == {"event": "stage_finished", "stage": "copying"}
    progress = [event["done"] for event in events if event["event"] == "progressed"]
    assert progress[-1] == 1_000_000_000
    assert len(progress) <= 17
    assert all(a < b for a, b in pairwise(progress))


@pytest.mark.parametrize(("mode", "quiet"), [(ProgressMode.NONE, False), (ProgressMode.JSON, True)])
def test_none_and_quiet_show_nothing(
    clock: Clock, capsys: pytest.CaptureFixture[str], mode: ProgressMode, quiet: bool
) -> None:
    listener = renderer(mode, quiet=quiet)
    copy_for(5, clock, listener)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("color", [True, False])
def test_live_bars_show_the_stage_and_clean_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, color: bool
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    if not color:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(_progress, "_LIVE_DELAY_SECONDS", 0.0)
    listener = LiveBars()
    with listener:
        listener(Warned("before the bars"))
        listener(StageStarted("copying", 1000))
        for done in range(0, 1000, 100):
            listener(Progressed("copying", done))
            time.sleep(0.02)
        listener(Warned("mind this"))
        listener(StageFinished("copying"))
        listener(StageStarted("checking", None, "frames"))
        listener(Progressed("checking", 5))
    err = capsys.readouterr().err
    assert "copying" in err
    assert "warning: mind this" in err
    assert "\x1b[?25l" in err
    assert err.rfind("\x1b[?25h") > err.rfind("\x1b[?25l")
    assert ("\x1b[35m" in err) is color
    assert listener.warned == ["before the bars", "mind this"]


def test_a_short_job_on_a_terminal_never_loads_the_bars(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    listener = LiveBars()
    listener(StageStarted("copying", 1000))
    listener(Progressed("copying", 1000))
    listener.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (59, "59 s"), (61, "1:01 min"), (3725, "1:02 h")])
def test_the_time_left_is_readable(seconds: float, text: str) -> None:
    assert _progress.time_left(seconds) == text
