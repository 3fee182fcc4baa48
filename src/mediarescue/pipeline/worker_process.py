"""A process that works on one file after the other: what kills it costs the file it is at, and no other."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from mediarescue.events import Event, Listener, Progressed, StageFinished
from mediarescue.pipeline.targets import Job

Worker = Callable[[Job, Listener], Any]
"""Works on one job and returns its report; both must be picklable."""

_PROGRESS_SECONDS = 0.1
_END_SECONDS = 2.0


class WorkStopped(BaseException):
    """Raised in a worker's main thread where it is told to end."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The worker returned ``report``."""

    report: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker raised ``error``; ``trace`` says where."""

    error: BaseException
    trace: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The worker was told to end, and has cleaned up."""


@dataclass(frozen=True, slots=True)
class Died:
    """The process is gone without an answer.

    ``exit_code`` is as `multiprocessing` has it, negative for a signal; ``hung`` says that it did nothing any more, and
    was killed for it.
    """

    exit_code: int | None = None
    hung: bool = False


Answer = Finished | Failed | Stopped | Died


class WorkerProcess:
    """The parent's end of a worker.

    Parameters
    ----------
    worker : callable
        What is called for each job.
    verbose : bool
        Leave the standard error of the process open: libraries write there.
    """

    def __init__(self, worker: Worker, *, verbose: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(worker, theirs, verbose), daemon=True)
        with _signals_held():
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """The system's number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process is there; one that is idle may have been ended by the system."""
        return self._process.is_alive()

    def begin(self, job: Job) -> None:
        """Hand over a job; what comes of it is told by `receive`."""
        with contextlib.suppress(OSError):  # a process that has died meanwhile is noticed by `receive`
            self.connection.send(job)

    def receive(self) -> Event | Answer:
        """Return the next event of the job, or its end; waits for it."""
        try:
            message: Event | Answer = self.connection.recv()
        except Exception:  # the pipe ends, anywhere in a message
            self._process.join(_END_SECONDS)
            return Died(self._process.exitcode)
        return message

    def stop(self) -> None:
        """Tell the worker to end at once, with its output cleaned up."""
        self._process.terminate()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join(_END_SECONDS)
        self.connection.close()

    def close(self) -> None:
        """Let an idle process end."""
        self.connection.close()
        self._process.join(_END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_END_SECONDS)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Keep Ctrl-C from a process that has not yet said what it does about it; the parent gets it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It would be started with the first process, and let go of the signals.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Stop:
    """What a termination does: at work it raises, once; while an answer is sent it waits; else the process ends."""

    def __init__(self) -> None:
        self.is_idle = False
        self.is_working = False
        self.is_wanted = False
        signal.signal(signal.SIGTERM, self._answer)
        ignored = {signal.SIGINT, signal.SIGHUP} if sys.platform != "win32" else {signal.SIGINT}
        for number in ignored:
            # Ctrl-C reaches all processes of a terminal; the parent says what becomes of it.
            signal.signal(number, signal.SIG_IGN)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ignored)

    def _answer(self, number: int, frame: FrameType | None) -> None:
        if self.is_wanted:
            return
        self.is_wanted = True
        if self.is_working:
            raise WorkStopped
        if self.is_idle:
            os._exit(0)


class _Sender:
    """Sends events to the parent, of the progress of a stage ten a second and the last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._held: dict[str, Progressed] = {}

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Progressed):
                now = time.monotonic()
                if now < self._next.get(event.stage, 0.0):
                    self._held[event.stage] = event
                    return
                self._next[event.stage] = now + _PROGRESS_SECONDS
                self._held.pop(event.stage, None)
            elif isinstance(event, StageFinished):
                self._next.pop(event.stage, None)
                if last := self._held.pop(event.stage, None):
                    self._connection.send(last)
            self._connection.send(event)


def _serve(worker: Worker, connection: Connection, verbose: bool) -> None:
    stop = _Stop()
    _silence(verbose)
    # A parent that has gone closes its end: reading and sending fail, and the process ends.
    with contextlib.suppress(EOFError, OSError):
        while not stop.is_wanted:
            stop.is_idle = True
            job = connection.recv()
            stop.is_idle = False
            connection.send(_answer_to(worker, job, _Sender(connection), stop))


def _answer_to(worker: Worker, job: Job, listener: Listener, stop: _Stop) -> Answer:
    try:
        stop.is_working = True
        try:
            if stop.is_wanted:
                return Stopped()
            return Finished(worker(job, listener))
        finally:
            stop.is_working = False
    except WorkStopped:
        return Stopped()
    except BaseException as error:
        if stop.is_wanted:  # what the work made of being told to end
            return Stopped()
        return Failed(_portable(error), "".join(traceback.format_exception(error)))


def _portable(error: BaseException) -> BaseException:
    """Return the error in a form that reaches the parent: without its causes, and as a RuntimeError where it must."""
    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:
        copy = None
    return copy if type(copy) is type(error) else RuntimeError(f"{type(error).__name__}: {error}")


def _silence(verbose: bool) -> None:
    """Keep what libraries print away from the result and the progress."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1,) if verbose else (1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
