"""Find where recognisable samples go on behind bytes that nothing explains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mediarescue.recover.boxes import find_box, match_box
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.codecs.learned_matcher import LearnedMatcher
from mediarescue.recover.codecs.unknown import UnknownMatcher
from mediarescue.recover.foreign import PCM, looks_like
from mediarescue.recover.matcher import Backward, Habitual, Matcher, Unmarked
from mediarescue.recover.padding import Padding
from mediarescue.recover.window import MediaWindow

_FIRST_BLOCK = 1 << 14
_LARGEST_BLOCK = 1 << 19
_CHAIN = 3
_LAST_RUN = 8 << 10
"""Bytes before the end of the media where its last sample is looked for, however weakly it is known."""
_USUAL_COST = 1.5
_PROOF = 20.0
"""Nats that are proof."""
_WEAK = 16.0
"""Nats below which a run counts only with others that prove it."""
_MOST_LINKS = 4
"""Runs that may prove the one in front of them."""
_FOREIGN_RUN = 32 << 10
"""Bytes of other data that may stand between single pictures."""
_ZERO_BLOCK = 1 << 16
_MARGIN = 1 << 16
"""Bytes behind a block that the searches in it may look at."""
_AHEAD = 1 << 17
"""Bytes at once of the window that looks far ahead of the search, which shall not read its own bytes again for it."""
_LEADING_ZEROS = 8


class _Finder:
    """The search of one matcher; remembers where nothing was found: many ask for the next place behind their own."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self._search = matcher.find_usual if isinstance(matcher, Habitual) else matcher.find
        self._from = self._to = self._hit = -1

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position in ``[pos, end)`` where a sample plausibly starts, or -1."""
        if not self._from <= pos <= self._to:
            self._from, self._to, self._hit = pos, pos, -1
        if self._hit < 0 and self._to < end:
            self._hit = self._search(window, self._to, end)
            self._to = end if self._hit < 0 else self._hit
        return self._hit if self._hit < end else -1


class StartSearch:
    """The search for places where a verified chain of samples starts; remembers the last answer.

    Parameters
    ----------
    window : MediaWindow
    matchers : sequence of Matcher
        One a family.
    padding : Padding
        Between the reference's chunks.

    Notes
    -----
    Rival hypotheses ask from places a few bytes apart: megabytes of damage are searched once for all of them.
    """

    def __init__(self, window: MediaWindow, matchers: Sequence[Matcher], padding: Padding) -> None:
        self._window = window
        self._matchers = matchers
        self._padding = padding
        self._finders = [_Finder(matcher) for matcher in matchers]
        self._ahead = [_Finder(matcher) for matcher in matchers]
        self._from, self._found = 0, -1
        """Nothing verified starts in ``[_from, _found)``."""

    def find(self, pos: int) -> int:
        """Return the first position from ``pos`` on where a verified chain of samples starts, or -1.

        Notes
        -----
        A single match is not proof: at a million offsets a few parse by chance. A start counts when it carries on:
        three samples in a run, or a sample followed by another family's, a box, or the end of the media. Then come
        the samples that end exactly there, which nothing else would have shown.
        """
        end = self._window.end
        if pos > self._found:
            found = self._first_verified(pos, end)
            self._from, self._found = pos, end if found < 0 else found
        elif pos < self._from:
            found = self._first_verified(pos, self._from)
            self._from, self._found = pos, self._found if found < 0 else found
        if self._found >= end:
            return _last_run(self._window, self._matchers, max(pos, end - _LAST_RUN))
        return _look_back(self._window, self._matchers, pos, self._found)

    def _first_verified(self, pos: int, until: int) -> int:
        """Return the first position in ``[pos, until)`` where a verified chain starts, or -1."""
        window, block = self._window, _FIRST_BLOCK
        while pos < until:
            ahead = window.with_capacity(_AHEAD)
            pos = _behind_zeros(window, pos)
            end = limit = min(pos + block, until)
            block = min(2 * block, _LARGEST_BLOCK)
            window.view(pos, end - pos + _MARGIN)  # read once for all of them
            for finder in self._finders:
                at = finder.find(window, pos, limit) if pos < limit else -1
                while at >= 0 and not self._carries_on(ahead, finder.matcher, at):
                    at = finder.find(window, at + 1, limit) if at + 1 < limit else -1
                limit = at if at >= 0 else limit
            box = find_box(window, pos, limit) if pos < limit else -1
            limit = box if box >= 0 else limit
            if limit < end:
                return limit
            pos = end
        return -1

    def _carries_on(self, window: MediaWindow, matcher: Matcher, pos: int) -> bool:
        """Return True when a run of ``matcher`` at ``pos`` is long enough, or followed by something known."""
        run = matcher.match(window, pos)
        if run is None:
            return False
        matchers, padding = self._matchers, self._padding
        weak = 0 < run.evidence < _WEAK
        if (len(run.sizes) >= _CHAIN and not weak) or run.end >= window.end:
            return True
        after = padding.behind(window, run.end)
        if match_box(window, after) is not None or after >= window.end:
            return True
        if not weak and any(m is not matcher and m.match(window, after) is not None for m in matchers):
            return True
        if run.certain and self._again_behind_unknown(window, run.end):
            return True
        unmarked = [m for m in matchers if isinstance(m, Unmarked) and m.may_start(window, after)]
        if unmarked and (run.certain or _proven_together(window, matchers, run, 2 * max(m.largest for m in unmarked))):
            return True
        if weak:
            return False
        # sound without structure: one of its usual lengths must lead to something that has
        lengths = [c.end for m in matchers if m.blind for c in m.propose(window, after) if c.end < window.end]
        return any(m.match(window, padding.behind(window, end)) is not None for end in lengths for m in matchers)

    def _again_behind_unknown(self, window: MediaWindow, pos: int) -> bool:
        """Whether something certain, or the end, comes behind a run of a track without marks, or that is foreign.

        Notes
        -----
        A picture may be seen in noise, and true ones follow somewhere: so what stands between must look like something,
        unless the reference has a track that looks like nothing.
        """
        matchers = self._matchers
        unknown = max((2 * m.largest for m in matchers if isinstance(m, (UnknownMatcher, Unmarked))), default=0)
        reach = max(unknown, _FOREIGN_RUN)
        after = window.end if window.end - pos <= reach else -1
        for finder in self._ahead:
            at = finder.find(window, pos, min(pos + reach, window.end) if after < 0 else after)
            run = finder.matcher.match(window, at) if at >= 0 else None
            if run is not None and run.certain:
                after = at
        if after < 0:
            return False
        if after - pos <= unknown:
            return True
        between = window.peek(pos, after - pos)
        seems = looks_like(between) or (looks_like(between, whole=False) if after == window.end else "")
        # beside sound of the reference that has no marks, a picture seen in it has more of it behind
        sounds = any(matcher.blind and not isinstance(matcher, LearnedMatcher) for matcher in matchers)
        return bool(seems) and not (seems == PCM and sounds)


def _look_back(window: MediaWindow, matchers: Sequence[Matcher], pos: int, start: int) -> int:
    """Return where the samples begin that lead up to ``start``, one behind the other, none in front of ``pos``.

    Notes
    -----
    A single frame of sound is no proof where it might stand anywhere; that it ends to the byte where a verified chain
    starts is (AAC: none at 1.5 million offsets of noise).
    """
    while start > pos:
        ends = (matcher.find_ending(window, pos, start) for matcher in matchers if isinstance(matcher, Backward))
        earlier = max(ends, default=-1)
        if earlier < 0:
            break
        start = earlier
    return start


def _last_run(window: MediaWindow, matchers: Sequence[Matcher], pos: int) -> int:
    """Return the first position of a run that ends exactly with the media, or -1.

    Notes
    -----
    A single sample of sound is not proof, so no search finds the last one behind bytes that could be anything; that it
    ends to the byte where the media does makes up for it (AAC frames of noise: none in 200,000 offsets).
    """
    for at in range(pos, window.end):
        for matcher in matchers:
            run = None if matcher.blind else matcher.match(window, at)
            if run is not None and run.end == window.end and run.cost <= _USUAL_COST and len(run.sizes) < _CHAIN:
                return at
    return -1


def _behind_zeros(window: MediaWindow, pos: int) -> int:
    """Return the last few bytes before the first one that is not zero: lengths and start codes begin with zeros."""
    while pos < window.end:
        buf, at, stop, _ = window.view(pos, min(_ZERO_BLOCK, window.end - pos))
        if stop <= at:  # the file is shorter than it was
            return window.end
        stop = min(stop, at + _ZERO_BLOCK)
        found = np.flatnonzero(buf[at:stop])
        if len(found):
            return max(pos, pos + int(found[0]) - _LEADING_ZEROS)
        pos = min(max(pos + stop - at, window.source.next_data(pos + stop - at) - _LEADING_ZEROS), window.end)
    return pos


def only_zeros(window: MediaWindow, pos: int) -> bool:
    """Whether nothing but zeros stands from ``pos`` to the end of the media: space a camera reserved."""
    return pos < window.end and _behind_zeros(window, pos) >= window.end


def _proven_together(
    window: MediaWindow, matchers: Sequence[Matcher], run: Candidate, reach: int, proof: float = 0.0, links: int = 0
) -> bool:
    """Whether the run and those that follow, each within ``reach`` of the one before, are no coincidence together.

    Notes
    -----
    Each that follows might have been seen at ``reach`` places, which counts against it.
    """
    proof += _PROOF if run.certain else run.evidence
    if proof >= _PROOF and links:
        return True
    if links == _MOST_LINKS or not run.evidence:
        return False
    end = min(run.end + reach, window.end)
    for matcher in matchers:
        at = matcher.find(window, run.end, end)
        while at >= 0:
            following = matcher.match(window, at)
            if following is not None and _proven_together(
                window, matchers, following, reach, proof - math.log(reach), links + 1
            ):
                return True
            at = matcher.find(window, at + 1, end)
    return False
