"""What is learned from the samples of a healthy file: byte signatures, sizes, and the order of the tracks."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mediarescue.recover.window import MediaWindow

_SIGNATURE_BYTES = 32
_BYTE_EVIDENCE = math.log(256)
_ZERO_EVIDENCE = 2.0
"""Zeros stand everywhere, and in holes there is nothing else."""
_FEW = 3
"""One byte in so many may turn out not to be constant after all; more are held against a match in full."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Bytes that were alike at the start of all the samples seen.

    A byte that never changed in the reference may still be the high byte of a counter, so a sample may differ
    in some of them: the evidence for and against is added up in nats.

    Attributes
    ----------
    values : tuple of (int, int)
        Position in the sample and value of each constant byte.
    seen : int
        Samples it was learned from.
    """

    values: tuple[tuple[int, int], ...]
    seen: int

    @staticmethod
    def learn(heads: Sequence[bytes]) -> Signature:
        """Learn from the first bytes of samples; an empty signature where nothing is constant."""
        if not heads:
            return Signature((), 0)
        length = min(_SIGNATURE_BYTES, min(map(len, heads)))
        first = heads[0]
        values = [(i, first[i]) for i in range(length) if all(head[i] == first[i] for head in heads)]
        if len(heads) == 1:  # nothing tells constants from content: only the first bytes, where magic numbers stand
            values = values[:4]
        return Signature(tuple(values), len(heads))

    def evidence(self, head: bytes) -> float:
        """Return the evidence in nats that ``head`` starts such a sample; negative speaks against it."""
        matched = missed = 0
        total = 0.0
        for at, value in self.values:
            if at >= len(head):
                return -math.inf
            if head[at] == value:
                matched += 1
                total += _BYTE_EVIDENCE if value else _ZERO_EVIDENCE
            else:
                missed += 1
        against = math.log(self.seen + 1) + (_BYTE_EVIDENCE if missed * _FEW > matched else 0.0)
        return total - missed * against

    @property
    def strong(self) -> bool:
        """Whether a match is proof enough to search for the sample in the midst of unknown bytes."""
        return self.seen >= 2 and len(self.values) >= 5

    @property
    def prefix(self) -> bytes:
        """The longest run of constant bytes, what a search looks for; see ``prefix_at``."""
        return self._run()[1]

    @property
    def prefix_at(self) -> int:
        """Where in the sample ``prefix`` stands."""
        return self._run()[0]

    def _run(self) -> tuple[int, bytes]:
        best: tuple[int, bytes] = (0, b"")
        start, run = 0, bytearray()
        for at, value in self.values:
            if at != start + len(run):
                start, run = at, bytearray()
            run.append(value)
            if (len(set(run)) > 1 and len(run) > len(best[1])) or not best[1]:
                best = (start, bytes(run))
        return best


@dataclass(frozen=True, slots=True)
class LengthField:
    """A length written inside the sample: ``size == value + extra``."""

    at: int
    width: int
    little: bool
    extra: int

    @staticmethod
    def learn(heads: Sequence[bytes], sizes: Sequence[int]) -> LengthField | None:
        """Find a field that gives every sample's size; None without one, or when all sizes are alike."""
        if len(set(sizes)) < 2:
            return None
        shortest = min(map(len, heads))
        for width in (4, 2):
            for at in range(min(shortest - width, 16) + 1):
                for little in (False, True):
                    order = "little" if little else "big"
                    extras = {
                        size - int.from_bytes(head[at : at + width], order)  # type: ignore[arg-type]
                        for head, size in zip(heads, sizes, strict=True)
                    }
                    if len(extras) == 1 and 0 <= (extra := extras.pop()) <= 64:
                        return LengthField(at, width, little, extra)
        return None

    def size(self, head: bytes) -> int:
        """Return the sample's size in bytes, 0 when ``head`` is too short to hold the field."""
        if len(head) < self.at + self.width:
            return 0
        return int.from_bytes(head[self.at : self.at + self.width], "little" if self.little else "big") + self.extra


@dataclass(slots=True)
class OrderModel:
    """How families of tracks follow each other in the file: counts of what came after the last 1 to 4 runs."""

    families: int
    depth: int = 4
    counts: dict[tuple[int, ...], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def learn(self, runs: Iterable[int]) -> None:
        """Count one file's sequence of runs."""
        context: tuple[int, ...] = ()
        for run in runs:
            for k in range(len(context) + 1):
                self.counts[context[len(context) - k :]][run] += 1
            context = (*context, run)[-self.depth :]

    def cost(self, context: tuple[int, ...], following: int) -> float:
        """Return ``-log`` of the probability, backing off to shorter contexts (Witten-Bell)."""
        probability = 1.0 / (self.families + 1)
        for k in range(len(context) + 1):
            seen = self.counts.get(context[len(context) - k :])
            if not seen:
                continue
            total, kinds = sum(seen.values()), len(seen)
            probability = (seen[following] + kinds * probability) / (total + kinds)
        return -math.log(probability)

    def likely_after(self, context: tuple[int, ...]) -> list[int]:
        """Return all families, the likeliest to follow first."""
        return sorted(range(self.families), key=lambda family: self.cost(context, family))


class LengthModel:
    """Sizes (or sample counts) seen in the reference, with room for unseen ones."""

    def __init__(self, seen: Iterable[int]) -> None:
        self.counts = Counter(seen)
        self.total = sum(self.counts.values())
        self.largest = max(self.counts, default=0)
        self.smallest = min(self.counts, default=0)

    def cost(self, value: int) -> float:
        """Return ``-log`` of the smoothed probability."""
        kinds = len(self.counts)
        outside = value > 2 * self.largest or 2 * value < self.smallest
        unseen = kinds / (self.total + kinds) / 50 if kinds else 0.02
        return -math.log(self.counts[value] / (self.total + kinds) + unseen if kinds else unseen) + (
            3 if outside else 0
        )

    def likely(self, most: int) -> list[int]:
        """Return the values seen, the most frequent first."""
        return [value for value, _ in self.counts.most_common(most)]


def read_heads(window: MediaWindow, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
    """Return the first bytes of the given samples."""
    return [window.peek(at, min(size, _SIGNATURE_BYTES)) for at, size in zip(offsets, sizes, strict=True)]
