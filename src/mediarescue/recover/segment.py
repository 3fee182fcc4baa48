"""The search for the best cover of the media data by samples of the reference's tracks.

Hypotheses are extended in the order of their positions, so that rivals stay side by side; those that meet at
the same place are merged and the cheaper one lives on. Where only one is left, its history is final and leaves
the search: memory stays flat, and the common case costs one call of a matcher for each run of samples.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

import numpy as np

from mediarescue.recover.boxes import match_box
from mediarescue.recover.candidate import CUT_SHORT, INTERRUPTED, Candidate, Gap, Segmentation, SegmentationBuilder
from mediarescue.recover.hypothesis import Node, pruned
from mediarescue.recover.matcher import Attentive, Matcher
from mediarescue.recover.models import OrderModel
from mediarescue.recover.padding import Padding
from mediarescue.recover.resync import StartSearch, only_zeros
from mediarescue.recover.sound_at_gaps import SoundAtGaps
from mediarescue.recover.window import MediaWindow

GAP_COST = 30.0
"""Nats: an unexplained stretch of bytes must be cheaper than a chain of invented samples, dearer than odd ones."""
_ALTERNATIVE_COST = 9.0
_STRETCH_COST = 6.0
_CUT_COST = 3.0
_UNKNOWN_END = "nothing recognised up to the end"
_USUAL_COST = 1.5
"""A candidate dearer than this has something odd about it: rivals are heard."""
_AGAIN_COST = 5.0
"""A run ends where its matcher no longer recognises it: the same family right behind it is odd."""
_BLIND_IN_A_ROW = 3


class Segmenter:
    """Find the segmentation of a window's media data.

    Parameters
    ----------
    window : MediaWindow
        The broken file's media data.
    matchers : sequence of Matcher
        One a family.
    order : OrderModel
        Learned from the reference.
    lead : int
        Bytes of padding before the reference's first sample.
    padding : Padding
        Between the reference's chunks.
    progress : callable
        Told the position now and then.
    """

    def __init__(
        self,
        window: MediaWindow,
        matchers: Sequence[Matcher],
        order: OrderModel,
        *,
        lead: int = 0,
        padding: Padding = Padding(),  # noqa: B008 (frozen)
        progress: Callable[[int], None] = lambda pos: None,
    ) -> None:
        self._window = window
        self._matchers = matchers
        self._order = order
        self._lead = lead
        self._padding = padding
        self._starts = StartSearch(window, matchers, padding)
        self._sound = SoundAtGaps(window, matchers, order)
        self._progress = progress
        self._hints: dict[tuple[int, ...], list[int]] = {}
        for matcher in matchers:
            if isinstance(matcher, Attentive):
                matcher.attend(matchers)

    def run(self) -> Segmentation:
        """Search to the end of the media."""
        window = self._window
        done = SegmentationBuilder(window.start, len(self._matchers))
        frontier = [self._first()]
        best_end: Node | None = None
        steps = 0
        while frontier:
            steps += 1
            if steps % 512 == 0:
                self._progress(frontier[0].pos)
            if len(frontier) == 1 and best_end is None:
                node = self._settle(frontier[0], done)
                node = self._run_straight(node, done)
                frontier[0] = node
            node = heapq.heappop(frontier)
            if node.pos >= window.end:
                if best_end is None or node.cost < best_end.cost:
                    best_end = node
                continue
            following = self._expand(node) or self._second_thoughts(node, alone=not frontier and best_end is None)
            for new in following:
                heapq.heappush(frontier, new)
            frontier = pruned(frontier)
        assert best_end is not None
        self._settle(best_end, done)
        if best_end.part is not None:
            done.add(best_end.part)
        self._progress(window.end)
        return done.build(window.end)

    def _first(self) -> Node:
        """Begin at the start of the media, or behind such padding as the reference has there."""
        start = Node(self._window.start, 0.0, (), None, None)
        if not self._lead or self._structured(start.pos, ()):
            return start
        behind = start.pos + self._lead
        if self._follows(behind) or (self._blind(behind) and not self._blind(start.pos)):
            return self._child(start, Gap(start.pos, self._lead, "padding before the first sample", expected=True))
        return start

    def _run_straight(self, node: Node, done: SegmentationBuilder) -> Node:
        """Follow certain candidates without rivals, straight into the result.

        Notes
        -----
        A candidate that is not certain in itself (a single AAC frame) is so when a certain one follows right
        behind it.
        """
        end, start = self._window.end, node
        pos, context, last = node.pos, node.context, node.part
        found = self._first_match(pos, context) if pos < end else None
        steps = 0
        while found is not None:
            after = found.offset + found.size
            extended = self._extended(context, found.family)
            following = self._first_match(after, extended) if after < end else None
            likely = found.certain or (found.cost <= _USUAL_COST and following is not None and following.certain)
            if not likely:
                break
            if last is not None:
                done.add(last)
            last, pos, context, found = found, after, extended, following
            steps += 1
            if steps % 1024 == 0:
                self._progress(pos)
        if last is start.part:
            return start
        # the last run stays open to second thoughts: its parent is where the settled part ends
        assert isinstance(last, Candidate)
        parent = Node(last.offset, 0.0, context[:-1], None, None)
        return Node(pos, last.cost, context, parent, last)

    def _first_match(self, pos: int, context: tuple[int, ...]) -> Candidate | None:
        """Return what the likeliest family that recognises anything sees at ``pos``."""
        for family in self._likely(context):
            candidate = self._matchers[family].match(self._window, pos)
            if candidate is not None:
                return candidate
        return None

    def _settle(self, node: Node, done: SegmentationBuilder) -> Node:
        """Move all but the last part of the only hypothesis into the result."""
        chain: list[Candidate | Gap] = []
        at = node.parent
        while at is not None:
            if at.part is not None:
                chain.append(at.part)
            at = at.parent
        for part in reversed(chain):
            done.add(part)
        if node.parent is not None:
            parent = Node(node.parent.pos, 0.0, node.parent.context, None, None)
            return Node(node.pos, node.cost - node.parent.cost, node.context, parent, node.part, node.second_thoughts)
        return node

    def _likely(self, context: tuple[int, ...]) -> list[int]:
        hint = self._hints.get(context)
        if hint is None:
            if len(self._hints) > 4096:
                self._hints.clear()
            hint = [family for family in self._order.likely_after(context) if not self._matchers[family].blind]
            self._hints[context] = hint
        return hint

    def _extended(self, context: tuple[int, ...], family: int) -> tuple[int, ...]:
        if context and context[-1] == family:
            return context
        return (*context, family)[-self._order.depth :]

    def _structured(self, pos: int, context: tuple[int, ...]) -> list[Candidate]:
        """All families that know their samples when they see them; only the certain one where there is one."""
        found = []
        for family in self._likely(context):
            candidate = self._matchers[family].match(self._window, pos)
            if candidate is not None:
                if candidate.certain:
                    return [candidate]
                found.append(candidate)
        return found

    def _follows(self, pos: int) -> bool:
        """Whether anything recognisable starts at ``pos``."""
        if pos == self._window.end:
            return True
        return pos < self._window.end and (
            bool(self._structured(pos, ())) or self._no_sample(pos) is not None or self._is_cut(pos)
        )

    def _no_sample(self, pos: int) -> Gap | None:
        """Return the box or the padding at ``pos``, or None."""
        return match_box(self._window, pos) or self._padding.match(self._window, pos)

    def _is_cut(self, pos: int) -> bool:
        return any(matcher.cut(self._window, pos) for matcher in self._matchers)

    def _blind(self, pos: int) -> list[Candidate]:
        """Runs of families without structure, kept only where something known follows them, or others of the kind."""
        return [
            candidate
            for matcher in self._matchers
            for candidate in matcher.propose(self._window, pos)
            if candidate.end <= self._window.end and self._leads_on(candidate.end, (candidate.family,))
        ]

    def _leads_on(self, pos: int, before: tuple[int, ...]) -> bool:
        """Whether something known starts at ``pos``, at once or behind a run of each of some other blind families."""
        if self._follows(pos):
            return True
        if pos >= self._window.end or len(before) > _BLIND_IN_A_ROW:
            return False
        return any(
            candidate.end <= self._window.end and self._leads_on(candidate.end, (*before, candidate.family))
            for family, matcher in enumerate(self._matchers)
            if matcher.blind and family not in before
            for candidate in matcher.propose(self._window, pos)
        )

    def _expand(self, node: Node) -> list[Node]:
        structured = self._structured(node.pos, node.context)
        candidates: list[Candidate | Gap] = list(structured)
        if not candidates:
            known = self._no_sample(node.pos)
            candidates = [known] if known else list(self._blind(node.pos))
        children = [self._child(node, candidate) for candidate in candidates]
        if structured and all(c.cost > _USUAL_COST for c in structured) and self._is_cut(node.pos):
            # two zeros are an empty subtitle, and the first bytes of a picture that the media end inside of
            children.append(self._cut_short(node))
        return children

    def _child(self, node: Node, part: Candidate | Gap, extra: float = 0.0, second_thoughts: int = 0) -> Node:
        if isinstance(part, Gap):
            return Node(part.offset + part.size, node.cost + extra, node.context, node, part, second_thoughts)
        cost = node.cost + extra + part.cost
        if not (node.context and node.context[-1] == part.family):
            cost += self._order.cost(node.context, part.family)
        elif not part.certain:
            cost += _AGAIN_COST
        return Node(part.end, cost, self._extended(node.context, part.family), node, part, second_thoughts)

    def _cut_short(self, node: Node) -> Node:
        """Take all that is left for the beginning of one sample."""
        gap = Gap(node.pos, self._window.end - node.pos, CUT_SHORT, expected=True)
        return self._child(node, gap, _CUT_COST)

    def _second_thoughts(self, node: Node, *, alone: bool) -> list[Node]:
        """What to do where nothing matches: a cut end, an earlier end of the last run, unstructured data, a gap."""
        window = self._window
        if self._is_cut(node.pos) and not self._goes_on(self._starts.find(node.pos + 1)):
            return [self._cut_short(node)]
        found: list[Node] = []
        if node.second_thoughts < 2:
            found += self._earlier_ends(node)
        if not alone and not found and node.second_thoughts:
            return []
        start = self._start_from_last(node)
        before = self._sound_before(node, start)
        if before is not None and before.offset < node.pos:
            return [*found, self._child(self._interrupted(node, before.offset), before)]
        if 0 <= start < node.pos:
            return [*found, self._interrupted(node, start)]
        until = window.end if start < 0 else start
        for matcher in self._matchers:
            stretch = matcher.stretch(window, node.pos, until - node.pos)
            if stretch is not None:
                found.append(self._child(node, stretch, _STRETCH_COST, 1))
        empty = start < 0 and only_zeros(window, node.pos)
        reason = "zeros up to the end" if empty else _UNKNOWN_END if start < 0 else "not recognised"
        found.append(self._damaged(node, until, reason, before))
        part, parent = node.part, node.parent
        if isinstance(part, Candidate) and parent is not None and part.cost > _USUAL_COST and not part.certain:
            # a sample that could be anything (two zeros, an empty subtitle) is no more than what stands behind it
            found.append(self._child(parent, Gap(part.offset, until - part.offset, reason), GAP_COST, 1))
        return found

    def _damaged(self, node: Node, until: int, reason: str, before: Candidate | None) -> Node:
        """Take the bytes up to ``until`` for damage, but for the sound at their beginning and ``before`` their end."""
        end = until if before is None else before.offset
        sound = self._sound.after(node.context[-1:], node.pos, end)
        if sound is not None:
            node = self._child(node, sound, 0.0, 1)
        if node.pos < end:
            node = self._child(node, Gap(node.pos, end - node.pos, reason), GAP_COST, 1)
        return node if before is None else self._child(node, before, 0.0, 1)

    def _sound_before(self, node: Node, start: int) -> Candidate | None:
        """Return the sound without marks that ends at ``start``, None for none."""
        following = self._structured(start, ()) if start >= 0 else []
        if not following:
            return None
        return self._sound.before(following[0].family, start, node.pos, self._last_start(node))

    def _last_start(self, node: Node) -> int:
        """Return where the last sample begins if its end is a claim of its own, else ``node``'s place."""
        part = node.part
        if not isinstance(part, Candidate) or self._matchers[part.family].blind:
            return node.pos
        return part.end - int(part.sizes[-1])

    def _goes_on(self, start: int) -> bool:
        """Whether there is a chain of samples at ``start``: then a sample in front of it does not reach to the end."""
        for run in self._structured(start, ()) if start >= 0 else []:
            after = self._structured(run.end, ()) if run.certain and run.end < self._window.end else []
            if any(other.certain and other.family != run.family for other in after):
                return True
        return False

    def _start_from_last(self, node: Node) -> int:
        """Return where samples go on, inside the last one or behind ``node``; -1 for nowhere.

        Notes
        -----
        Where bytes were cut out of a sample, or its length was overwritten, the next one starts before its end.
        """
        inside = self._last_start(node)
        if inside < node.pos and node.second_thoughts == 0:
            start = self._starts.find(inside + 1)
            if not 0 <= start < node.pos or not self._ends_at(start, node.pos):
                return start
        return self._starts.find(node.pos + 1)

    def _ends_at(self, pos: int, end: int) -> bool:
        """Whether a sample of a run at ``pos`` ends at ``end``: the two accounts agree."""
        return any(end - pos in np.cumsum(run.sizes) for run in self._structured(pos, ()))

    def _interrupted(self, node: Node, start: int) -> Node:
        """Take the last sample up to ``start``, where others begin, for damaged."""
        part, parent = node.part, node.parent
        assert isinstance(part, Candidate)
        assert parent is not None
        shorter = part.shortened(1, 0.0)
        before = parent if shorter is None else self._child(parent, shorter)
        return self._child(before, Gap(before.pos, start - before.pos, INTERRUPTED), GAP_COST, 1)

    def _earlier_ends(self, node: Node) -> list[Node]:
        """The last run may have swallowed the beginning of what follows: try it one to three samples shorter."""
        part, parent = node.part, node.parent
        if not isinstance(part, Candidate) or parent is None:
            return []
        found = []
        for count in (1, 2, 3):
            shorter = part.shortened(count, _ALTERNATIVE_COST + count)
            if shorter is None:
                break
            follows = [c for c in self._structured(shorter.end, ()) if c.family != part.family] or self._blind(
                shorter.end
            )
            child = self._child(parent, shorter, 0.0, node.second_thoughts + 1)
            found += [self._child(child, candidate, 0.0, node.second_thoughts + 1) for candidate in follows]
        if len(part.sizes) == 1 and not part.certain:
            for other in self._blind(part.offset):
                found.append(self._child(parent, other, _ALTERNATIVE_COST, node.second_thoughts + 1))
        return found
