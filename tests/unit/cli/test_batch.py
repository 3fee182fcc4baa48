"""The files of a command: what is shown of several and of one, on a terminal, in a pipe, to a program."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mediarescue.cli import _batch_progress, _progress
from mediarescue.cli._batch import BatchArguments, run_files
from mediarescue.cli._batch_progress import BatchBars, BatchLines, FailuresOnly, batch_renderer
from mediarescue.cli._exit import Stopped, describe, noting_signals
from mediarescue.cli._options import ProgressMode
from mediarescue.cli._progress import JsonLines, LiveBars, Renderer
from mediarescue.errors import UsageError
from mediarescue.events import (
    BatchStarted,
    Event,
    FileFinished,
    FileStarted,
    InFile,
    Progressed,
    StageFinished,
    StageStarted,
    Warned,
)
from tests.support.batch_workers import work
from tests.unit.cli.test_progress import Clock

CALL = BatchArguments(
    inputs=[],
    output=None,
    out_dir=None,
    overwrite=False,
    skip_existing=False,
    jobs=2,
    resume=False,
    dry_run=False,
    json=False,
    quiet=False,
    verbose=False,
    progress=ProgressMode.NONE,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, word in {"a.jpg": "good", "b.jpg": "broken", "c.mp4": "warn", "notes.txt": "x"}.items():
        Path("in").mkdir(exist_ok=True)
        Path("in", name).write_text(f"{word} ", encoding="utf-8")
    return tmp_path


def call(*named: str, **changes: object) -> int:
    arguments = replace(CALL, inputs=[Path(name) for name in named], **changes)  # type: ignore[arg-type]
    return run_files("heal", work, suffix="_healed", arguments=arguments)


def test_several_files_become_a_table_and_totals(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("in", out_dir=Path("out")) == 3
    out, err = capsys.readouterr()
    assert err == "mediarescue: in/b.jpg: is no film\n"
    lines = out.splitlines()
    assert lines[0].split() == ["file", "in", "in", "done", "before", "after", "time"]
    assert lines[1].startswith("a.jpg       25 frames   5 bytes  5 bytes")
    assert lines[2].split()[:3] == ["b.jpg", "failed", "(3)"]
    assert lines[3].startswith("c.mp4       25 frames   5 bytes  5 bytes")
    assert lines[5:7] == ["failed    in/b.jpg: is no film", "but       in/c.mp4: mind this"]
    assert lines[7].startswith("files     3: 2 done, 1 failed; 10 bytes -> 10 bytes in ")
    assert lines[8:] == ["output    out"]


def test_the_folder_of_outputs_is_named_whatever_folders_are_in_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in/day2").mkdir()
    Path("in/day2/d.jpg").write_text("good ", encoding="utf-8")
    call("in", out_dir=Path("out"))
    assert capsys.readouterr().out.splitlines()[-1] == "output    out"
    call("in")
    assert capsys.readouterr().out.splitlines()[-1] == "output    2 folders (-v lists the files)"


def test_verbose_lists_notes_and_outputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("in", verbose=True)
    out = capsys.readouterr().out
    assert "note      in/a.jpg: copied by a worker of the tests\n" in out
    assert "output    in/c_healed.mp4\n" in out


def test_a_second_run_says_what_was_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("in")
    capsys.readouterr()
    assert call("in", skip_existing=True) == 3
    out = capsys.readouterr().out
    assert "a.jpg       left out: its output exists" in out
    assert "passed    2 outputs of mediarescue (name them to work on them)" in out
    assert sorted(path.name for path in Path("in").iterdir() if "_healed" in path.name) == [
        "a_healed.jpg",
        "c_healed.mp4",
    ]


def test_quiet_says_failures_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("in", quiet=True, progress=ProgressMode.AUTO) == 3
    assert capsys.readouterr() == ("", "mediarescue: in/b.jpg: is no film\n")


def test_json_is_one_document_with_a_report_for_each_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("in", json=True) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == 1
    assert document["command"] == "heal"
    assert document["exit_code"] == 3
    assert document["passed_over"] == {"own_outputs": 0, "other_files": 1}
    assert "error" not in document
    a, b, c = document["files"]
    assert (a["input"], a["output"], a["kind"], a["state"]) == ("in/a.jpg", "in/a_healed.jpg", "photo", "done")
    assert (a["exit_code"], a["input_bytes"], a["output_bytes"], a["error"]) == (0, 5, 5, None)
    assert a["report"]["notes"] == ["copied by a worker of the tests"]
    assert (b["state"], b["exit_code"], b["report"], b["output_bytes"]) == ("failed", 3, None, 0)
    assert b["error"] == {"type": "InputError", "message": "in/b.jpg: is no film"}
    assert (c["kind"], c["exit_code"], c["report"]["warnings"]) == ("video", 10, ["mind this"])


def test_a_single_file_that_fails_is_one_sentence_as_in_the_other_commands(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("in/b.jpg") == 3
    assert capsys.readouterr() == ("", "mediarescue: in/b.jpg: is no film\n")
    assert call("in/b.jpg", json=True) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["error"] == document["files"][0]["error"]


def test_a_single_file_that_is_done_says_all_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("in/c.mp4", output=Path("x.mp4")) == 10
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[3:] == [
        "note      copied by a worker of the tests",
        "but       mind this",
        "output    x.mp4",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="signals between processes")
def test_a_report_that_is_missing_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("d.mp4").write_text("published ", encoding="utf-8")
    assert call("d.mp4") == 10
    text = " ".join(capsys.readouterr().out.split())
    assert "but the process that worked on it was ended right after the output was complete" in text
    assert "output d_healed.mp4" in text


def test_a_bug_shows_where_it_is_only_with_verbose(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in/d.jpg").write_text("recursion ", encoding="utf-8")
    assert call("in/d.jpg") == 1
    assert "Traceback" not in capsys.readouterr().err
    assert call("in/d.jpg", verbose=True) == 1
    assert "batch_workers.py" in capsys.readouterr().err


def test_doing_again_and_leaving_out_contradict_each_other(folder: Path) -> None:
    with pytest.raises(UsageError, match="contradict"):
        call("in", overwrite=True, skip_existing=True)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_batch_and_the_table_says_what_was_done(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
) -> None:
    Path("in/b.jpg").write_text("slow ", encoding="utf-8")

    class Signalling(Renderer):
        def show(self, event: Event) -> None:
            if event == InFile("in/b.jpg", Progressed("encode", 1)):
                os.kill(os.getpid(), number)

    monkeypatch.setattr("mediarescue.cli._batch.batch_renderer", lambda *args, **options: Signalling())
    before = signal.signal(number, signal.default_int_handler)
    try:
        assert call("in", jobs=1, json=False) == code
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    out, err = capsys.readouterr()
    assert err == "mediarescue: interrupted; 1 of 3 files are complete\n"
    assert [line[12:23].strip() for line in out.splitlines()[1:4]] == ["25 frames", "interrupted", "not begun"]
    assert sorted(path.name for path in Path("in").iterdir()) == [
        "a.jpg",
        "a_healed.jpg",
        "b.jpg",
        "c.mp4",
        "notes.txt",
    ]


def test_the_first_of_several_signals_gives_the_code() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with noting_signals() as stop:
            assert stop() == 0
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            assert stop() == 130
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("mode", "quiet", "files", "kind"),
    [
        (ProgressMode.AUTO, False, 2, BatchLines),
        (ProgressMode.PLAIN, False, 2, BatchLines),
        (ProgressMode.JSON, False, 2, JsonLines),
        (ProgressMode.NONE, False, 2, FailuresOnly),
        (ProgressMode.AUTO, True, 2, FailuresOnly),
        (ProgressMode.PLAIN, False, 1, _progress.PlainLines),
        (ProgressMode.NONE, False, 1, Renderer),
    ],
)
def test_a_single_file_looks_as_in_the_other_commands(
    mode: ProgressMode, quiet: bool, files: int, kind: type[Renderer]
) -> None:
    assert type(batch_renderer(mode, quiet=quiet, files=files)) is kind


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert type(batch_renderer(ProgressMode.AUTO, quiet=False, files=2)) is BatchBars
    assert type(batch_renderer(ProgressMode.AUTO, quiet=False, files=1)) is LiveBars


def two_films(listener: Renderer, clock: Clock) -> None:
    """One of 100 frames in 10 s, then one three times as large that fails after 5 s."""
    listener(BatchStarted(2, 4000))
    for name, size, steps in (("in/first.mp4", 1000, 100), ("in/second.mp4", 3000, 50)):
        listener(FileStarted(name, size))
        listener(InFile(name, StageStarted("encode", 100, "frames")))
        for done in range(1, steps + 1):
            clock.now += 0.1
            listener(InFile(name, Progressed("encode", done)))
        if steps == 100:
            listener(InFile(name, StageFinished("encode")))
            listener(InFile(name, Warned("mind this")))
            listener(FileFinished(name, 0))
    listener(FileFinished("in/second.mp4", 3, "in/second.mp4: is no film"))
    listener.close()


def test_lines_tell_files_frames_a_second_and_the_time_left(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    two_films(BatchLines(), clock)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "mediarescue: 0 of 2 files"
    assert "mediarescue: in/first.mp4: warning: mind this" in lines
    assert lines[-1] == "mediarescue: in/second.mp4: is no film"
    assert 14 <= len(lines) <= 19
    half = next(line for line in lines if "first.mp4: encode 5" in line)
    assert half.startswith("mediarescue: 0 of 2 files, 10 frames/s, 3")
    assert " s left; first.mp4: encode 5" in half  # an eighth of all bytes took 5 s: seven times as much to come


def test_json_lines_name_the_file(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    two_films(JsonLines(), clock)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert events[0] == {"event": "batch_started", "files": 2, "bytes": 4000}
    assert events[1] == {"event": "file_started", "file": "in/first.mp4", "bytes": 1000}
    assert events[2]["event"] == "stage_started"
    assert all("file" in event for event in events[1:])
    assert events[-1] == {
        "event": "file_finished",
        "file": "in/second.mp4",
        "exit_code": 3,
        "message": "in/second.mp4: is no film",
    }
    first = [event["done"] for event in events if event["event"] == "progressed" and event["file"] == "in/first.mp4"]
    assert first[-1] == 100


def test_bars_show_each_file_and_all_and_clean_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(_progress, "_LIVE_DELAY_SECONDS", 0.0)
    listener = BatchBars()
    name = f"in/[b]{'long' * 20}.mp4"
    with listener:
        listener(BatchStarted(2, 2000))
        listener(FileStarted(name, 1000))
        listener(InFile(name, StageStarted("encode", 100, "frames")))
        for done in range(0, 100, 10):
            listener(InFile(name, Progressed("encode", done)))
            time.sleep(0.02)
        listener(FileFinished(name, 3, "it is no film"))
        assert listener._stages == {}
    err = capsys.readouterr().err
    assert "0 of 2 files" in err
    assert "[b]longlonglong\u2026" in err
    assert "mediarescue: it is no film" in err
    assert "1 of 2 files" in err


def test_the_part_done_counts_films_by_their_frames_and_never_falls(clock: Clock) -> None:
    tally = _batch_progress.Tally()
    parts = []
    for event in (
        BatchStarted(2, 4000),
        FileStarted("a", 1000),
        InFile("a", StageStarted("analyse", 10, "frames")),
        InFile("a", Progressed("analyse", 5)),
        InFile("a", StageStarted("encode", 10, "frames")),
        InFile("a", Progressed("encode", 2)),
        InFile("a", StageStarted("assemble", 10, "bytes")),
        InFile("a", Progressed("assemble", 10)),
        FileFinished("a", 0),
        FileFinished("b", 6, "exists"),
    ):
        tally.take(event)
        parts.append(tally.fraction)
    assert parts == sorted(parts)
    assert parts[3] == 0.125
    assert tally.finished == 2


def test_what_an_earlier_run_has_done_makes_the_rest_no_faster(clock: Clock) -> None:
    tally = _batch_progress.Tally()
    tally.take(BatchStarted(2, 2000))
    tally.take(FileStarted("a", 1000))
    tally.take(InFile("a", StageStarted("encode", 100, "frames", done=60)))
    assert tally.fraction == 0.3
    clock.now += 30.0  # to pass those frames
    tally.take(InFile("a", Progressed("encode", 61)))
    clock.now += 9.5
    tally.take(InFile("a", Progressed("encode", 80)))
    assert tally.fraction == 0.4
    assert tally.seconds_left() == pytest.approx(60.0)
    assert tally.words()[1] == "2.0 frames/s"


def test_what_is_left_out_and_a_slow_beginning_make_no_estimate_wild(clock: Clock) -> None:
    tally = _batch_progress.Tally()
    tally.take(BatchStarted(2, 2000))
    tally.take(FileStarted("there", 1000))
    tally.take(FileFinished("there", 0))
    tally.take(FileStarted("a", 1000))
    tally.take(InFile("a", StageStarted("encode", 100, "frames")))
    clock.now += 20.0
    estimates = []
    for done in range(1, 100):
        clock.now += 0.25
        tally.take(InFile("a", Progressed("encode", done)))
        estimates.append((done, tally.seconds_left()))
    assert all(left is None for done, left in estimates if done < 10)
    assert all(left == pytest.approx((100 - done) / 4) for done, left in estimates if done > 10)


def test_an_interruption_while_the_result_is_shown_says_that_files_are_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str) -> None:
        raise Stopped(130)

    monkeypatch.setattr("mediarescue.cli._batch.write_stdout", stop)
    with pytest.raises(Stopped) as stopped:
        call("in")
    assert describe(stopped.value).message == "interrupted; already complete: 2 of 3 files"
