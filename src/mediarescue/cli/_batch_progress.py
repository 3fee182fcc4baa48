"""Progress of work on several files: a bar or part of a line for each that is at work, and one for all."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mediarescue.cli._exit import PROGRAM, printable, write_stderr
from mediarescue.cli._options import ProgressMode
from mediarescue.cli._progress import (
    FRAMES,
    SURE_SECONDS,
    JsonLines,
    LiveBars,
    PlainLines,
    Renderer,
    frame_rate,
    renderer,
    time_left,
)
from mediarescue.events import (
    BatchStarted,
    Event,
    FileFinished,
    FileStarted,
    InFile,
    Noted,
    Progressed,
    StageFinished,
    StageStarted,
    Warned,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_RATE_SECONDS = 20.0
"""Frames a second are counted over this time."""
_ENOUGH, _ENOUGH_SECONDS = 0.05, 30.0
"""The part of the work, or the time, after which the time left is more than anyone's guess."""
_LONGEST_NAME = 32
_PLAIN_SECONDS = 1.0
_QUIET_SECONDS = 2.0


def batch_renderer(mode: ProgressMode, *, quiet: bool, files: int) -> Renderer:
    """Return the renderer for work on so many files; a single one looks as in the other commands."""
    alone = renderer(mode, quiet=quiet)
    if files == 1 or isinstance(alone, JsonLines):
        return alone
    if isinstance(alone, LiveBars):
        return BatchBars()
    if isinstance(alone, PlainLines):
        return BatchLines(quiet_seconds=_QUIET_SECONDS if mode is ProgressMode.AUTO else 0.0)
    return FailuresOnly()


def _failure(event: FileFinished) -> str:
    return f"{PROGRAM}: {printable(event.message)}"


class FailuresOnly(Renderer):
    """Says what failed when it fails, and nothing else."""

    def show(self, event: Event) -> None:
        """Write a line for a file that failed."""
        if isinstance(event, FileFinished) and event.message:
            write_stderr(_failure(event) + "\n")


@dataclass(slots=True)
class _File:
    size: int
    stage: str = ""
    unit: str = ""
    total: int | None = None
    done: int = 0
    best: float = 0.0
    earlier: float = 0.0
    is_worked_on: bool = False

    def take(self, event: Event) -> int:
        """Note an event; return how many more frames it tells of."""
        self.is_worked_on = True
        if isinstance(event, StageStarted):
            self.stage, self.unit, self.total, self.done = event.stage, event.unit, event.total, event.done
            if self.total and self.unit == FRAMES:
                self.earlier = max(self.earlier, self.done / self.total)
                self.best = max(self.best, self.earlier)
        elif isinstance(event, Progressed) and event.stage == self.stage:
            more, self.done = event.done - self.done, event.done
            if self.total:
                self.best = max(self.best, min(1.0, self.done / self.total)) if self.unit == FRAMES else self.best
            return more if self.unit == FRAMES else 0
        return 0


@dataclass(slots=True)
class Tally:
    """How far all files together are.

    Attributes
    ----------
    files, finished : int
    running : dict of str to _File
        By name, in the order they were begun.
    frames : int
        Since the beginning.

    Notes
    -----
    What an earlier run had finished counts as done, and not for the speed. That is counted from the first sign of
    progress on: what comes before is preparation.
    """

    files: int = 0
    finished: int = 0
    bytes: int = 0
    finished_bytes: int = 0
    earlier_bytes: float = 0.0
    running: dict[str, _File] = field(default_factory=dict)
    frames: int = 0
    _first: tuple[float, float] | None = None
    _frames_at: deque[tuple[float, int]] = field(default_factory=deque)

    def take(self, event: Event) -> None:
        """Note an event."""
        now = time.monotonic()
        if isinstance(event, BatchStarted):
            self.files, self.bytes = event.files, event.bytes
        elif isinstance(event, FileStarted):
            self.running[event.file] = _File(event.bytes)
        elif isinstance(event, FileFinished):
            self.finished += 1
            file = self.running.pop(event.file, None)
            self.finished_bytes += 0 if file is None else file.size
            if file is not None and file.is_worked_on:
                self._note_progress(now)
            elif file is not None:  # left out, as it exists
                self.earlier_bytes += file.size
        elif isinstance(event, InFile) and (file := self.running.get(event.file)):
            before = file.earlier
            more = file.take(event.event)
            self.earlier_bytes += file.size * (file.earlier - before)
            if more > 0:
                self.frames += more
                self._frames_at.append((now, self.frames))
                self._note_progress(now)
        while self._frames_at and now - self._frames_at[0][0] > _RATE_SECONDS:
            self._frames_at.popleft()

    @property
    def fraction(self) -> float:
        """The part of all bytes that is done, those of a film by its frames."""
        if not self.bytes:
            return self.finished / self.files if self.files else 0.0
        done = self.finished_bytes + sum(file.size * file.best for file in self.running.values())
        return min(1.0, done / self.bytes)

    def words(self) -> list[str]:
        """Return how many files are done, and frames a second."""
        words = [f"{self.finished} of {self.files} files"]
        if len(self._frames_at) > 1:
            (first, start), (last, end) = self._frames_at[0], self._frames_at[-1]
            if last - first >= SURE_SECONDS:
                words.append(frame_rate((end - start) / (last - first)))
        return words

    def seconds_left(self) -> float | None:
        """Return the time that the rest takes at the speed so far, None while that is anyone's guess."""
        if self._first is None:
            return None
        seconds, done = time.monotonic() - self._first[0], self._done_now - self._first[1]
        is_sure = seconds >= SURE_SECONDS and (done >= _ENOUGH or seconds >= _ENOUGH_SECONDS)
        return seconds * (1 - self.fraction) / done if is_sure and done > 0 and self.fraction < 1 else None

    @property
    def _done_now(self) -> float:
        """The part of all bytes that this run has done."""
        return self.fraction - (self.earlier_bytes / self.bytes if self.bytes else 0.0)

    def _note_progress(self, now: float) -> None:
        if self._first is None:
            self._first = now, self._done_now


class BatchLines(Renderer):
    """At most one line a second for all files, and one for each warning and each file that failed.

    Parameters
    ----------
    quiet_seconds : float
        How long to wait before the first line.
    """

    def __init__(self, *, quiet_seconds: float = 0.0) -> None:
        super().__init__()
        self._next = time.monotonic() + quiet_seconds
        self._tally = Tally()

    def show(self, event: Event) -> None:
        """Write a line where one is due."""
        self._tally.take(event)
        if isinstance(event, FileFinished) and event.message:
            write_stderr(_failure(event) + "\n")
        elif isinstance(event, InFile) and isinstance(event.event, Warned):
            write_stderr(f"{PROGRAM}: {printable(event.file)}: warning: {printable(event.event.message)}\n")
        now = time.monotonic()
        if now >= self._next and self._tally.files:
            self._next = now + _PLAIN_SECONDS
            write_stderr(f"{PROGRAM}: {self._line()}\n")

    def _line(self) -> str:
        words = self._tally.words()
        if (seconds := self._tally.seconds_left()) is not None:
            words.append(f"{time_left(seconds)} left")
        parts = [", ".join(words)]
        for name, file in self._tally.running.items():
            done = f" {100 * file.done // file.total} %" if file.total else ""
            parts.append(f"{printable(Path(name).name)}: {file.stage or 'begins'}{done}")
        return "; ".join(parts)


class BatchBars(LiveBars):
    """A bar for each stage of a file that is at work, and one for all files."""

    def __init__(self) -> None:
        super().__init__()
        self._tally = Tally()
        self._shown: dict[str, set[str]] = {}
        self._all: TaskID | None = None

    def show(self, event: Event) -> None:
        """Update the bars; what failed is printed above them at once."""
        self._tally.take(event)
        if isinstance(event, FileFinished):
            if event.message:
                self._print(event.message)
            for stage in self._shown.pop(event.file, ()):
                super().show(StageFinished(stage))
        elif isinstance(event, InFile):
            if not isinstance(event.event, Noted):  # the result has it, and of a thousand photos it is the same
                super().show(self._named(event))
        else:
            super().show(event)

    def _named(self, event: InFile) -> Event:
        inner = event.event
        if isinstance(inner, (StageStarted, Progressed, StageFinished)):
            stage = f"{_short(Path(event.file).name)}: {inner.stage}"
            self._shown.setdefault(event.file, set()).add(stage)
            return replace(inner, stage=stage)
        if isinstance(inner, Warned):
            return replace(inner, message=f"{event.file}: {inner.message}")
        return inner

    def _update(self, bars: Progress) -> None:
        words = ", ".join(self._tally.words())
        if self._all is None:
            self._all = bars.add_task(words, total=1.0, speed="", left="")
        seconds = self._tally.seconds_left()
        left = "" if seconds is None else f"{time_left(seconds)} left"
        bars.update(self._all, description=words, completed=self._tally.fraction, left=left)
        super()._update(bars)


def _short(name: str) -> str:
    return (
        name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME // 2 - 1]}\u2026{name[-_LONGEST_NAME // 2 :]}"
    )
