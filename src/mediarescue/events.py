"""What long work tells its listener; the command line renders these, library users may log them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage began; ``total`` is in ``unit`` (``"bytes"``, ``"frames"``) or None where it is unknown.

    ``done`` of it were finished by an earlier run.
    """

    stage: str
    total: int | None = None
    unit: str = "bytes"
    done: int = 0


@dataclass(frozen=True, slots=True)
class Progressed:
    """``done`` of the stage's total is finished."""

    stage: str
    done: int


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage ended without an error."""

    stage: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know; the work goes on."""

    message: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that explains what is going on, and no cause for concern."""

    message: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file was written whole; ``role`` is ``"output"`` or ``"report"``."""

    path: str
    role: str


@dataclass(frozen=True, slots=True)
class BatchStarted:
    """Work on several files began; they have ``bytes`` in all."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FileStarted:
    """Work on one file of several began."""

    file: str
    bytes: int


@dataclass(frozen=True, slots=True)
class FileFinished:
    """Work on one file of several ended; ``message`` says what went wrong, empty where nothing did."""

    file: str
    exit_code: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class InFile:
    """An event of the work on one file of several."""

    file: str
    event: StageStarted | Progressed | StageFinished | Warned | Noted | Artifact


Event = (
    StageStarted
    | Progressed
    | StageFinished
    | Warned
    | Noted
    | Artifact
    | BatchStarted
    | FileStarted
    | FileFinished
    | InFile
)
Listener = Callable[[Event], None]


COMPILING = "compiling the bitstream readers, once on this machine: some ten seconds"


def ignore(event: Event) -> None:
    """Listen to nothing: the default listener."""
