"""Time across gaps: how many samples of each track lie in bytes that damage took, so that what follows keeps its time.

Hypotheses of how many samples of one track are missing are weighed against each other: the counters of its pictures,
the distance of its sync samples, the bytes of the gap, and whether the other tracks then lie beside it behind the gap
as they do before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import Gap
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.counters import (
    anchor_after,
    anchor_before,
    counter_cost,
    places_up_to_restart,
    sync_cost,
)
from mediarescue.recover.timing.interleave import Agreement, agreement
from mediarescue.recover.timing.lines import TrackLine
from mediarescue.recover.timing.stand_ins import LostSamples, with_stand_ins

Int64Array = NDArray[np.int64]
Costs = NDArray[np.float64]

_TOGETHER = 24
"""Gaps with fewer samples between them are counted as one: too few to tell anything by themselves."""
_MOST_CLUSTERS = 512
_MOST_LOST = 200_000
_UNEXPLAINED = np.exp(-8.0)
"""The bytes of a gap may be none of the film's (inserted, foreign), or some may be gone without a trace."""
_SCATTER, _LEAST_SCATTER = 0.15, 0.04
"""How far the bytes of the leading track's samples stray from those beside the gap; of what a gap's bytes at least."""
_LAG_VOICE = 6.0
"""Nats at most that one track's place beside another says about how much both lost."""
_COARSE = 4
"""A track with samples this many times as long tells by their places how much is missing; others can always follow."""
_INSIDE_RUN = 4.0
_LONGER_RUN = 2.0
"""Nats for and against a gap with one track on both sides having taken samples of that track alone."""
_LAGS = 120
_KEYS_AWAY = 3
"""How many key pictures more or fewer than usual are weighed."""
_FEW_LAGS = 12
"""With fewer chunks before the gap, those of the reference tell as well how the tracks lie beside each other."""


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Gaps counted as one, from ``start`` to ``stop`` in bytes; samples are known up to ``low`` and ``high``."""

    gaps: tuple[Gap, ...]
    low: int
    high: int

    @property
    def start(self) -> int:
        return self.gaps[0].offset

    @property
    def stop(self) -> int:
        return self.gaps[-1].offset + self.gaps[-1].size

    @property
    def size(self) -> int:
        return sum(gap.size for gap in self.gaps)


def bridged(tracks: Sequence[RescuedTrack], gaps: Sequence[Gap]) -> tuple[list[RescuedTrack], dict[int, float]]:
    """Put stand-ins for the samples that gaps took into the tracks.

    Parameters
    ----------
    tracks : sequence of RescuedTrack
        Timed as if nothing were missing.
    gaps : sequence of Gap
        In file order; those expected lose no time.

    Returns
    -------
    tracks : list of RescuedTrack
    errors : dict of int to float
        By the gap's offset: seconds by which the time it took may be wrong.
    """
    lost_gaps = [gap for gap in gaps if not gap.expected and gap.size > 0]
    lines = [TrackLine(track) if _is_line(track) else None for track in tracks]
    moving = [line for line in lines if line is not None]
    if not lost_gaps or not moving:
        return list(tracks), {}
    lost: dict[int, list[LostSamples]] = {id(line): [] for line in moving}
    errors: dict[int, float] = {}
    clusters = _clusters(lost_gaps, moving)
    for line in moving:
        line.breaks = [line.index(cluster.start) for cluster in clusters]
    for cluster in clusters:
        counts, error = _counted(cluster, moving)
        if counts is None:
            continue
        for line, count in counts:
            line.lengthen(cluster.stop, count * line.step)
            lost[id(line)] += _shared_out(cluster, line, count)
        errors.update({gap.offset: error for gap in cluster.gaps})
    out = [
        track if line is None else with_stand_ins(track, lost[id(line)])
        for track, line in zip(tracks, lines, strict=True)
    ]
    return out, errors


def _is_line(track: RescuedTrack) -> bool:
    return track.sample_count > 1 and track.duration_ticks > 0


def _clusters(gaps: Sequence[Gap], lines: Sequence[TrackLine]) -> list[_Cluster]:
    """Join gaps with too little between them; none at the very beginning or end, where nothing is held together."""
    main = _leading(lines)
    places = np.searchsorted(main.offset, [gap.offset for gap in gaps])
    apart = np.diff(places)
    least = _TOGETHER if len(gaps) <= _MOST_CLUSTERS else max(_TOGETHER, int(np.sort(apart)[-_MOST_CLUSTERS]))
    groups: list[list[Gap]] = [[gaps[0]]]
    for gap, between in zip(gaps[1:], apart.tolist(), strict=True):
        if between < least:
            groups[-1].append(gap)
        else:
            groups.append([gap])
    stops = [0, *(group[-1].offset + group[-1].size for group in groups)]
    starts = [*(group[0].offset for group in groups), np.iinfo(np.int64).max]
    return [_Cluster(tuple(group), low, high) for group, low, high in zip(groups, stops[:-1], starts[1:], strict=True)]


def _leading(lines: Sequence[TrackLine]) -> TrackLine:
    """Return the track that tells best how much is missing: pictures with a counter, pictures, else most bytes."""
    return max(lines, key=lambda line: (line.kind == "video", line.track.counter is not None, line.bytes))


def _counted(cluster: _Cluster, lines: Sequence[TrackLine]) -> tuple[list[tuple[TrackLine, int]] | None, float]:
    """Return how many samples each track lost, and the error in seconds; None where nothing tells of both sides."""
    across = [line for line in lines if line.is_across(cluster.start, cluster.stop)]
    if not across:
        return None, 0.0
    main = _leading(across)
    others = [(line, _relation(cluster, main, line)) for line in across if line is not main]
    late = [(line, _relation(cluster, main, line)) for line in lines if line.begins_behind(cluster.start, cluster.stop)]
    others += late
    count = np.arange(_most(cluster, main) + 1)
    spent = _floats(count * main.step)
    own, keys = _expected_bytes(cluster, main, count)
    scatter = np.hypot(main.size_scatter(cluster.start) * np.sqrt(count + 1.0), _SCATTER * own)
    with_others, by_themselves, expected = np.zeros(len(count)), np.zeros(len(count)), own
    missing: list[Int64Array] = []
    for line, relation in others:
        begun = main.time_at(cluster.start) if not line.is_across(cluster.start, cluster.stop) else 0.0
        theirs, worse = _beside(spent, line, relation, begun)
        missing.append(theirs)
        expected = expected + theirs * line.sample_bytes(cluster.start)
        if line.step > _COARSE * main.step:
            with_others = with_others + np.minimum(worse, _LAG_VOICE)
        if relation is not None:
            by_themselves = by_themselves + np.minimum(relation.cost(spent) - worse, _LAG_VOICE)
    held_together = [main, *(line for line, _ in others)]
    expected = expected + spent * sum(
        line.byte_rate for line in lines if all(line is not held for held in held_together)
    )
    with_others = with_others + _byte_cost(expected, cluster.size, scatter, keys)
    around = main.run_around(cluster.start, cluster.stop)
    longer = around + count > main.usual_run
    unusual = np.where(longer, _LONGER_RUN, 0.0) + by_themselves
    by_themselves = _byte_cost(own, cluster.size, scatter, keys) + (unusual if around else np.inf)
    alone = by_themselves < with_others + np.where(longer, 0.0, _INSIDE_RUN)
    cost = _own_cost(cluster, main, count) + np.where(alone, by_themselves, with_others)
    best = int(cost.argmin())
    weights = np.exp(cost.min() - cost)
    error = float(np.sqrt((weights * np.square(count - best)).sum() / weights.sum())) * main.step
    found = [(main, best)]
    for (line, relation), theirs in zip(others, missing, strict=True):
        told = 0 if alone[best] else int(theirs[best])
        found.append((line, _by_its_own(cluster, line, relation, best * main.step, told)))
    return found, error


def _most(cluster: _Cluster, main: TrackLine) -> int:
    """Return the most samples of the leading track that the gap can have held."""
    smallest = max(main.sample_bytes(cluster.start) * 0.3, 1.0)
    return min(int(cluster.size / smallest) + 2 * main.usual_distance + 16, _MOST_LOST)


def _own_cost(cluster: _Cluster, line: TrackLine, count: Int64Array) -> Costs:
    """Weigh how many samples of a track are missing by its own counters and sync samples."""
    low, at, high = line.bounds(cluster.low, cluster.stop, cluster.high)
    cost = np.zeros(len(count))
    if line.kind != "video":
        return cost
    if line.track.counter is not None:
        cost = cost + counter_cost(count, line.track.counter, line.restarts_apart, low, at, high)
    if line.track.sync_period:
        return cost
    return cost + sync_cost(count, line.track.is_sync, line.distances, low, at, high)


def _expected_bytes(cluster: _Cluster, line: TrackLine, count: Int64Array) -> tuple[Costs, list[tuple[Costs, Costs]]]:
    """Return the bytes that so many samples take here, and how far off that may be as key pictures come irregularly.

    The latter as bytes to add and what they cost in nats, both float64 (m,), for several numbers of key pictures.
    """
    at = line.index(cluster.start)
    usual = line.usual_distance
    key, other = line.key_bytes(at)
    begun = np.flatnonzero(line.track.is_sync[max(at - 2 * usual, 0) : at]) if usual > 1 else np.zeros(0, np.int64)
    certain = [(np.zeros(len(count)), np.zeros(len(count)))]
    if not key or usual <= 1:
        return _floats(count * line.sample_bytes(cluster.start)), certain
    if line.is_regular:
        if not len(begun):
            return _floats(count * line.sample_bytes(cluster.start)), certain
        own = at - max(at - 2 * usual, 0) - int(begun[-1])
        keys = (own + count - 1) // usual - (own - 1) // usual
        return _floats(keys * key + (count - keys) * other), certain
    often = np.maximum(count / float(line.distances.mean()), 1e-3)
    middle = np.round(often).astype(np.int64)
    products = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, int(middle.max()) + _KEYS_AWAY + 2)))))
    found = []
    for away in range(-_KEYS_AWAY, _KEYS_AWAY + 1):
        keys = np.maximum(middle + away, 0)
        nats = often - keys * np.log(often) + products[keys]  # as by Poisson's law
        found.append((_floats((keys - often) * (key - other)), np.where(middle + away < 0, np.inf, nats)))
    return _floats(often * key + (count - often) * other), found


def _byte_cost(expected: Costs, size: int, scatter: Costs, keys: list[tuple[Costs, Costs]]) -> Costs:
    """Weigh the bytes of hypotheses against those of the gap; ``scatter`` is that of the leading track's samples."""
    spread = np.sqrt(np.square(scatter) + np.square(_LEAST_SCATTER * size) + 100.0**2)
    likely = np.zeros(len(expected))
    for more, nats in keys:
        likely += np.exp(-np.square((expected + more - size) / spread) / 2 - nats)
    return _floats(-np.log(likely + _UNEXPLAINED) + 0.01 * np.abs(expected - size) / spread)


def _relation(cluster: _Cluster, main: TrackLine, line: TrackLine) -> Agreement | None:
    """Compare how the two tracks lie beside each other before and behind the gap; None where there is too little."""
    before = main.lags(line, 0, cluster.start, last=_LAGS)
    after = main.lags(line, cluster.stop + 1, cluster.high, last=-_LAGS)
    if min(map(len, before)) < _FEW_LAGS:
        learned = main.reference.lags(line.reference, 0, 1 << 62, last=-_LAGS)
        before = (np.concatenate((before[0], learned[0])), np.concatenate((before[1], learned[1])))
    return agreement(before, after, 1.0 + 3 * max(line.step, main.step))


def _beside(spent: Costs, line: TrackLine, relation: Agreement | None, begun: float) -> tuple[Int64Array, Costs]:
    """Return how many samples another track lost if the leading one lost ``spent`` seconds, and how odd that is.

    ``begun`` is the time in front of the gap of which the other track has no sample.
    """
    if relation is None:
        return np.round((begun + spent) / line.step).astype(np.int64), np.zeros(len(spent))
    middle = np.floor((spent - relation.best) / line.step).astype(np.int64)
    best, least = np.maximum(middle, 0), np.full(len(spent), np.inf)
    for near in range(-2, 4):
        count = np.maximum(middle + near, 0)
        cost = relation.cost(_floats(spent - count * line.step))
        best, least = np.where(cost < least, count, best), np.minimum(cost, least)
    return best, least


def _by_its_own(cluster: _Cluster, line: TrackLine, relation: Agreement | None, spent: float, told: int) -> int:
    """Correct what another track lost by its own counters, where it has some."""
    if line.kind != "video" or line.track.counter is None:
        return told
    count = np.arange(max(told + 2 * line.usual_distance, 2 * told) + 16)
    cost = _own_cost(cluster, line, count)
    away = _floats(spent - count * line.step)
    cost = cost + (relation.cost(away) if relation is not None else np.abs(away) / line.step)
    return int(cost.argmin())


def _shared_out(cluster: _Cluster, line: TrackLine, count: int) -> list[LostSamples]:
    """Share a track's lost samples out among the cluster's gaps, by their bytes."""
    if count <= 0:
        return []
    ends = np.round(np.cumsum([gap.size for gap in cluster.gaps]) / cluster.size * count).astype(np.int64)
    shares = np.diff(ends, prepend=0).tolist()
    pairs = [(gap, share) for gap, share in zip(cluster.gaps, shares, strict=True) if share]
    ranks = _around(cluster, line) if len(pairs) == 1 else ()
    return [LostSamples(gap, line.index(gap.offset), share, line.ticks, ranks) for gap, share in pairs]


def _around(cluster: _Cluster, line: TrackLine) -> tuple[tuple[int, bool, Int64Array], ...]:
    """Return places in the order of output of pictures beside a gap, which the lost ones among them change.

    Each with the index of the first and whether it stands behind the gap: those are counted from its end.
    """
    counter = line.track.counter
    if counter is None or line.track.ranks is None:
        return ()
    low, at, high = line.bounds(cluster.low, cluster.stop, cluster.high)
    found = []
    before, after = anchor_before(counter, low, at), anchor_after(counter, at, high)
    if before is not None and before.stop < at:
        places = before.places[before.stop - before.first :] - before.place + before.stop - 1 - at
        found.append((before.stop, False, places))
    if after is not None and after.stop > at:
        places = after.places[: after.stop - at] - after.place + after.stop - 1 - at
        found.append((at, True, places))
    few = places_up_to_restart(counter, at, high) if after is None else None
    if few is not None:
        found.append((at, True, few))
    return tuple(found)


def _floats(values: NDArray[Any]) -> Costs:
    return np.asarray(values, dtype=np.float64)
