"""What goes wrong while reading boxes, how much of it is tolerated, and where it is said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class BoxError(ValueError):
    """Bytes that are no valid box or table; ``offset`` is absolute in the file (or -1)."""

    def __init__(self, message: str, *, offset: int = -1) -> None:
        super().__init__(f"{message} (at byte {offset})" if offset >= 0 else message)
        self.offset = offset


class NoMovieError(BoxError):
    """The file has no ``moov`` box."""


class Leniency(Enum):
    """How much deviation from the format is tolerated; what is tolerated is collected as a `Problem`."""

    PERMISSIVE = 0
    """Nothing raises: what cannot be read is kept as opaque bytes or left out. For broken files."""
    NORMAL = 1
    """Damage raises (boxes past their parent, entry counts past their box); contradictions do not."""
    STRICT = 2
    """Contradictions between tables raise as well. For the reference."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A tolerated fault: absolute ``offset`` in bytes (-1 where unknown) and what is wrong there."""

    offset: int
    message: str


def damaged(message: str, *, offset: int, leniency: Leniency, problems: list[Problem] | None) -> None:
    """Raise `BoxError` unless PERMISSIVE, else note the problem."""
    if leniency is not Leniency.PERMISSIVE:
        raise BoxError(message, offset=offset)
    note(message, offset=offset, problems=problems)


def contradicts(message: str, *, offset: int, leniency: Leniency, problems: list[Problem] | None) -> None:
    """Raise `BoxError` when STRICT, else note the problem."""
    if leniency is Leniency.STRICT:
        raise BoxError(message, offset=offset)
    note(message, offset=offset, problems=problems)


def note(message: str, *, offset: int, problems: list[Problem] | None) -> None:
    """Note a problem where somebody collects them."""
    if problems is not None:
        problems.append(Problem(offset, message))
