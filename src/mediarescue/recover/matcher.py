"""The seam between the search and the codecs: a matcher says what could start at a position, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from mediarescue.recover.candidate import Candidate
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow


class Matcher(Protocol):
    """Recognise the samples of one family: the tracks that share one syntax.

    Attributes
    ----------
    blind : bool
        True where the samples carry no structure to know them by (PCM): they are proposed by length, and
        judged by what follows them.
    """

    blind: bool

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the run of samples that may start at ``pos``, or None."""

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Return runs of the likely lengths at ``pos`` where ``match`` cannot tell (blind families)."""

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Return the run that fills ``size`` unexplained bytes, or None where that is implausible."""

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position in ``[pos, end)`` where a sample plausibly starts, or -1."""

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when the bytes from ``pos`` to the media's end are the beginning of one sample."""


@runtime_checkable
class Attentive(Protocol):
    """A matcher whose samples end only where something else starts."""

    def attend(self, matchers: Sequence[Matcher]) -> None:
        """Look out for the samples that these recognise."""


@runtime_checkable
class Habitual(Protocol):
    """A matcher whose ``find`` is slow, as its samples have hardly a mark: damage is searched by their habits."""

    def find_usual(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position in ``[pos, end)`` where samples start that begin as the reference's do, or -1."""


@runtime_checkable
class Backward(Protocol):
    """A matcher whose ``find`` passes over single samples, as only what stands behind them proves them."""

    def find_ending(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the last position in ``[pos, end)`` where a sample may start that ends at ``end``, or -1."""


@runtime_checkable
class Audible(Protocol):
    """A blind matcher that tells its samples from noise, so that what damage leaves of a run is found."""

    def sound_from(self, window: MediaWindow, pos: int, end: int) -> Candidate | None:
        """Return the run at ``pos`` up to where damage may begin, or None."""

    def sound_before(self, window: MediaWindow, pos: int, end: int, earliest: int) -> Candidate | None:
        """Return the run that ends at ``end``; it may begin behind ``earliest`` where others are as long, or None."""


@runtime_checkable
class Unmarked(Protocol):
    """A blind matcher whose samples have a first byte to go by, and neither an end nor a usual length (Opus).

    Attributes
    ----------
    largest : int
        Bytes of the reference's longest run: as far apart others may stand.
    """

    largest: int

    def may_start(self, window: MediaWindow, pos: int) -> bool:
        """Return whether a sample may start at ``pos``."""


class MatcherFactory(Protocol):
    """Make a matcher for the tracks of a family out of what the reference shows of them."""

    def family_key(self, track: TrackProfile) -> object:
        """Return what tracks must have in common to be told apart by their order alone (hashable)."""

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn from the reference's samples; raises ReferenceMismatchError when they cannot be understood."""


@runtime_checkable
class Sparing(Protocol):
    """A factory that knows which few of the reference's samples teach all that the others do."""

    def telling(self, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Iterable[tuple[int, int]]:
        """Give offset and size of those samples."""
