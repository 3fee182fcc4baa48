"""What became of the files of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mediarescue.errors import EXIT_OK, EXIT_RESERVATIONS, Failure, worst
from mediarescue.pipeline.targets import Job

_NO_REPORT = (
    "the process that worked on it was ended right after the output was complete: "
    "what it had to say of it, warnings included, is missing"
)


class FileReport(Protocol):
    """What a worker must return."""

    @property
    def exit_code(self) -> int:
        """0 or 10."""

    @property
    def output(self) -> str | None:
        """The file written; None where none was."""

    @property
    def summary(self) -> str:
        """What was done, in a few words (``"300 frames, libx264"``)."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing and does no harm, in sentences."""

    @property
    def lost(self) -> tuple[str, ...]:
        """What could not be kept, in sentences."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why this is a success with reservations, in sentences."""


class State(StrEnum):
    """What became of a file."""

    DONE = "done"
    PLANNED = "planned"
    """It would be done: a dry run."""
    SKIPPED = "skipped"
    """Its output was there already."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Begun, and stopped with the batch."""
    WAITING = "not begun"
    """The batch was stopped before its turn."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    Attributes
    ----------
    job : Job
    state : State
    seconds : float
    report : FileReport or None
        What the worker returned; None where it did not come to that, as of a process that ended once the output was
        complete.
    failure : Failure or None
        What went wrong.
    output_bytes : int
        Size of the output, 0 where there is none.
    trace : str
        Where in the program it went wrong.
    """

    job: Job
    state: State
    seconds: float = 0.0
    report: FileReport | None = None
    failure: Failure | None = None
    output_bytes: int = 0
    trace: str = ""

    @property
    def exit_code(self) -> int:
        """The code of this file alone; 0 for one that was not begun."""
        if self.failure is not None:
            return self.failure.exit_code
        if self.report is not None:
            return self.report.exit_code
        return EXIT_RESERVATIONS if self.state is State.DONE else EXIT_OK

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why this is a success with reservations, in sentences."""
        if self.report is not None:
            return self.report.warnings
        return (_NO_REPORT,) if self.state is State.DONE else ()


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of all files, in the order they were given.

    Attributes
    ----------
    files : tuple of FileOutcome
    seconds : float
    stopped : int
        130 or 143 where the batch was stopped, else 0.
    """

    files: tuple[FileOutcome, ...]
    seconds: float
    stopped: int = 0

    @property
    def exit_code(self) -> int:
        """The worst code of all files; that of the stop where there was one."""
        return self.stopped or worst(outcome.exit_code for outcome in self.files)
