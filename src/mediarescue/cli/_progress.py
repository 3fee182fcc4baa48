"""Render the events of long work on stderr: a live bar, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from mediarescue.cli._exit import PROGRAM, printable, write_stderr
from mediarescue.cli._options import ProgressMode
from mediarescue.events import Event, InFile, Noted, Progressed, StageFinished, StageStarted, Warned
from mediarescue.output import readable_size

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

FRAMES = "frames"
"""The unit of stages that count pictures."""
_PLAIN_SECONDS = 1.0
_JSON_SECONDS = 0.2
_QUIET_SECONDS = 2.0
"""Without a terminal and without being asked, jobs shorter than this say nothing."""
SURE_SECONDS = 2.0
"""Before, the speed is anyone's guess."""
_LIVE_DELAY_SECONDS = 0.3
"""A job that ends before needs no bar, and need not wait for rich to load."""


@dataclass(slots=True)
class Pace:
    """How far and how fast a stage is.

    The speed is counted from the first sign of progress on: what comes before is preparation, or the way past what an
    earlier run had done.
    """

    started: StageStarted
    done: int = 0
    _first: tuple[float, int] | None = None

    def take(self, done: int, now: float) -> None:
        """Note how much is done."""
        self.done = done
        if self._first is None:
            self._first = now, done

    def speed(self, now: float) -> float | None:
        """Return units a second, None while that is anyone's guess."""
        if self._first is None:
            return None
        seconds, done = now - self._first[0], self.done - self._first[1]
        return done / seconds if seconds >= SURE_SECONDS and done > 0 else None

    def words(self, now: float) -> tuple[str, str]:
        """Return the speed and the time left; empty what is not known."""
        speed, unit, total = self.speed(now), self.started.unit, self.started.total
        if speed is None:
            return "", ""
        left = f"{time_left((total - self.done) / speed)} left" if total and self.done < total else ""
        return frame_rate(speed) if unit == FRAMES else f"{_amount(int(speed), unit)}/s", left


class Renderer:
    """Listens and shows nothing; base of the others.

    Attributes
    ----------
    warned : list of str
        Warnings and notes the user has seen.
    """

    def __init__(self) -> None:
        self.warned: list[str] = []

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self.show(event)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def show(self, event: Event) -> None:
        """Render one event."""

    def close(self) -> None:
        """Leave the terminal clean."""


def renderer(mode: ProgressMode, *, quiet: bool) -> Renderer:
    """Return the renderer for ``--progress`` and ``-q``; ``auto`` asks whether stderr is a terminal."""
    if quiet or mode is ProgressMode.NONE:
        return Renderer()
    if mode is ProgressMode.JSON:
        return JsonLines()
    if mode is ProgressMode.PLAIN:
        return PlainLines()
    return LiveBars() if sys.stderr.isatty() else PlainLines(quiet_seconds=_QUIET_SECONDS)


class JsonLines(Renderer):
    """One JSON object a line: ``event`` is the class name in snake case, ``file`` where it is one of several."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[tuple[str, str], float] = {}
        self._last: dict[tuple[str, str], Event] = {}

    def show(self, event: Event) -> None:
        """Write the event; of the progress of a stage five lines a second, and always the last."""
        file, inner = (event.file, event.event) if isinstance(event, InFile) else ("", event)
        if isinstance(inner, Progressed):
            key = (file, inner.stage)
            now = time.monotonic()
            if now < self._next.get(key, 0.0):
                self._last[key] = event
                return
            self._next[key] = now + _JSON_SECONDS
            self._last.pop(key, None)
        elif isinstance(inner, StageFinished) and (last := self._last.pop((file, inner.stage), None)):
            self._write(last)
        self._write(event)

    def _write(self, event: Event) -> None:
        file = {"file": event.file} if isinstance(event, InFile) else {}
        inner = event.event if isinstance(event, InFile) else event
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(inner).__name__).lower()
        write_stderr(json.dumps({"event": name, **file, **asdict(inner)}) + "\n")


class PlainLines(Renderer):
    """At most one line a second, and every warning.

    Parameters
    ----------
    quiet_seconds : float
        How long to wait before the first line.
    """

    def __init__(self, *, quiet_seconds: float = 0.0) -> None:
        super().__init__()
        self._next = time.monotonic() + quiet_seconds
        self._held: list[str] = []
        self._has_spoken = False
        self._stages: dict[str, Pace] = {}

    def show(self, event: Event) -> None:
        """Write a line where one is due; warnings wait for the first line, so that short jobs stay quiet."""
        now = time.monotonic()
        if isinstance(event, Warned):
            self._held.append(event.message)
        if isinstance(event, Noted):
            self.warned.append(event.message)
            self._say(event.message)
        if isinstance(event, StageStarted):
            self._stages[event.stage] = Pace(event)
        if isinstance(event, Progressed):
            self._stages.setdefault(event.stage, Pace(StageStarted(event.stage))).take(event.done, now)
        if now < self._next and not self._has_spoken:
            return
        for message in self._held:
            self._say(f"warning: {message}")
            self.warned.append(message)
        self._held.clear()
        if isinstance(event, (StageStarted, Progressed)) and now >= self._next:
            self._say(self._line(self._stages[event.stage], now))
            self._next = now + _PLAIN_SECONDS

    def _say(self, text: str) -> None:
        self._has_spoken = True
        write_stderr(f"{PROGRAM}: {printable(text)}\n")

    def _line(self, pace: Pace, now: float) -> str:
        started, done = pace.started, pace.done
        if done <= 0:
            return started.stage
        if not started.total:
            return f"{started.stage}: {_amount(done, started.unit)}"
        text = f"{started.stage}: {100 * done // started.total} %, "
        text += f"{_amount(done, started.unit) if started.unit == 'bytes' else done} of "
        text += _amount(started.total, started.unit)
        speed, left = pace.words(now)
        return ", ".join(filter(None, (text, speed if started.unit == FRAMES else "", left)))


class LiveBars(Renderer):
    """rich's progress bars, one a stage, which vanish at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._stages: dict[str, Pace] = {}

    def show(self, event: Event) -> None:
        """Update the stage's bar; warnings are printed above the bars at once."""
        if isinstance(event, StageStarted):
            self._stages[event.stage] = Pace(event, event.done)
        elif isinstance(event, Progressed):
            pace = self._stages.setdefault(event.stage, Pace(StageStarted(event.stage)))
            pace.take(event.done, time.monotonic())
        elif isinstance(event, StageFinished):
            self._stages.pop(event.stage, None)
            if self._bars is not None and event.stage in self._tasks:
                self._bars.remove_task(self._tasks.pop(event.stage))
        elif isinstance(event, Warned):
            self.warned.append(event.message)
            self._print(f"warning: {event.message}")
        elif isinstance(event, Noted):
            self.warned.append(event.message)
            self._print(event.message)
        if self._bars is None and time.monotonic() - self._began >= _LIVE_DELAY_SECONDS and self._stages:
            self._bars = _live_progress()
            self._bars.start()
        if self._bars is not None:
            self._update(self._bars)

    def close(self) -> None:
        """Remove the bars; safe to call more than once."""
        if self._bars is not None:
            bars, self._bars = self._bars, None
            bars.stop()

    def _print(self, message: str) -> None:
        text = f"{PROGRAM}: {printable(message)}"
        if self._bars is None:
            write_stderr(text + "\n")
        else:
            self._bars.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def _update(self, bars: Progress) -> None:
        now = time.monotonic()
        for stage, pace in self._stages.items():
            if stage not in self._tasks:
                self._tasks[stage] = bars.add_task(printable(stage), total=pace.started.total, speed="", left="")
            speed, left = pace.words(now)
            bars.update(self._tasks[stage], completed=pace.done, speed=speed, left=left)


def _live_progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),  # file names may have brackets
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}", markup=False),
        TextColumn("{task.fields[left]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


def _amount(count: int, unit: str) -> str:
    return readable_size(count) if unit == "bytes" else f"{count} {unit}"


def frame_rate(speed: float) -> str:
    """Return frames a second in words, slow ones with a tenth."""
    return f"{speed:.1f} frames/s" if speed < 10 else f"{speed:.0f} frames/s"


def time_left(seconds: float) -> str:
    """Return a time to wait in words."""
    whole = max(1, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d} h"
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02d} min"
