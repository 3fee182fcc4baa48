"""Follow one recording from cluster to cluster: its lengths say where its next unit must be."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import read_header
from mediarescue.recover.clusters.units import INVALID, UNFINISHED, Bytes, UnitReader, forbidden, nal_unit

_LOST_NATS = 25.0
"""What it costs to give a chain up: dearer than a wrong unit, cheaper than a chain of them."""
_UNKNOWN_NATS = 12.0
"""What a cluster costs in which a recording is sought and not found."""
_FORBIDDEN_NATS = 12.0
_START_NATS = 20.0
"""What a chain must be worth that starts anywhere."""
_BOX_NATS = 25.0
_LONGEST_TAIL = 8 << 10
_START_LENGTH = 1 << 20
_BEGINS = np.array([header < 0x80 and header & 31 in (1, 5, 6, 7, 9) for header in range(256)])
"""First bytes of the NAL units that a chain is looked for by."""
_BOXES = (b"ftyp", b"mdat", b"free", b"wide", b"skip")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recording stands at the end of one of its clusters.

    Attributes
    ----------
    skip : int
        Bytes still to come of the NAL unit it is in.
    tail : bytes
        What is there of a unit that cannot be measured yet.
    known : bool
        False where its units have to be found first; nothing else counts then.
    """

    skip: int = 0
    tail: bytes = b""
    known: bool = True


LOST = Place(known=False)


@dataclass(frozen=True, slots=True)
class Step:
    """What one more cluster brings: where the recording stands behind it, nats for it, and units begun in it."""

    place: Place
    nats: float
    units: int
    lost: bool = False


class Cluster:
    """The bytes of one cluster, and what was found out about them: many hypotheses ask the same.

    Parameters
    ----------
    reader : UnitReader
    data : uint8 (n,), writable, n > 0
    """

    def __init__(self, reader: UnitReader, data: Bytes) -> None:
        self.data = data
        self._reader = reader
        self._banned: NDArray[np.int64] | None = None
        self._units: dict[int, tuple[int, float]] = {}
        self._walks: dict[int, tuple[Step, int]] = {}
        self._starts: list[int] | None = None

    def __len__(self) -> int:
        return len(self.data)

    def unit(self, at: int) -> tuple[int, float]:
        """Return what `UnitReader.unit` says, less what a start code inside a NAL unit costs."""
        known = self._units.get(at)
        if known is None:
            known = size, nats = self._reader.unit(self.data, at, len(self))
            if size > 0 and nal_unit(self.data, at)[0] == size:
                known = size, nats - self.forbidden(at + 4, at + size)
            self._units[at] = known
        return known

    def forbidden(self, start: int, end: int) -> float:
        """Return what speaks against ``[start, end)`` as a part of a NAL unit, in nats."""
        if self._banned is None:
            self._banned = forbidden(self.data)
        at = int(np.searchsorted(self._banned, start))
        return _FORBIDDEN_NATS if at < len(self._banned) and int(self._banned[at]) + 3 <= end else 0.0

    def walk(self, at: int) -> tuple[Step, int]:
        """Follow the units from ``at``; also return where nothing known starts, -1 where the cluster ends first."""
        first, known = at, self._walks.get(at)
        if known is not None:
            return known
        nats, units, stop = 0.0, 0, len(self)
        place, broken = LOST, -1
        while True:
            if at >= stop:
                place = Place(skip=at - stop)
                break
            size, worth = self.unit(at)
            if size == UNFINISHED and stop - at < _LONGEST_TAIL:
                place = Place(tail=self.data[at:].tobytes())
                break
            if size < 0:
                broken = at
                break
            nats += worth
            units += 1
            at += size
        self._walks[first] = walked = Step(place, nats, units), broken
        return walked

    def search(self, pos: int) -> Step | None:
        """Return the first chain that starts at ``pos`` or later and holds to the end, None without one."""
        if self._starts is None:
            self._starts = _starts(self.data)
        for start in self._starts[bisect_left(self._starts, pos) :]:
            step, broken = self.walk(start)
            worth = step.nats - math.log(len(self))
            if broken < 0 and worth >= _START_NATS:
                return Step(step.place, worth, step.units)
        return None


class Chain:
    """Feed clusters to a recording.

    Parameters
    ----------
    reader : UnitReader
    """

    def __init__(self, reader: UnitReader) -> None:
        self._reader = reader

    def cluster(self, data: Bytes) -> Cluster:
        """Return ``data`` (uint8 (n,), n > 0, writable) to be fed."""
        return Cluster(self._reader, data)

    def feed(self, place: Place, cluster: Cluster) -> Step:
        """Return what becomes of a recording at ``place`` if ``cluster`` is its next one."""
        if not place.known:
            return _started(cluster)
        if place.tail:
            return self._behind_tail(place.tail, cluster)
        if place.skip >= len(cluster):
            return Step(Place(skip=place.skip - len(cluster)), -cluster.forbidden(0, len(cluster)), 0)
        step, broken = cluster.walk(place.skip)
        step = Step(step.place, step.nats - cluster.forbidden(0, place.skip), step.units)
        return step if broken < 0 else _lost(step, cluster, broken)

    def _behind_tail(self, tail: bytes, cluster: Cluster) -> Step:
        """Go on with a unit whose first bytes were the last of the cluster before."""
        buf = np.concatenate((np.frombuffer(tail, dtype=np.uint8), cluster.data))
        at, nats, units = 0, 0.0, 0
        while at < len(tail):
            size, worth = self._reader.unit(buf, at, len(buf))
            if size == UNFINISHED and len(buf) - at < _LONGEST_TAIL:
                return Step(Place(tail=buf[at:].tobytes()), nats, units)
            if size < 0:
                return _lost(Step(LOST, nats, units), cluster, 0)
            at += size
            nats += worth
            units += 1
        behind = self.feed(Place(skip=at - len(tail)), cluster)
        return Step(behind.place, nats + behind.nats, units + behind.units, behind.lost)

    def first(self, data: Bytes) -> int | None:
        """Return the first position of a chain in ``data``, however far it goes, None without one."""
        for start in _starts(data):
            if self.follow(data, start, len(data))[1] >= _START_NATS + math.log(len(data)):
                return start
        return None

    def begins(self, buf: Bytes) -> bool:
        """Whether ``buf`` begins with a unit that tells itself."""
        return self._reader.unit(buf, 0, len(buf), follow=False)[0] > 0

    def follow(self, buf: Bytes, at: int, stop: int) -> tuple[int, float]:
        """Return where a chain at ``at`` ends, at ``stop`` or behind at the latest, and the nats that speak for it."""
        nats = 0.0
        while at < stop:
            size, worth = self._reader.unit(buf, at, stop)
            if size in (INVALID, UNFINISHED):
                break
            nats += worth
            at += size
        return at, nats


def _starts(data: Bytes) -> list[int]:
    """Return the positions at which a NAL unit could start."""
    stop = len(data) - 16
    if stop <= 0:
        return []
    zeros = np.flatnonzero(data[:stop] == 0)
    starts = zeros[_BEGINS[data[zeros + 4]]]
    return [start for start in starts.tolist() if 0 < nal_unit(data, start)[0] <= _START_LENGTH]


def _lost(step: Step, cluster: Cluster, broken: int) -> Step:
    """Return a chain given up at ``broken``, and taken up again where one starts."""
    found = cluster.search(broken + 1)
    if found is None:
        return Step(LOST, step.nats - _LOST_NATS, step.units, True)
    return Step(found.place, step.nats + found.nats - _LOST_NATS, step.units + found.units, True)


def _started(cluster: Cluster) -> Step:
    """Find where a recording starts: behind its own boxes, with the cluster, or anywhere in it."""
    behind = _behind_boxes(cluster.data)
    step, broken = cluster.walk(behind)
    if broken < 0 and step.units and (behind or step.nats > _START_NATS):
        return Step(step.place, step.nats + (_BOX_NATS if behind else 0.0), step.units)
    return cluster.search(0) or Step(LOST, -_UNKNOWN_NATS, 0)


def _behind_boxes(data: Bytes) -> int:
    """Return where the media starts behind the boxes at the start of a recording, 0 where there are none."""
    pos = 0
    while pos + 16 <= len(data):
        header = read_header(data[pos : pos + 32].tobytes(), 0, limit=1 << 62)
        if header is None or header.kind not in _BOXES:
            return 0
        if header.kind == b"mdat":
            return pos + header.header_size
        pos += header.size
    return 0
