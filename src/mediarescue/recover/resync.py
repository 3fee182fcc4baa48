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
from mediarescue.recover.matcher import Habitual, Matcher, Unmarked
from mediarescue.recover.padding import Padding
from mediarescue.recover.window import MediaWindow

_FIRST_BLOCK = 1 << 14
_LARGEST_BLOCK = 1 << 18
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
_LEADING_ZEROS = 8


def find_start(window: MediaWindow, matchers: Sequence[Matcher], pos: int, padding: Padding) -> int:
    """Return the first position from ``pos`` on where a verified chain of samples starts, or -1.

    Notes
    -----
    A single match is not proof: at a million offsets a few parse by chance. A start counts when it carries on:
    three samples in a run, or a sample followed by another family's, a box, or the end of the media.
    """
    block, start = _FIRST_BLOCK, pos
    while pos < window.end:
        pos = _behind_zeros(window, pos)
        end = min(pos + block, window.end)
        block = min(2 * block, _LARGEST_BLOCK)
        hits = []
        limit = end
        for matcher in matchers:
            at = _first_verified(window, matchers, matcher, pos, limit, padding)
            if at >= 0:
                hits.append(at)
                limit = at
        box = find_box(window, pos, limit)
        if box >= 0:
            hits.append(box)
        if hits:
            return min(hits)
        pos = end
    return _last_run(window, matchers, max(start, window.end - _LAST_RUN))


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
        stop = min(stop, at + _ZERO_BLOCK)
        found = np.flatnonzero(buf[at:stop])
        if len(found):
            return max(pos, pos + int(found[0]) - _LEADING_ZEROS)
        pos += stop - at
    return pos


def only_zeros(window: MediaWindow, pos: int) -> bool:
    """Whether nothing but zeros stands from ``pos`` to the end of the media: space a camera reserved."""
    return pos < window.end and _behind_zeros(window, pos) >= window.end


def _first_verified(
    window: MediaWindow, matchers: Sequence[Matcher], matcher: Matcher, pos: int, end: int, padding: Padding
) -> int:
    find = matcher.find_usual if isinstance(matcher, Habitual) else matcher.find
    while pos < end:
        at = find(window, pos, end)
        if at < 0:
            return -1
        if carries_on(window, matchers, matcher, at, padding):
            return at
        pos = at + 1
    return -1


def carries_on(window: MediaWindow, matchers: Sequence[Matcher], matcher: Matcher, pos: int, padding: Padding) -> bool:
    """Return True when a run of ``matcher`` at ``pos`` is long enough, or followed by something known."""
    run = matcher.match(window, pos)
    if run is None:
        return False
    weak = 0 < run.evidence < _WEAK
    if (len(run.sizes) >= _CHAIN and not weak) or run.end >= window.end:
        return True
    after = padding.behind(window, run.end)
    if match_box(window, after) is not None or after >= window.end:
        return True
    if not weak and any(m is not matcher and m.match(window, after) is not None for m in matchers):
        return True
    if run.certain and _again_behind_unknown(window, matchers, run.end):
        return True
    unmarked = [m for m in matchers if isinstance(m, Unmarked) and m.may_start(window, after)]
    if unmarked and (run.certain or _proven_together(window, matchers, run, 2 * max(m.largest for m in unmarked))):
        return True
    if weak:
        return False
    # sound without structure: one of its usual lengths must lead to something that has
    lengths = [c.end for m in matchers if m.blind for c in m.propose(window, after) if c.end < window.end]
    return any(m.match(window, padding.behind(window, end)) is not None for end in lengths for m in matchers)


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


def _again_behind_unknown(window: MediaWindow, matchers: Sequence[Matcher], pos: int) -> bool:
    """Whether something certain, or the end, comes behind a run of a track without marks, or that is foreign.

    Notes
    -----
    A picture may be seen in noise, and true ones follow somewhere: so what stands between must look like something,
    unless the reference has a track that looks like nothing.
    """
    unknown = max((2 * m.largest for m in matchers if isinstance(m, (UnknownMatcher, Unmarked))), default=0)
    reach = max(unknown, _FOREIGN_RUN)
    after = window.end if window.end - pos <= reach else -1
    for matcher in matchers:
        at = matcher.find(window, pos, pos + reach if after < 0 else after)
        run = matcher.match(window, at) if at >= 0 else None
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
