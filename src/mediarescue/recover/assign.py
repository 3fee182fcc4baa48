"""Share out a family's samples among its tracks: several tracks of one codec are told apart by their interleave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import FamilySamples
from mediarescue.recover.closing import BALANCE_COST, MOST_BALANCE, close_evenly
from mediarescue.recover.interleave_model import CONTEXT, Evidence, InterleaveModel
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.resuming import Resumed, end_costs, resumptions

Int64Array = NDArray[np.int64]


_BEAM = 8
_HOPELESS = 12.0
"""Nats behind the best path: a chunk of a length never seen costs less, a wrong one soon costs more."""
_FINAL_BEAM = 256
_FINAL_HOPELESS = 20.0
"""Near the end of a closed film any chunk may be the last and short: more has to be kept in mind."""
_BEHIND_DAMAGE = 48
"""Paths kept behind a gap, where any track's chunk may go on, at any place."""
_ODD_AFTER_DAMAGE = 3.0
"""Nats at most that a sample behind a gap may be unlike the one before: what stood between is lost."""
_BLOCK = 4096
"""Samples after which the paths are packed into arrays."""


_Chain = tuple[int, int, "_Chain | None"]
"""First sample and track of a chunk, and the chunk before: the path since the last packing."""
_Past = tuple[NDArray[np.int16], "_Past | None"]
"""The path before, in blocks."""


@dataclass(slots=True)
class _Hypothesis:
    """A way to share out the samples so far; a chunk that goes on changes ``cost`` and ``count`` alone."""

    cost: float
    context: tuple[int, ...]
    place: int
    count: int
    """Samples of the chunk at hand."""
    totals: tuple[int, ...]
    """Samples of each track before the chunk at hand, with those that gaps swallowed."""
    last: tuple[int, ...]
    """Index of the latest sample of each track before the chunk at hand, -1 for none."""
    refund: tuple[float, ...]
    """What the length of each track's latest finished chunk cost: at the end of the film chunks may be short."""
    chain: _Chain | None
    past: _Past | None
    resumed: Resumed | None = None
    """What is known of a chunk whose beginning was lost."""


class _Costs:
    """The model's answers, each worked out once."""

    def __init__(self, model: InterleaveModel) -> None:
        self._model = model
        self._end: dict[tuple[int, int], tuple[float, float]] = {}
        self._next: dict[tuple[bool, tuple[int, ...]], list[tuple[float, int]]] = {}
        self._resumed: dict[tuple[int, int, float], list[tuple[float, float]]] = {}

    def end_resumed(self, resumed: Resumed, count: int) -> tuple[float, float]:
        """Return the same as `end` for a chunk whose beginning was lost."""
        key = (resumed.place, resumed.left, resumed.spread)
        known = self._resumed.get(key)
        if known is None:
            known = self._resumed[key] = end_costs(self._model, *key)
        return known[min(count, len(known) - 1)]

    def usual(self, place: int) -> int:
        """Return the usual length of a track's chunks."""
        lengths = self._model.lengths[place]
        return lengths.most_common(1)[0][0] if lengths else 1

    def resumptions(self, context: tuple[int, ...], count: int, lost: float) -> list[Resumed]:
        """Return the ways in which chunks may go on behind a gap."""
        return resumptions(self._model, context, count, lost, self._usual_next)

    def _usual_next(self, context: tuple[int, ...]) -> int:
        """Return the track whose chunk comes next, whether other data stand between or not."""
        return min(self.next(apart, context)[0] for apart in (False, True) if self.next(apart, context))[1]

    def end(self, place: int, count: int) -> tuple[float, float]:
        """Return the cost of a chunk going on after ``count`` samples, and of its end."""
        known = self._end.get((place, count))
        if known is None:
            on, ended = (self._model.end_cost(place, count, ended=ended) for ended in (False, True))
            known = self._end[place, count] = (on, ended)
        return known

    def next(self, apart: bool, context: tuple[int, ...]) -> list[tuple[float, int]]:
        """Return cost and place of each track that may come next, the likeliest first."""
        known = self._next.get((apart, context))
        if known is None:
            places = [p for p in range(self._model.tracks) if apart or not context or p != context[-1]]
            known = sorted((self._model.next_cost(apart, context, place), place) for place in places)
            self._next[apart, context] = known
        return known


def assign_by_interleave(
    tracks: Sequence[TrackProfile],
    samples: FamilySamples,
    *,
    evidence: Evidence,
    complete: bool,
    lost: NDArray[np.float64] | None = None,
) -> NDArray[np.int16]:
    """Return the place in ``tracks`` of each sample, int16 (n,).

    Parameters
    ----------
    tracks : sequence of TrackProfile
    samples : FamilySamples
    evidence : Evidence
        Weighed against the order of the chunks; never negative.
    complete : bool
        The recording was closed, not cut: all tracks end at about the same time.
    lost : float64 (n,) or None
        About how many samples were lost right before each; None for none.

    Notes
    -----
    A beam search over the chunks. How many samples each track has matters at the end alone, so only there do
    paths that differ in nothing else stay apart.
    """
    model = InterleaveModel.learn(tracks)
    costs = _Costs(model)
    offset, size = samples.offset, samples.size.astype(np.int64)
    apart = np.append(True, offset[1:] != offset[:-1] + size[:-1]).tobytes()
    del offset
    total, none = len(size), (0,) * len(tracks)
    tail = total
    gone = (
        {}
        if lost is None or not all(model.lengths)
        else {index: float(lost[index]) for index in np.flatnonzero(lost).tolist()}
    )
    cycle = 2 * sum(max(seen, default=1) for seen in model.lengths)
    wide = 0
    if complete:
        tail -= 2 * len(tracks) * max((max(seen, default=1) for seen in model.lengths), default=1)
    out = np.zeros(total, dtype=np.int16)
    packed = 0
    beam = [_Hypothesis(0.0, (), -1, 0, none, (-1,) * len(tracks), (0.0,) * len(tracks), None, None)]
    for index in range(total):
        if index - packed == _BLOCK:
            _pack(beam, out, packed, index)
            packed = index
        if index in gone:
            wide = index + cycle
            beam = _resume(beam, index, gone[index], costs, evidence)
        else:
            beam = _step(beam, index, bool(apart[index]), costs, evidence, in_tail=index >= tail, wide=index < wide)
    if total:
        best = min(beam, key=lambda h: _final_cost(h, complete))
        _pack([best], out, packed, total)
        _write(out, best.past, total)
    if total and complete:
        away = [n + best.count * (p == best.place) for p, n in enumerate(best.totals)]
        away = [n - had for n, had in zip(away, np.bincount(out, minlength=len(tracks)).tolist(), strict=True)]
        return close_evenly(out, np.frombuffer(apart, dtype=np.bool_), model, evidence, away)
    return out


def _step(
    beam: list[_Hypothesis],
    index: int,
    apart: bool,
    costs: _Costs,
    evidence: Evidence,
    *,
    in_tail: bool,
    wide: bool = False,
) -> list[_Hypothesis]:
    """Return the hypotheses with sample ``index`` shared out, best first; hopeless ones are never made."""
    width, margin = (_FINAL_BEAM, _FINAL_HOPELESS) if in_tail else (_BEHIND_DAMAGE if wide else _BEAM, _HOPELESS)
    bound = math.inf
    told: dict[tuple[int, int], float] = {}
    out: list[_Hypothesis] = []
    ending: list[tuple[_Hypothesis, int, float, float]] = []
    for old in beam:
        here, count, cost = old.place, old.count, old.cost
        if here < 0:
            ending.append((old, 0, 0.0, cost))
            continue
        on, ended = costs.end(here, count) if old.resumed is None else costs.end_resumed(old.resumed, count)
        ending.append((old, count, ended, cost + ended))
        on += cost
        if not apart and on <= bound:
            surprise = told.get((here, index - 1))
            if surprise is None:
                surprise = evidence.alone(here, index) + evidence.following(here, index - 1, index)
                told[here, index - 1] = surprise
            on += surprise
            if on <= bound:
                bound = min(bound, on + margin)
                old.cost, old.count = on, count + 1
                out.append(old)
    if len(out) >= width:
        out.sort(key=_cost)
        bound = min(bound, out[width - 1].cost)
    fresh: dict[tuple[object, ...], _Hypothesis] = {}
    for old, count, ended, cost in ending:
        if cost > bound:
            continue
        finished: tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]] | None = None
        for likely, place in costs.next(apart, old.context):
            new = cost + likely
            if new > bound:
                break
            before = index - 1 if place == old.place else old.last[place]
            surprise = told.get((place, before))
            if surprise is None:
                surprise = evidence.alone(place, index) + evidence.following(place, before, index)
                told[place, before] = surprise
            new += surprise
            if new > bound:
                continue
            bound = min(bound, new + margin)
            if finished is None:
                finished = _finished(old, count, index, ended)
            totals, last, refund = finished
            context = (*old.context, place)[-CONTEXT:]
            state = (context, totals, tuple(map(round, refund))) if in_tail else context
            rival = fresh.get(state)
            if rival is None or new < rival.cost:
                chain = (index, place, old.chain)
                fresh[state] = _Hypothesis(new, context, place, 1, totals, last, refund, chain, old.past)
    out = [hypothesis for hypothesis in (*out, *fresh.values()) if hypothesis.cost <= bound]
    out.sort(key=_cost)
    return out[:width]


def _resume(beam: list[_Hypothesis], index: int, lost: float, costs: _Costs, evidence: Evidence) -> list[_Hypothesis]:
    """Return the hypotheses with sample ``index``, the first one behind a gap, shared out; the gap ends chunks."""
    out: dict[tuple[object, ...], _Hypothesis] = {}
    for old in beam:
        if old.place < 0:
            continue
        before, count = old.resumed, old.count
        if before is not None and before.spread:  # of a chunk that lost its beginning too, only the end is known
            count = max(costs.usual(before.place) - before.left, 0) + count
        had, last, refund = _finished(old, old.count, index, 0.0)
        for way in costs.resumptions(old.context, count, lost):
            context = old.context if way.is_same else (*old.context, way.place)[-CONTEXT:]
            odd = evidence.following(way.place, last[way.place], index)
            if last[way.place] >= 0:
                odd = min(odd, _ODD_AFTER_DAMAGE)
            new = old.cost + way.cost + odd + evidence.alone(way.place, index)
            state = (context, way.place, way.left, way.spread)
            totals = tuple(n + more for n, more in zip(had, way.lost, strict=True))
            rival = out.get(state)
            if rival is None or new < rival.cost:
                chain = (index, way.place, old.chain)
                out[state] = _Hypothesis(new, context, way.place, 1, totals, last, refund, chain, old.past, way)
    return sorted(out.values(), key=_cost)[:_BEHIND_DAMAGE]


def _finished(
    old: _Hypothesis, count: int, index: int, cost: float
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]]:
    """Return ``totals``, ``last`` and ``refund`` after a chunk of ``count`` samples that ended before ``index``."""
    here = old.place
    if here < 0:
        return old.totals, old.last, old.refund
    return (
        (*old.totals[:here], old.totals[here] + count, *old.totals[here + 1 :]),
        (*old.last[:here], index - 1, *old.last[here + 1 :]),
        (*old.refund[:here], cost, *old.refund[here + 1 :]),
    )


def _pack(beam: list[_Hypothesis], out: NDArray[np.int16], start: int, stop: int) -> None:
    """Pack each path from ``start`` to ``stop``; what all of them share of the path before is settled in ``out``."""
    past = beam[0].past
    if all(h.past is past for h in beam):
        _write(out, past, start)
        for hypothesis in beam:
            hypothesis.past = None
    for hypothesis in beam:
        block = np.empty(stop - start, dtype=np.int16)
        end, chain = stop, hypothesis.chain
        while chain is not None:
            first, place, chain = chain
            block[first - start : end - start] = place
            end = first
        hypothesis.past = (block, hypothesis.past)
        hypothesis.chain = (stop, hypothesis.place, None)


def _write(out: NDArray[np.int16], past: _Past | None, stop: int) -> None:
    """Write the blocks of a path that ends at ``stop``."""
    while past is not None:
        block, past = past
        out[stop - len(block) : stop] = block
        stop -= len(block)


def _cost(hypothesis: _Hypothesis) -> float:
    return hypothesis.cost


def _final_cost(hypothesis: _Hypothesis, complete: bool) -> float:
    """Return the cost at the end of the film, where a writer that closes it leaves each track's last chunk short."""
    if not complete:
        return hypothesis.cost
    here = hypothesis.place
    cost = hypothesis.cost - sum(r for p, r in enumerate(hypothesis.refund) if p != here)
    totals = [n + hypothesis.count * (p == here) for p, n in enumerate(hypothesis.totals)]
    return cost + min(BALANCE_COST * (max(totals) - min(totals)), MOST_BALANCE)
