"""Tracks nobody can recognise: their bytes stay unexplained, and the report names them."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.recover.candidate import Candidate
from mediarescue.recover.window import MediaWindow


class UnknownMatcher:
    """Match nothing: samples that are invented are worse than a track that is missing.

    Parameters
    ----------
    largest : int
        Bytes of the longest run of its samples in the reference: as far apart others may stand.
    """

    blind = False

    def __init__(self, largest: int) -> None:
        self.largest = largest

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return None."""
        return None

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing."""
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Return None."""
        return None

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Find nothing."""
        return -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return False."""
        return False
