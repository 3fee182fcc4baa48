"""Several PCM tracks beside each other (mono channels of a recorder): whose bytes are whose, by the order of chunks."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import FamilySamples
from mediarescue.recover.interleave_model import InterleaveModel
from mediarescue.recover.profile import TrackProfile

Int64Array = NDArray[np.int64]
_SIZES_TRIED = 12
_CONTEXT = 3
_BEAM = 12
_HOPELESS = 20.0
_UNSEEN = 8.0
"""Nats of a chunk, or a last round of chunks, of sizes the reference does not have."""
_MISSED_CHUNK = 4.0
"""Nats for each usual chunk that a larger one swallows."""


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A way to share out the bytes so far; ``parts`` are places and bytes of the latest chunks."""

    cost: float
    context: tuple[int, ...]
    ticks: tuple[int, ...]
    """Of each track so far."""
    parts: tuple[tuple[int, int], ...] = ()
    parent: _Node | None = None

    @property
    def together(self) -> bool:
        """Whether all tracks have reached the same time."""
        return len(set(self.ticks)) == 1


class _Chunks:
    """The reference's chunks: which track's comes next, and how many bytes it has."""

    def __init__(self, tracks: Sequence[TrackProfile]) -> None:
        self.tables = tables = [track.chunks for track in tracks if track.chunks is not None]
        model = InterleaveModel.learn(tracks)
        clock = math.lcm(*(track.track.timescale for track in tracks))
        self._delta = [t.delta * clock // track.track.timescale for t, track in zip(tables, tracks, strict=True)]
        self._model = model
        self._sizes: list[list[tuple[float, int]]] = []
        for table, lengths in zip(tables, model.lengths, strict=True):
            if not lengths:
                lengths = Counter(table.sample_count.tolist())
            total = sum(lengths.values()) + 1
            counts = np.array([count for count, _ in lengths.most_common(_SIZES_TRIED)], dtype=np.int64)
            size = (counts // table.packet_samples * table.block).tolist()
            seen = [lengths[int(count)] for count in counts]
            self._sizes.append([(-math.log(n / total), s) for n, s in zip(seen, size, strict=True) if s])
        self.end_together = len({self.ticks(place, int(t.size.sum())) for place, t in enumerate(tables)}) == 1
        self.usual = max(min((sizes[0][1] for sizes in self._sizes if sizes), default=1), 1)
        self._next: dict[tuple[bool, tuple[int, ...]], list[tuple[float, int, int, int]]] = {}

    def ticks(self, place: int, size: int) -> int:
        """Return the time that ``size`` bytes of a track last, in the clock that all tracks have in common."""
        table = self.tables[place]
        return size // table.block * table.packet_samples * self._delta[place]

    def following(self, apart: bool, context: tuple[int, ...]) -> list[tuple[float, int, int, int]]:
        """Return cost, place, bytes and ticks of each chunk that may come next."""
        known = self._next.get((apart, context))
        if known is None:
            known = self._next[apart, context] = [
                (cost + self._model.next_cost(apart, context, place), place, size, self.ticks(place, size))
                for place, sizes in enumerate(self._sizes)
                for cost, size in sizes
                if apart or not context or place != context[-1]
            ]
        return known

    def round(self, node: _Node, apart: bool, size: int) -> _Node:
        """Return ``node`` with the next chunk of every track that usually comes, together of ``size`` bytes."""
        order: list[int] = []
        context = node.context
        first = apart
        while len(order) < len(self.tables):
            options = [(cost, place) for cost, place, _, _ in self.following(first, context) if place not in order]
            if not options:
                break
            cost, place = min(options)
            if order and cost > _MISSED_CHUNK:
                break
            order.append(place)
            context, first = (*context, place)[-_CONTEXT:], False
        parts, left = [], size
        ticks = list(node.ticks)
        shares = self._even(order, node.ticks, size)
        for number, place in enumerate(order):
            table = self.tables[place]
            share = left if number == len(order) - 1 else min(left, shares[number])
            share -= share % table.block
            left -= share
            if share:
                parts.append((place, share))
                ticks[place] += self.ticks(place, share)
        if left and parts:  # less than a frame: it stays with the last one, who leaves it out
            parts[-1] = (parts[-1][0], parts[-1][1] + left)
        cost = _UNSEEN + _MISSED_CHUNK * size / (self.usual * max(len(parts), 1))
        return _Node(node.cost + cost, context, tuple(ticks), tuple(parts), node)

    def _even(self, order: Sequence[int], ticks: Sequence[int], size: int) -> list[int]:
        """Return how many bytes each track gets so that all of ``order`` reach the same time."""
        rates = [self.tables[place].block / self.ticks(place, self.tables[place].block) for place in order]
        reach = (size + sum(r * ticks[p] for r, p in zip(rates, order, strict=True))) / max(sum(rates), 1e-9)
        return [max(0, round(r * (reach - ticks[p]))) for r, p in zip(rates, order, strict=True)]


def split_constant_runs(
    tracks: Sequence[TrackProfile], samples: FamilySamples, *, cut_short: bool = False
) -> list[tuple[Int64Array, Int64Array]]:
    """Share out runs of constant-size audio among tracks; ``(offsets, byte sizes)`` of each track's chunks.

    Parameters
    ----------
    tracks : sequence of TrackProfile
    samples : FamilySamples
    cut_short : bool
        The media ends inside a frame: the last chunk is what is left of it.

    Notes
    -----
    The bytes carry no mark. Each run is filled with chunks of the sizes, and in the order, that the reference has.
    Where that does not come out even (the end of a film), the tracks get what brings them to the same time; if they
    cannot end together as the reference's do, the film was cut, and the last chunk is what is left of it. A film cut
    where they just could (one place in as many bytes as a frame of all tracks has) has its last chunk shared out
    wrongly.
    """
    chunks = _Chunks(tracks)
    tables = chunks.tables
    beam = [_Node(0.0, (), (0,) * len(tables))]
    last = len(samples.size) - 1
    for number, size in enumerate(samples.size.tolist()):
        before = beam
        beam = _fill(before, size, chunks, cut_short=cut_short and number == last)
        odd = beam[0].cost - before[0].cost >= _UNSEEN
        if number == last and odd and not cut_short and chunks.end_together:
            together = [node for node in beam if node.together]
            beam = together or _fill(before, size, chunks, cut_short=True)
        least = beam[0].cost
        beam = [replace(node, cost=node.cost - least) for node in beam]
    out: list[tuple[list[int], list[int]]] = [([], []) for _ in tables]
    at = int((samples.run_offset[-1] + samples.size[-1]) if len(samples.size) else 0)
    run = last
    node: _Node | None = beam[0]
    while node is not None:
        for place, size in reversed(node.parts):
            if at == samples.run_offset[run]:
                run -= 1
                at = int(samples.run_offset[run] + samples.size[run])
            at -= size
            out[place][0].append(at)
            out[place][1].append(size - size % tables[place].block)
        node = node.parent
    return [(np.array(o[::-1], dtype=np.int64), np.array(s[::-1], dtype=np.int64)) for o, s in out]


def _fill(beam: list[_Node], size: int, chunks: _Chunks, *, cut_short: bool) -> list[_Node]:
    """Return the best ways to fill a run of ``size`` bytes, at least one, the cheapest first."""
    at: dict[int, dict[object, _Node]] = {0: {(node.context, node.together): node for node in reversed(beam)}}
    queue = [0]
    while queue[0] < size:
        pos = heapq.heappop(queue)
        nodes = sorted(at.pop(pos).values(), key=lambda node: node.cost)[:_BEAM]
        for node in nodes:
            if node.cost > nodes[0].cost + _HOPELESS:
                break
            apart = pos == 0
            made = [(size, chunks.round(node, apart, size - pos))]
            for cost, place, length, ticks in chunks.following(apart, node.context):
                if pos + length <= size or cut_short:
                    length = min(length, size - pos)
                    after = list(node.ticks)
                    after[place] += ticks
                    context = (*node.context, place)[-_CONTEXT:]
                    made.append(
                        (pos + length, _Node(node.cost + cost, context, tuple(after), ((place, length),), node))
                    )
            for end, new in made:
                if end not in at:
                    at[end] = {}
                    heapq.heappush(queue, end)
                state = (new.context, new.together)
                rival = at[end].get(state)
                if rival is None or new.cost < rival.cost:
                    at[end][state] = new
    return sorted(at[size].values(), key=lambda node: node.cost)[:_BEAM]
