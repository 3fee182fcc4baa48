"""What damage leaves of sound without marks: the part in front of it, and the part behind."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.recover.candidate import Candidate
from mediarescue.recover.matcher import Audible, Matcher
from mediarescue.recover.models import OrderModel
from mediarescue.recover.window import MediaWindow


class SoundAtGaps:
    """Find sound at both ends of a gap, where the reference has it beside what stands there.

    Parameters
    ----------
    window : MediaWindow
    matchers : sequence of Matcher
        One a family.
    order : OrderModel
        Learned from the reference.
    """

    def __init__(self, window: MediaWindow, matchers: Sequence[Matcher], order: OrderModel) -> None:
        self._window = window
        self._matchers = [matcher for matcher in matchers if isinstance(matcher, Audible)]
        self._order = order

    def after(self, family: tuple[int, ...], pos: int, end: int) -> Candidate | None:
        """Return the sound at ``pos``, behind a run of ``family`` or (empty) in front of all, with damage behind it."""
        for matcher in self._matchers:
            sound = matcher.sound_from(self._window, pos, end)
            if sound is not None and sound.end < end and self._follow(family, sound.family):
                return sound
        return None

    def before(self, family: int, start: int, claimed: int, earliest: int) -> Candidate | None:
        """Return the sound that ends at ``start``, where a run of ``family`` begins.

        Parameters
        ----------
        family, start : int
        claimed : int
            Where the last sample in front claims to end.
        earliest : int
            Where it begins: it may have been interrupted, and the sound begin inside it.
        """
        for matcher in self._matchers:
            sound = matcher.sound_before(self._window, min(claimed, start), start, earliest)
            if sound is not None and self._follow((sound.family,), family):
                return sound
        return None

    def _follow(self, first: tuple[int, ...], second: int) -> bool:
        """Whether a run of the second family came behind one of the first in the reference."""
        seen = self._order.counts.get(first)
        return seen is not None and seen[second] > 0
