"""Deal the clusters of a file out to the two recordings in it: the search for the dealing that explains most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.clusters.chain import LOST, Chain, Cluster, Place, Step
from mediarescue.recover.clusters.units import Bytes

_TURN_NATS = 3.0
"""Runs are longer than one cluster more often than not."""
_HOPELESS = 60.0
_BEAM = 32
_UNSURE = 6.0
"""Two dealings whose evidence differs by less: one is as good as the other."""
_SETTLED_EVERY = 256
_LOST_TRIALS = 2


@dataclass(frozen=True, slots=True)
class Dealing:
    """Which cluster belongs to which recording.

    Attributes
    ----------
    owner : uint8 (clusters,)
        0 for the recording that the file begins with, 1 for the other.
    nats : float
        What speaks for it.
    units : (int, int)
        Units found of each.
    returns : int
        How often a recording went on, behind clusters of the other, just where its lengths say.
    lost : int
        How often a chain broke off all the same.
    unsure : int
        Clusters that could as well be the other recording's.
    """

    owner: NDArray[np.uint8]
    nats: float
    units: tuple[int, int]
    returns: int
    lost: int
    unsure: int


@dataclass(slots=True)
class _Node:
    places: tuple[Place, Place]
    nats: float
    owner: int
    parent: _Node | None
    depth: int
    units: tuple[int, int] = (0, 0)
    returns: int = 0
    lost: int = 0
    unsure: int = 0
    pending: list[bool] = field(default_factory=lambda: [False, False])


def deal(
    chain: Chain,
    clusters: int,
    read: Callable[[int], Bytes],
    *,
    skip: int,
    trial: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Dealing | None:
    """Return the best dealing of ``clusters`` clusters.

    Parameters
    ----------
    chain : Chain
    clusters : int
    read : callable
        Index -> bytes of a cluster, uint8, writable.
    skip : int
        Bytes before the first unit.
    trial : bool
        Give up, and return None, once chains break off more often than they go on.
    progress : callable
        Told the clusters done.

    Notes
    -----
    All hypotheses have dealt the same clusters, so their evidence compares. Those whose recordings stand at the same
    places have the same future: the better one lives on. Inside a long picture only lengths can be told, not which
    of its clusters are whose; there the other recording's own units decide, the rule that no NAL unit has a start
    code inside, and as little to and fro as possible.
    """
    beam, settled = [_Node((Place(skip=skip), LOST), 0.0, 0, None, 0)], bytearray()
    for index in range(clusters):
        beam = _dealt_on(chain, beam, chain.cluster(read(index)))
        if trial and beam[0].lost > max(_LOST_TRIALS, beam[0].returns):
            return None
        if (index + 1) % _SETTLED_EVERY == 0:
            beam = _settled(beam, settled)
            progress(index)
    best = beam[0]
    if len(beam) > 1 and best.nats - beam[1].nats < _UNSURE:
        best.unsure += _differing(best, beam[1])
    _settled([best], settled)
    owner = np.frombuffer(bytes(settled), dtype=np.uint8)
    return Dealing(owner, best.nats, best.units, best.returns, best.lost, best.unsure)


def _dealt_on(chain: Chain, beam: list[_Node], cluster: Cluster) -> list[_Node]:
    """Return the hypotheses after one more cluster, the best first."""
    steps: dict[Place, Step] = {}
    best: dict[tuple[tuple[Place, Place], int], _Node] = {}
    for node in beam:
        for owner in (0, 1) if node.depth else (0,):
            place = node.places[owner]
            step = steps.get(place)
            if step is None:
                step = steps[place] = chain.feed(place, cluster)
            child = _child(node, owner, step)
            key = (child.places, owner)
            rival = best.get(key)
            best[key] = child if rival is None else _better(child, rival)
    top = max(node.nats for node in best.values())
    return sorted((n for n in best.values() if n.nats >= top - _HOPELESS), key=lambda node: -node.nats)[:_BEAM]


def _settled(beam: list[_Node], settled: bytearray) -> list[_Node]:
    """Move what all hypotheses have in common to ``settled``, the owner of each cluster, so that memory stays flat."""
    path: list[_Node] = []
    node: _Node | None = beam[0]
    while node is not None and node.parent is not None:
        path.append(node)
        node = node.parent
    place = {id(node): index for index, node in enumerate(path)}
    common = 0
    for other in beam[1:]:
        walker: _Node | None = other
        while walker is not None and id(walker) not in place:
            walker = walker.parent
        common = max(common, len(path) if walker is None else place[id(walker)])
    settled += bytes(node.owner for node in reversed(path[common:]))
    if common < len(path):
        path[common].parent = None
    return beam


def _child(node: _Node, owner: int, step: Step) -> _Node:
    """Return the hypothesis that the next cluster is ``owner``'s."""
    turned = node.depth > 0 and owner != node.owner
    places = (step.place, node.places[1]) if owner == 0 else (node.places[0], step.place)
    units = (node.units[0] + step.units, node.units[1]) if owner == 0 else (node.units[0], node.units[1] + step.units)
    # a return counts once a unit stands where it must, which may be clusters later
    open_turn = node.places[owner].known and (turned or node.pending[owner])
    proved = open_turn and step.units > 0 and not step.lost
    pending = [*node.pending]
    pending[owner] = open_turn and not proved and not step.lost
    return _Node(
        places,
        node.nats + step.nats - (_TURN_NATS if turned else 0.0),
        owner,
        node,
        node.depth + 1,
        units,
        node.returns + proved,
        node.lost + step.lost,
        node.unsure,
        pending,
    )


def _better(a: _Node, b: _Node) -> _Node:
    """Return the better of two hypotheses that go on alike, which remembers what it could not decide."""
    if a.nats < b.nats:
        a, b = b, a
    if a.nats - b.nats < _UNSURE:
        a.unsure += _differing(a, b)
    return a


def _differing(a: _Node, b: _Node) -> int:
    """Return how many clusters two hypotheses deal differently."""
    count = 0
    one: _Node | None = a
    two: _Node | None = b
    while one is not two and one is not None and two is not None:
        count += one.owner != two.owner
        one, two = one.parent, two.parent
    return count
