"""Share out a family's samples among its tracks: several tracks of one codec are told apart by their interleave."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import FamilySamples
from mediarescue.recover.profile import TrackProfile

Int64Array = NDArray[np.int64]


class Evidence(Protocol):
    """What the samples themselves say of the track they belong to."""

    def alone(self, place: int, index: int) -> float:
        """Return the surprise in nats that sample ``index`` is of track ``place``."""

    def following(self, place: int, before: int, index: int) -> float:
        """Return the surprise in nats that ``index`` comes right after ``before`` (-1: first) in track ``place``."""


_BEAM = 24
_FINAL_BEAM = 256
"""Near the end any chunk may be the last and short: more has to be kept in mind."""
_HOPELESS = 20.0
_UNSEEN = 0.02
_BALANCE_COST = 1.5
_MOST_BALANCE = 12.0


@dataclass(slots=True)
class InterleaveModel:
    """How the chunks of a family's tracks follow each other in the reference.

    Attributes
    ----------
    lengths : list of Counter
        Samples of each track's chunks.
    order : dict
        Counts of the next chunk's track after the last one to three, with whether other data stood between.
    """

    tracks: int
    lengths: list[Counter[int]] = field(default_factory=list)
    order: dict[tuple[int, ...], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    @staticmethod
    def learn(tracks: Sequence[TrackProfile]) -> InterleaveModel:
        """Learn from the reference's chunks; chunks of one track that touch count as one."""
        model = InterleaveModel(len(tracks), [Counter() for _ in tracks])
        chunks = sorted(
            (int(offset), int(size), int(count), place)
            for place, track in enumerate(tracks)
            for offset, size, count in zip(*track.runs(), strict=True)
        )
        joined: list[list[int]] = []
        for offset, size, count, place in chunks:
            if joined and joined[-1][3] == place and joined[-1][0] + joined[-1][1] == offset:
                joined[-1][1] += size
                joined[-1][2] += count
            else:
                joined.append([offset, size, count, place])
        context: tuple[int, ...] = ()
        end = -1
        for offset, size, count, place in joined:
            if offset != joined[-1][0]:  # the last chunk is as long as the film happened to be
                model.lengths[place][count] += 1
            apart = int(offset != end)
            for k in range(len(context) + 1):
                model.order[(apart, *context[len(context) - k :])][place] += 1
            context = (*context, place)[-3:]
            end = offset + size
        return model

    def next_cost(self, apart: bool, context: tuple[int, ...], place: int) -> float:
        """Return ``-log`` of the probability that the next chunk is of track ``place``."""
        probability = 1.0 / self.tracks
        for k in range(len(context) + 1):
            seen = self.order.get((int(apart), *context[len(context) - k :]))
            if seen:
                total, kinds = sum(seen.values()), len(seen)
                probability = (seen[place] + kinds * probability) / (total + kinds)
        return -math.log(max(probability, 1e-9))

    def end_cost(self, place: int, count: int, ended: bool) -> float:
        """Return ``-log`` of the hazard that a chunk ends (or goes on) after ``count`` samples."""
        seen = self.lengths[place]
        at_least = sum(times for length, times in seen.items() if length >= count)
        hazard = (seen[count] + _UNSEEN) / (at_least + 2 * _UNSEEN) if at_least else 0.5
        return -math.log(hazard if ended else 1 - min(hazard, 1 - 1e-6))


@dataclass(slots=True)
class _Hypothesis:
    cost: float
    context: tuple[int, ...]
    count: int
    totals: tuple[int, ...]
    last: tuple[int, ...]
    """Index of the latest sample of each track, -1 for none."""
    refund: tuple[float, ...]
    """What the length of each track's latest finished chunk cost: at the end of the film chunks may be short."""
    parent: _Hypothesis | None
    place: int


def assign_by_interleave(
    tracks: Sequence[TrackProfile], samples: FamilySamples, *, evidence: Evidence, complete: bool
) -> NDArray[np.int16]:
    """Return the place in ``tracks`` of each sample, int16 (n,).

    Parameters
    ----------
    tracks : sequence of TrackProfile
    samples : FamilySamples
    evidence : Evidence
        Weighed against the order of the chunks.
    complete : bool
        The recording was closed, not cut: all tracks end at about the same time.
    """
    model = InterleaveModel.learn(tracks)
    offset, size = samples.offset, samples.size.astype(np.int64)
    starts = {0, *(np.flatnonzero(offset[1:] != offset[:-1] + size[:-1]) + 1).tolist()}
    places = range(len(tracks))
    beam = [_Hypothesis(0.0, (), 0, (0,) * len(tracks), (-1,) * len(tracks), (0.0,) * len(tracks), None, -1)]
    tail = len(size) - 4 * len(tracks) * max((max(seen, default=1) for seen in model.lengths), default=1)
    for index in range(len(size)):
        apart = index in starts
        alone = [evidence.alone(place, index) for place in places]
        best: dict[tuple[object, ...], _Hypothesis] = {}
        for old in beam:
            for place in places:
                goes_on = old.place == place and not apart
                refund = old.refund
                if goes_on:
                    cost = old.cost + model.end_cost(place, old.count, ended=False)
                else:
                    cost = old.cost + model.next_cost(apart, old.context, place)
                    if old.place >= 0:
                        ended = model.end_cost(old.place, old.count, ended=True)
                        cost += ended
                        refund = tuple(ended if p == old.place else r for p, r in enumerate(refund))
                cost += alone[place]
                cost += evidence.following(place, old.last[place], index)
                context = old.context if goes_on else (*old.context, place)[-3:]
                count = old.count + 1 if goes_on else 1
                totals = tuple(n + (p == place) for p, n in enumerate(old.totals))
                key = (context, count, totals, tuple(map(round, refund)))
                if key not in best or cost < best[key].cost:
                    last = tuple(index if p == place else n for p, n in enumerate(old.last))
                    best[key] = _Hypothesis(cost, context, count, totals, last, refund, old, place)
        beam = sorted(best.values(), key=lambda h: h.cost)[: _BEAM if index < tail else _FINAL_BEAM]
        beam = [h for h in beam if h.cost <= beam[0].cost + _HOPELESS]
    beam.sort(key=lambda h: _final_cost(h, complete))
    out = np.zeros(len(samples.size), dtype=np.int16)
    node: _Hypothesis | None = beam[0]
    for index in range(len(out) - 1, -1, -1):
        assert node is not None
        out[index] = node.place
        node = node.parent
    return out


def _final_cost(hypothesis: _Hypothesis, complete: bool) -> float:
    """Return the cost at the end of the film, where a writer that closes it leaves each track's last chunk short."""
    if not complete:
        return hypothesis.cost
    cost = hypothesis.cost - sum(r for p, r in enumerate(hypothesis.refund) if p != hypothesis.place)
    return cost + min(_BALANCE_COST * (max(hypothesis.totals) - min(hypothesis.totals)), _MOST_BALANCE)


def split_constant_runs(tracks: Sequence[TrackProfile], samples: FamilySamples) -> list[tuple[Int64Array, Int64Array]]:
    """Share out runs of constant-size audio among tracks; ``(offsets, byte sizes)`` of each track's chunks.

    Notes
    -----
    The bytes carry no mark. A run is split as the reference's commonest run of that size, else in the
    proportions of its commonest run.
    """
    patterns: dict[int, Counter[tuple[tuple[int, int], ...]]] = defaultdict(Counter)
    chunks = sorted(
        (int(offset), int(size), place)
        for place, track in enumerate(tracks)
        for offset, size, _ in zip(*track.runs(), strict=True)
    )
    run: list[tuple[int, int]] = []
    end = -1
    for offset, size, place in [*chunks, (-1, 0, 0)]:
        if offset != end and run:
            patterns[sum(size for _, size in run)][tuple(run)] += 1
            run = []
        run.append((place, size))
        end = offset + size
    everything: Counter[tuple[tuple[int, int], ...]] = Counter()
    for counter in patterns.values():
        everything.update(counter)
    usual = everything.most_common(1)[0][0] if everything else tuple((place, 1) for place in range(len(tracks)))
    block = tracks[0].chunks.sample_size if tracks[0].chunks is not None else 1
    out: list[tuple[list[int], list[int]]] = [([], []) for _ in tracks]
    for offset, size in zip(samples.run_offset.tolist(), samples.size.tolist(), strict=True):
        known = patterns.get(size)
        pattern = known.most_common(1)[0][0] if known else _scaled(usual, size, block)
        at = offset
        for place, part in pattern:
            if part:
                out[place][0].append(at)
                out[place][1].append(part)
                at += part
    return [(np.array(o, dtype=np.int64), np.array(s, dtype=np.int64)) for o, s in out]


def _scaled(pattern: Sequence[tuple[int, int]], size: int, block: int) -> tuple[tuple[int, int], ...]:
    total, left, out = sum(part for _, part in pattern), size, []
    for place, part in pattern[:-1]:
        share = size * part // total // block * block
        out.append((place, share))
        left -= share
    return (*out, (pattern[-1][0], left))
