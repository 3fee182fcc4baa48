from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mediarescue.cli._exit import describe
from mediarescue.events import (
    BatchStarted,
    Event,
    FileFinished,
    FileStarted,
    InFile,
    Progressed,
    StageFinished,
    StageStarted,
)
from mediarescue.pipeline import batch, standstill
from mediarescue.pipeline.batch import run_batch
from mediarescue.pipeline.batch_report import BatchReport, State
from mediarescue.pipeline.inputs import collect_inputs
from mediarescue.pipeline.standstill import Standstill
from mediarescue.pipeline.targets import Job, plan_jobs
from tests.support.batch_workers import Copied, work

Make = Callable[..., list[Job]]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals between processes")


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make files that hold these words in the current folder, and a job for each."""
    monkeypatch.chdir(tmp_path)

    def files(*words: str, kind: str = "jpg") -> list[Job]:
        named = []
        for number, word in enumerate(words):
            path = Path(f"{number}_{word}.{kind}")
            path.write_text(f"{word} ", encoding="utf-8")
            named.append(path)
        return list(plan_jobs(collect_inputs(named, suffix="_healed"), output=None, out_dir=None, suffix="_healed"))

    return files


def left(folder: Path) -> set[str]:
    """Return what is in a folder beside the inputs."""
    return {path.name for path in folder.iterdir() if "_healed" in path.name}


def states(report: BatchReport) -> list[State]:
    return [outcome.state for outcome in report.files]


def test_a_file_that_fails_in_whatever_way_does_not_stop_the_rest(make: Make, tmp_path: Path) -> None:
    words = ["good", "broken", "segfault", "exit", "memory", "unportable", "recursion", "exits", "interrupt", "good"]
    events: list[Event] = []
    jobs = make(*words)
    report = run_batch(jobs, work, describe=describe, processes=2, listener=events.append)
    assert [outcome.job.source.name for outcome in report.files] == [f"{n}_{word}.jpg" for n, word in enumerate(words)]
    assert states(report) == [State.DONE, *[State.FAILED] * 8, State.DONE]
    assert [outcome.exit_code for outcome in report.files] == [0, 3, 1, 1, 1, 1, 1, 1, 130, 0]
    messages = [outcome.failure.message if outcome.failure else "" for outcome in report.files]
    assert messages[1] == "1_broken.jpg: is no film"
    assert "2_segfault.jpg: the process that worked on it was ended by SIGSEGV" in messages[2]
    assert messages[2].endswith("its output was not written")
    assert "3_exit.jpg: the process that worked on it ended with code 7" in messages[3]
    assert messages[3].endswith("its output was not written")
    assert messages[4].startswith("4_memory.jpg: there is not enough memory")
    assert "cannot be pickled" in messages[5]
    assert "RecursionError: deep" in messages[6]
    assert "RecursionError" in report.files[6].trace
    assert left(tmp_path) == {"0_good_healed.jpg", "9_good_healed.jpg"}
    finished = {event.file: event.message for event in events if isinstance(event, FileFinished)}
    assert finished == {
        str(outcome.job.source): message for outcome, message in zip(report.files, messages, strict=True)
    }


def test_events_carry_the_name_of_their_file_and_those_of_a_single_file_come_as_they_are(make: Make) -> None:
    jobs = make("good", "good")
    events: list[Event] = []
    run_batch(jobs, work, describe=describe, processes=1, listener=events.append)
    assert events[0] == BatchStarted(2, 10)
    assert events[1] == FileStarted("0_good.jpg", 5)
    inner = [event.event for event in events if isinstance(event, InFile) and event.file == "1_good.jpg"]
    assert inner[0] == StageStarted("encode", 25, "frames")
    assert inner[-2] == StageFinished("encode")
    assert inner[-3] == Progressed("encode", 25)
    alone: list[Event] = []
    run_batch(jobs[:1], work, describe=describe, overwrite=True, listener=alone.append)
    assert alone[0] == StageStarted("encode", 25, "frames")
    assert not [event for event in alone if isinstance(event, (InFile, FileFinished, BatchStarted))]


def test_a_process_works_on_many_files_and_several_at_a_time(make: Make) -> None:
    report = run_batch(make(*["good"] * 6), work, describe=describe, processes=2)
    pids = [outcome.report.process for outcome in report.files if isinstance(outcome.report, Copied)]
    assert len(pids) == 6
    assert len(set(pids)) == 2
    assert os.getpid() not in pids


@pytest.mark.parametrize(("kind", "processes", "most"), [("mp4", None, 1), ("jpg", None, 3), ("mp4", 2, 2)])
def test_films_are_done_one_by_one_and_photos_side_by_side(
    make: Make, monkeypatch: pytest.MonkeyPatch, kind: str, processes: int | None, most: int
) -> None:
    monkeypatch.setattr(batch, "_cores", lambda: 3)
    at_work, top = 0, 0

    def listener(event: Event) -> None:
        nonlocal at_work, top
        at_work += isinstance(event, FileStarted) - isinstance(event, FileFinished)
        top = max(top, at_work)

    run_batch(make(*["good"] * 5, kind=kind), work, describe=describe, processes=processes, listener=listener)
    assert top == most


def test_what_exists_fails_or_is_left_out_or_is_done_again(make: Make, tmp_path: Path) -> None:
    jobs = make("good", "good")
    (tmp_path / "0_good_healed.jpg").write_text("old", encoding="utf-8")
    report = run_batch(jobs, work, describe=describe)
    assert states(report) == [State.FAILED, State.DONE]
    assert report.exit_code == 6
    assert report.files[0].failure is not None
    assert report.files[0].failure.message == "0_good_healed.jpg exists; it is replaced only with --overwrite"
    report = run_batch(jobs, work, describe=describe, skip_existing=True)
    assert states(report) == [State.SKIPPED, State.SKIPPED]
    assert report.exit_code == 0
    assert (tmp_path / "0_good_healed.jpg").read_text(encoding="utf-8") == "old"
    assert states(run_batch(jobs, work, describe=describe, overwrite=True)) == [State.DONE, State.DONE]
    assert (tmp_path / "0_good_healed.jpg").read_text(encoding="utf-8") == "good "


@pytest.mark.parametrize(
    ("words", "code"),
    [(("good",), 0), (("nothing", "good"), 9), (("warn", "nothing"), 10), (("memory", "broken", "warn"), 1)],
)
def test_the_worst_code_of_all_files_counts(make: Make, words: tuple[str, ...], code: int) -> None:
    assert run_batch(make(*words), work, describe=describe).exit_code == code


def test_folders_are_made_where_something_is_written_and_nowhere_else(make: Make, tmp_path: Path) -> None:
    make("good", "broken")
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "b").mkdir()
    (tmp_path / "0_good.jpg").rename(tmp_path / "in" / "a" / "good.jpg")
    (tmp_path / "1_broken.jpg").rename(tmp_path / "in" / "b" / "broken.jpg")
    out = Path("out", "here")
    jobs = plan_jobs(collect_inputs([Path("in")], suffix="_healed"), output=None, out_dir=out, suffix="_healed")
    run_batch(jobs, work, describe=describe)
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == ["a", "a/good.jpg"]


def test_a_missing_folder_is_an_error_where_none_is_to_be_made(make: Make, tmp_path: Path) -> None:
    (job,) = make("good")
    (report,) = run_batch(
        [replace(job, target=Path("gone", "x.jpg"))], work, describe=describe, make_folders=False
    ).files
    assert report.failure is not None
    assert report.failure.message == "cannot write gone/x.jpg: the folder gone does not exist"
    assert not Path("gone").exists()


def stopped_run(jobs: list[Job], folder: Path, *, keep_work: bool = False) -> BatchReport:
    """Run until a slow or stubborn file is at work, then ask for the end."""
    at_work: list[Event] = []

    def listener(event: Event) -> None:
        inner = event.event if isinstance(event, InFile) else event
        if inner == Progressed("encode", 1) and list(folder.glob(".?_s*.rescuing")):
            at_work.append(event)

    def stop() -> int:
        return 130 if at_work else 0

    return run_batch(jobs, work, describe=describe, processes=1, listener=listener, stop=stop, keep_work=keep_work)


@posix_only
def test_a_stop_leaves_what_is_done_and_nothing_half_written(make: Make, tmp_path: Path) -> None:
    report = stopped_run(make("good", "slow", "good"), tmp_path)
    assert states(report) == [State.DONE, State.INTERRUPTED, State.WAITING]
    assert report.exit_code == 130
    assert left(tmp_path) == {"0_good_healed.jpg"}


@posix_only
def test_a_worker_that_does_not_stop_is_killed_and_cleaned_up_after(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_STOP_SECONDS", 0.3)
    work_folder = tmp_path / ".0_stubborn_healed.jpg.mediarescue-work"
    for keep in (False, True, False):
        was_there = work_folder.exists()
        report = stopped_run(make("stubborn"), tmp_path, keep_work=keep)
        assert states(report) == [State.INTERRUPTED]
        # Pieces of an earlier run, which this one may not have come to, stay anyway.
        assert left(tmp_path) == ({work_folder.name} if keep or was_there else set())


@posix_only
def test_a_crash_keeps_finished_pieces_only_and_speaks_of_no_others(make: Make, tmp_path: Path) -> None:
    (tmp_path / ".2_segfault_healed.mp4.mediarescue-work").mkdir()
    report = run_batch(make("first_piece", "second_piece", "segfault", kind="mp4"), work, describe=describe)
    advised = [bool(outcome.failure and "--resume" in outcome.failure.message) for outcome in report.files]
    assert advised == [False, True, False]
    assert left(tmp_path) == {".1_second_piece_healed.mp4.mediarescue-work"}


@posix_only
def test_a_folder_that_only_has_the_name_of_a_work_folder_stays(make: Make, tmp_path: Path) -> None:
    foreign = tmp_path / ".0_first_piece_healed.mp4.mediarescue-work"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear", encoding="utf-8")
    run_batch(make("first_piece", kind="mp4"), work, describe=describe)
    assert (foreign / "letter.txt").exists()


@posix_only
@pytest.mark.parametrize(("had_pieces", "resume"), [(False, False), (True, True), (True, False)])
def test_a_crash_behind_the_finished_output_is_a_success_without_a_report(
    make: Make, tmp_path: Path, had_pieces: bool, resume: bool
) -> None:
    work_folder = tmp_path / ".0_published_healed.mp4.mediarescue-work"
    if had_pieces:
        work_folder.mkdir()
        (work_folder / "000000.pts").touch()
    report = run_batch(make("published", "good", kind="mp4"), work, describe=describe, keep_work=resume)
    assert states(report) == [State.DONE, State.DONE]
    assert [outcome.exit_code for outcome in report.files] == [10, 0]
    assert report.exit_code == 10
    assert "is missing" in report.files[0].warnings[0]
    kept = {work_folder.name} if had_pieces and not resume else set()
    assert left(tmp_path) == {"0_published_healed.mp4", "1_good_healed.mp4"} | kept


@posix_only
def test_an_error_of_the_listener_ends_the_workers(make: Make, tmp_path: Path) -> None:
    def listener(event: Event) -> None:
        if isinstance(event, InFile) and isinstance(event.event, StageStarted):
            raise BrokenPipeError

    before = threading.active_count()
    with pytest.raises(BrokenPipeError):
        run_batch(make("slow", "slow"), work, describe=describe, processes=2, listener=listener)
    assert left(tmp_path) == set()
    assert threading.active_count() == before


@posix_only
def test_a_worker_that_somebody_terminates_costs_its_file(make: Make, tmp_path: Path) -> None:
    pids: set[int] = set()

    def stop() -> int:
        if not pids and list(tmp_path.glob(".*.rescuing")):
            for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split():
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"spawn_main" in command:
                    pids.add(int(child))
                    os.kill(int(child), signal.SIGTERM)
        return 0

    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        pytest.skip("the system does not list a process's children")
    report = run_batch(make("slow", "good"), work, describe=describe, processes=1, stop=stop)
    assert states(report) == [State.FAILED, State.DONE]
    assert left(tmp_path) == {"1_good_healed.jpg"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process does")
def test_a_worker_that_hangs_costs_its_file(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standstill, "STANDSTILL_SECONDS", 1.0)
    monkeypatch.setattr(standstill, "_LOOK_SECONDS", 0.2)
    report = run_batch(make("hang", "good"), work, describe=describe, processes=1)
    assert states(report) == [State.FAILED, State.DONE]
    assert report.files[0].failure is not None
    assert "a codec library hangs on this file" in report.files[0].failure.message
    assert left(tmp_path) == {"1_good_healed.jpg"}


def test_a_process_that_works_or_of_which_nothing_is_known_does_not_stand_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    busy, unknown, told = Standstill(os.getpid()), Standstill(None), Standstill(os.getpid())
    for clock[0] in range(0, 400, 10):
        spin = time.process_time() + 0.02
        while time.process_time() < spin:
            pass
        told.sign_of_life()
        assert not busy.is_over()
        assert not unknown.is_over()
        assert not told.is_over()


def test_a_process_that_was_suspended_together_with_this_one_does_not_stand_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(Standstill, "_look", lambda self: 42)
    still = Standstill(1)
    answers = []
    for clock[0] in (*range(0, 100, 10), *range(5000, 5400, 10)):
        answers.append(still.is_over())
    assert not any(answers[:39])
    assert answers[-1]
