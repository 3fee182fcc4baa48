"""The exception tree and its fixed exit codes.

::

    MediaRescueError            1   a bug when raised as such
    ├── UsageError              2   wrong or contradictory arguments, swapped files
    ├── InputError              3   the input cannot be read or is not a format we know
    ├── ReferenceMismatchError  4   the reference does not fit (no moov, other codec or frame size)
    ├── NothingRecoverableError 5   nothing to rescue in the input; nothing was written
    ├── OutputError             6   the output exists, the disk is full, the file system refuses
    ├── VerificationError       7   the written file did not pass its own check
    ├── MissingDependencyError  8   a needed encoder or optional extra is not installed
    └── NothingToDoError        9   the input is healthy; nothing was written

Code 10 (success with reservations) belongs to a report, not to an exception. Of several files the worst code counts
(`worst`). An unknown code is a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediarescue.reference_reports import CandidateReport

EXIT_OK = 0
EXIT_RESERVATIONS = 10


class MediaRescueError(Exception):
    """Base of every error mediarescue raises on purpose; ``str(error)`` says what, where and what to do."""

    exit_code = 1


class UsageError(MediaRescueError):
    """Wrong, contradictory or swapped arguments."""

    exit_code = 2


class InputError(MediaRescueError):
    """The input cannot be opened, or is of an unknown or encrypted format."""

    exit_code = 3


class ReferenceMismatchError(MediaRescueError):
    """The reference cannot serve for this input; ``candidates`` says how each of several did."""

    exit_code = 4

    def __init__(self, message: str, candidates: Sequence[CandidateReport] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class NothingRecoverableError(MediaRescueError):
    """The input holds nothing that could be rescued; nothing was written."""

    exit_code = 5


class OutputError(MediaRescueError):
    """The output cannot be written."""

    exit_code = 6


class VerificationError(MediaRescueError):
    """The written file failed its own check and was removed."""

    exit_code = 7


class MissingDependencyError(MediaRescueError):
    """A needed encoder or optional package is not installed."""

    exit_code = 8


class NothingToDoError(MediaRescueError):
    """The input is healthy; nothing was written."""

    exit_code = 9


EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

_WORST_LAST = (
    EXIT_OK,
    NothingToDoError.exit_code,
    EXIT_RESERVATIONS,
    NothingRecoverableError.exit_code,
    ReferenceMismatchError.exit_code,
    InputError.exit_code,
    MissingDependencyError.exit_code,
    UsageError.exit_code,
    OutputError.exit_code,
    VerificationError.exit_code,
    MediaRescueError.exit_code,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
)


def worst(codes: Iterable[int]) -> int:
    """Return the exit code that counts for several files: 0 < 9 < 10 < 5 < 4 < 3 < 8 < 2 < 6 < 7 < 1 < 130 < 143.

    What is wrong with one file counts less than what may be wrong with the next one too, such as a full disk. An
    unknown code counts as worst, and no code at all as 0.
    """
    return max(codes, key=lambda code: _WORST_LAST.index(code) if code in _WORST_LAST else len(_WORST_LAST), default=0)


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception in words: the exit code, the name of its kind, one sentence."""

    exit_code: int
    kind: str
    message: str
