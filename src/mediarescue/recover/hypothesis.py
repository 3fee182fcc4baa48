"""Ways to explain the media data up to a position, and which of several are worth going on with."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from mediarescue.recover.candidate import Candidate, Gap

_BEAM = 48
_HOPELESS = 60.0


@dataclass(slots=True)
class Node:
    """A hypothesis: how the bytes up to ``pos`` were explained."""

    pos: int
    cost: float
    context: tuple[int, ...]
    parent: Node | None
    part: Candidate | Gap | None
    second_thoughts: int = 0

    def __lt__(self, other: Node) -> bool:
        return (self.pos, self.cost) < (other.pos, other.cost)


def pruned(frontier: list[Node]) -> list[Node]:
    """Merge hypotheses that meet, drop the hopeless."""
    if len(frontier) < 2:
        return frontier
    best: dict[tuple[int, int], Node] = {}
    cheapest = min(node.cost for node in frontier)
    for node in frontier:
        key = (node.pos, node.context[-1] if node.context else -1)
        if node.cost <= cheapest + _HOPELESS and (key not in best or node.cost < best[key].cost):
            best[key] = node
    if len(best) == len(frontier) and len(best) <= _BEAM:
        return frontier
    kept = heapq.nsmallest(_BEAM, best.values(), key=lambda node: node.cost)
    heapq.heapify(kept)
    return kept
