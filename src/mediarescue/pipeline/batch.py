"""Work on many files in processes of their own: one that fails, or crashes, costs none of the others."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path

from mediarescue.errors import Failure, MediaRescueError
from mediarescue.events import (
    Artifact,
    BatchStarted,
    FileFinished,
    FileStarted,
    InFile,
    Listener,
    Noted,
    Progressed,
    StageFinished,
    StageStarted,
    Warned,
    ignore,
)
from mediarescue.folders import MadeFolders
from mediarescue.output import POLL_SECONDS, check_target
from mediarescue.pipeline.batch_report import BatchReport, FileOutcome, State
from mediarescue.pipeline.inputs import MediaKind
from mediarescue.pipeline.leftovers import Leftovers
from mediarescue.pipeline.standstill import STANDSTILL_SECONDS, Standstill
from mediarescue.pipeline.targets import Job
from mediarescue.pipeline.worker_process import Answer, Died, Failed, Finished, Stopped, Worker, WorkerProcess

_OF_ONE_FILE = (StageStarted, Progressed, StageFinished, Warned, Noted, Artifact)
_STOP_SECONDS = 5.0
"""A worker that was told to end and has not by then is killed."""
_SAME_MOMENT_SECONDS = 0.3
_MOST_PHOTOS = 8
"""Photos worked on at a time, however many cores there are: each takes some hundred megabytes."""


def never() -> int:
    """Return 0: nobody asks the batch to stop."""
    return 0


def run_batch(
    jobs: Sequence[Job],
    worker: Worker,
    *,
    describe: Callable[[BaseException], Failure],
    processes: int | None = None,
    overwrite: bool = False,
    skip_existing: bool = False,
    make_folders: bool = True,
    keep_work: bool = False,
    verbose: bool = False,
    listener: Listener = ignore,
    stop: Callable[[], int] = never,
) -> BatchReport:
    """Have ``worker(job, listener)`` work on each job, in processes of its own.

    Parameters
    ----------
    jobs : sequence of Job
        Begun in this order.
    worker : callable
        Picklable (a function of a module, an instance of one of its classes); so is what it returns.
    describe : callable
        Puts an exception into words.
    processes : int or None
        Files worked on at a time; None for one film, or one photo for each core (at most eight).
    overwrite, skip_existing : bool
        What becomes of a file whose output exists: done again, left out, or else failed.
    make_folders : bool
        Make the folders of outputs where they are missing.
    keep_work : bool
        Leave the finished parts of a film that was stopped, for a later run to go on from.
    verbose : bool
        Let the libraries in the processes write to standard error.
    listener : callable
        Is told of events: of a single job as they come, of several within `InFile`.
    stop : callable
        Asked ten times a second; another number than 0 ends the batch and becomes its exit code.

    Notes
    -----
    A worker must leave nothing half-written when an exception strikes, also one that is no ``Exception``. After a
    process that died the temporary files beside the target are removed here.
    """
    settings = _Settings(
        describe, processes, overwrite, skip_existing, make_folders, keep_work, verbose, listener, stop
    )
    return _Batch(jobs, worker, settings).run()


@dataclass(frozen=True, slots=True)
class _Settings:
    describe: Callable[[BaseException], Failure]
    processes: int | None
    overwrite: bool
    skip_existing: bool
    make_folders: bool
    keep_work: bool
    verbose: bool
    listener: Listener
    stop: Callable[[], int]


@dataclass(slots=True)
class _Running:
    index: int
    process: WorkerProcess
    began: float
    load: int
    leftovers: Leftovers
    standstill: Standstill


class _Batch:
    def __init__(self, jobs: Sequence[Job], worker: Worker, settings: _Settings) -> None:
        self.jobs = jobs
        self.worker = worker
        self.settings = settings
        self.listener = settings.listener
        self.is_single = len(jobs) == 1
        self.capacity = settings.processes or min(_cores(), _MOST_PHOTOS)
        self.outcomes: list[FileOutcome | None] = [None] * len(jobs)
        self.running: list[_Running] = []
        self.idle: list[WorkerProcess] = []
        self.folders = MadeFolders()

    def run(self) -> BatchReport:
        began = time.monotonic()
        if not self.is_single:
            self.listener(BatchStarted(len(self.jobs), sum(job.size for job in self.jobs)))
        stopped = 0
        with self.folders:
            try:
                stopped = self._run_all()
            finally:
                self._end_all()
        outcomes = tuple(
            outcome or FileOutcome(job, State.WAITING) for job, outcome in zip(self.jobs, self.outcomes, strict=True)
        )
        return BatchReport(outcomes, time.monotonic() - began, stopped)

    def _run_all(self) -> int:
        following = 0
        while following < len(self.jobs) or self.running:
            if code := self.settings.stop():
                return code
            if following < len(self.jobs) and self._has_room(self.jobs[following]):
                self._begin(following)
                following += 1
                continue
            self._listen(POLL_SECONDS)
        # The last workers may have heard of the end before this process has.
        was_stopped = any(outcome is not None and outcome.state is State.INTERRUPTED for outcome in self.outcomes)
        return self.settings.stop() if was_stopped else 0

    def _has_room(self, job: Job) -> bool:
        return not self.running or sum(run.load for run in self.running) + self._load(job) <= self.capacity

    def _load(self, job: Job) -> int:
        # An encoder of films uses all cores by itself.
        return 1 if self.settings.processes or job.kind is MediaKind.PHOTO else self.capacity

    def _begin(self, index: int) -> None:
        job = self.jobs[index]
        if not self.is_single:
            self.listener(FileStarted(str(job.source), job.size))
        try:
            if job.refusal is not None:
                raise job.refusal
            if self.settings.skip_existing and os.path.lexists(job.target):
                self._finish(index, FileOutcome(job, State.SKIPPED))
                return
            if self.settings.make_folders:
                self.folders.make(job.target.parent)
            check_target(job.target, inputs=[job.source], overwrite=self.settings.overwrite)
        except MediaRescueError as error:
            self._finish(index, FileOutcome(job, State.FAILED, failure=self._described(job, error)))
            return
        self.idle = [process for process in self.idle if process.is_alive]
        process = self.idle.pop() if self.idle else WorkerProcess(self.worker, verbose=self.settings.verbose)
        self.running.append(
            _Running(index, process, time.monotonic(), self._load(job), Leftovers(job.target), Standstill(process.pid))
        )
        process.begin(job)

    def _listen(self, seconds: float) -> None:
        """Take one message from each process that has one."""
        ready = wait([run.process.connection for run in self.running], seconds)
        for run in list(self.running):
            if run.process.connection in ready:
                message = run.process.receive()
                run.standstill.sign_of_life()
            elif run.standstill.is_over():
                message = Died(hung=True)
            else:
                continue
            if isinstance(message, _OF_ONE_FILE):
                self.listener(message if self.is_single else InFile(str(self.jobs[run.index].source), message))
            elif isinstance(message, (Finished, Failed, Stopped, Died)):
                self.running.remove(run)
                if isinstance(message, (Finished, Failed)):
                    self.idle.append(run.process)
                else:
                    run.process.kill()
                self._take(run, message)

    def _take(self, run: _Running, answer: Answer, *, stopping: bool = False) -> None:
        job = self.jobs[run.index]
        seconds = time.monotonic() - run.began
        match answer:
            case Finished(report):
                state, written = State.PLANNED, 0
                if report.output is not None:
                    state, written = State.DONE, _size(job.target)
                outcome = FileOutcome(job, state, seconds, report, output_bytes=written)
            case Failed(error, trace):
                outcome = FileOutcome(job, State.FAILED, seconds, failure=self._described(job, error), trace=trace)
            case Stopped() | Died() if run.leftovers.was_written:
                outcome = FileOutcome(job, State.DONE, seconds, output_bytes=_size(job.target))
            case Stopped() | Died() if stopping or self._is_stopped():
                outcome = FileOutcome(job, State.INTERRUPTED, seconds)
            case Stopped() | Died():
                death = answer if isinstance(answer, Died) else Died(-signal.SIGTERM)
                failure = self._described(job, MediaRescueError(_death(job, death, run.leftovers)))
                outcome = FileOutcome(job, State.FAILED, seconds, failure=failure)
        if isinstance(answer, Died):
            run.leftovers.remove(pieces=self._may_remove_pieces(run, outcome.state))
        self._finish(run.index, outcome)

    def _may_remove_pieces(self, run: _Running, state: State) -> bool:
        """Whether a process that died leaves pieces nobody needs; those of an earlier run it may not have come to."""
        if state is State.DONE:
            return not run.leftovers.had_pieces or self.settings.keep_work or self.settings.overwrite
        # Finished parts of a film outlive a crash: a second run with --resume goes on from them.
        return state is State.INTERRUPTED and not (run.leftovers.had_pieces or self.settings.keep_work)

    def _is_stopped(self) -> bool:
        """Whether all processes were told to end, also if a worker heard of it a moment earlier than this one."""
        deadline = time.monotonic() + _SAME_MOMENT_SECONDS
        while not self.settings.stop():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def _described(self, job: Job, error: BaseException) -> Failure:
        """Put an error into words that name the file, where it is one of several."""
        failure = self.settings.describe(error)
        names = (str(job.source), str(job.target))
        if self.is_single or any(name in failure.message for name in names):
            return failure
        return replace(failure, message=f"{job.source}: {failure.message}")

    def _finish(self, index: int, outcome: FileOutcome) -> None:
        self.outcomes[index] = outcome
        if self.is_single or outcome.state is State.INTERRUPTED:
            return
        message = "" if outcome.failure is None else outcome.failure.message
        self.listener(FileFinished(str(outcome.job.source), outcome.exit_code, message))

    def _end_all(self) -> None:
        """Stop what runs, wait for its cleaning up, and end the processes."""
        for run in self.running:
            run.process.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for run in self.running:
            answer: Answer | None = None
            while answer is None:
                if not wait([run.process.connection], max(0.0, deadline - time.monotonic())):
                    run.process.kill()
                    answer = Died()
                elif isinstance(message := run.process.receive(), (Finished, Failed, Stopped, Died)):
                    answer = message
            with contextlib.suppress(Exception):  # of a listener, which must not keep the others from their end
                self._take(run, answer, stopping=True)
            run.process.kill()
        self.running.clear()
        for process in self.idle:
            process.close()
        self.idle.clear()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _death(job: Job, death: Died, leftovers: Leftovers) -> str:
    code = death.exit_code
    how, why = f"ended with code {code}", "a codec library crashed on this file, or was stopped"
    if death.hung:
        how, why = f"did nothing for {STANDSTILL_SECONDS:.0f} s, and was ended", "a codec library hangs on this file"
    elif code is not None and code < 0:
        with contextlib.suppress(ValueError):
            how = f"was ended by {signal.Signals(-code).name}"
        if hasattr(signal, "SIGKILL") and code == -signal.SIGKILL:
            why = "perhaps there was not enough memory"
    sentence = f"{job.source}: the process that worked on it {how}: {why}; its output was not written"
    return f"{sentence}, go on from its finished parts with --resume" if leftovers.has_pieces else sentence


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
