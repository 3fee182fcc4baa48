"""The matcher of tracks we do not parse: samples by signatures, sizes and lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mediarescue.bitstream.search import find_bytes
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.models import LengthField, LengthModel, Signature
from mediarescue.recover.window import MediaWindow

_ENOUGH_EVIDENCE = 16.0
_CERTAIN_EVIDENCE = 20.0
_RUN_LIMIT = 4096
_UNSEEN_SIZE = 4.0
_SHORTEST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class SampleKind:
    """Samples of one size, or of any size where ``size`` is 0, and what they have in common."""

    size: int
    signature: Signature
    count: int


class LearnedMatcher:
    """Match samples by learned signatures; propose them by size where the signature is too weak.

    Parameters
    ----------
    family : int
    kinds : tuple of SampleKind
        The commonest first.
    sizes : LengthModel
        Bytes of the reference's samples.
    length_field : LengthField or None
        Where a sample tells its own size.
    """

    def __init__(
        self, family: int, kinds: tuple[SampleKind, ...], sizes: LengthModel, length_field: LengthField | None
    ) -> None:
        self.family = family
        self.kinds = kinds
        self.sizes = sizes
        self.length_field = length_field
        self.single = sizes.total == 1
        self.unsized = length_field is None and any(not kind.size for kind in kinds)
        self.blind = length_field is None and not any(kind.signature.strong for kind in kinds)
        signatures = [] if self.blind else [kind.signature for kind in kinds if kind.signature.strong]
        prefixes = {(signature.prefix_at, signature.prefix): None for signature in signatures}
        self._prefixes = [(at, prefix) for at, prefix in prefixes if len(prefix) >= _SHORTEST_PREFIX]
        ends = [at + 1 for kind in kinds for at, _ in kind.signature.values]
        self._head = max([*ends, length_field.at + length_field.width if length_field else 0, 1])

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the run of samples with a signature, of a size that is told or goes with it."""
        if self.blind:
            return None
        sizes: list[int] = []
        evidence, cost = 0.0, 0.0
        at, sure = pos, True
        while at < window.end and len(sizes) < _RUN_LIMIT:
            size, found, alone = self._sample_at(window, at)
            if not size:
                break
            sure &= alone
            evidence += found
            cost += 0.0 if sizes else self.sizes.cost(size)
            sizes.append(size)
            at += size
            if self.single:
                break
        if not sizes:
            return None
        certain = sure and evidence >= _CERTAIN_EVIDENCE and all(size in self.sizes.counts for size in sizes)
        return Candidate(self.family, pos, at - pos, np.array(sizes, dtype=np.int64), None, cost, certain)

    def _sample_at(self, window: MediaWindow, pos: int) -> tuple[int, float, bool]:
        """Return the size of the sample at ``pos`` (0: none), the evidence, and whether no other size was possible.

        Notes
        -----
        Where the bytes allow several sizes, the one counts behind which another sample starts.
        """
        left = min(window.end - pos, 4 * self.sizes.largest + 64)
        if self.unsized:
            return self._up_to_the_next(window, pos)
        found = [
            (evidence, size)
            for size, evidence in self._recognised(window.peek(pos, self._head))
            if evidence >= _ENOUGH_EVIDENCE and 0 < size <= left
        ]
        if not found:
            return 0, 0.0, False
        found.sort(reverse=True)
        if len({size for _, size in found}) > 1:
            for evidence, size in found:
                if any(e >= _ENOUGH_EVIDENCE for _, e in self._recognised(window.peek(pos + size, self._head))):
                    return size, evidence, True
        evidence, size = found[0]
        return size, evidence, len(found) == 1

    def _up_to_the_next(self, window: MediaWindow, pos: int) -> tuple[int, float, bool]:
        """Return a sample of unknown size that reaches to the next one of its kind, where that is near."""
        signature = self.kinds[0].signature
        evidence = signature.evidence(window.peek(pos, self._head))
        if evidence < _ENOUGH_EVIDENCE:
            return 0, 0.0, False
        first, last = pos + max(self.sizes.smallest // 2, 1), pos + self.sizes.largest * 3 // 2
        while first < min(last, window.end):
            at = self.find(window, first, min(last, window.end))
            if at < 0:
                break
            if signature.evidence(window.peek(at, self._head)) >= _ENOUGH_EVIDENCE:
                return at - pos, evidence, False
            first = at + 1
        return 0, 0.0, False

    def _recognised(self, head: bytes) -> list[tuple[int, float]]:
        """Return the size and the evidence in nats of each kind of sample that could start with ``head``."""
        found = []
        for kind in self.kinds:
            size, evidence = kind.size, kind.signature.evidence(head)
            if not size:
                if self.length_field is None:
                    continue
                size = self.length_field.size(head)
                evidence += 8.0 if size in self.sizes.counts else 0.0
            found.append((size, evidence))
        return found

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Return single samples of the sizes seen, the likeliest first."""
        if self.length_field is not None:
            return ()
        head = window.peek(pos, self._head)
        found = []
        for kind in self.kinds:
            if not kind.size:
                continue
            evidence = kind.signature.evidence(head) if kind.signature.values else 0.0
            if kind.signature.strong and evidence < _ENOUGH_EVIDENCE:
                continue
            found.append(self._sample(pos, kind.size, self.sizes.cost(kind.size) + max(0.0, -evidence)))
        return found

    def _sample(self, pos: int, size: int, cost: float) -> Candidate:
        return Candidate(self.family, pos, size, np.array([size], dtype=np.int64), None, cost)

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Take unexplained bytes for one sample where its size is of the kind seen and not constant."""
        if self.length_field is not None or len(self.sizes.counts) < 2:
            return None
        if size > 2 * self.sizes.largest or 3 * size < self.sizes.smallest:
            return None
        head = window.peek(offset, self._head)
        if not self.blind and all(kind.signature.evidence(head) < 0 for kind in self.kinds):
            return None  # a sample of the track would be known
        return self._sample(offset, size, self.sizes.cost(size) + _UNSEEN_SIZE)

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first place of a signature's longest constant run, or -1."""
        hits = []
        for prefix_at, prefix in self._prefixes:
            buf, at, stop, _ = window.view(pos, end - pos + prefix_at + len(prefix))
            found = find_bytes(buf, prefix, at, at + end - pos, stop, behind=prefix_at)
            if found >= 0:
                hits.append(found - at)
        return pos + min(hits) if hits else -1

    def find_ending(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the last position in ``[pos, end)`` of a sample of a known size and signature that ends at ``end``."""
        starts = [end - kind.size for kind in self.kinds if kind.size and end - kind.size >= pos]
        found = (at for at in sorted(starts, reverse=True) if self._sample_at(window, at)[0] == end - at)
        return -1 if self.blind or self.unsized else next(found, -1)

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when a sample with a signature starts at ``pos`` and the media ends inside it."""
        if self.blind or self.unsized or not any(kind.signature.values for kind in self.kinds):
            return False
        left = window.end - pos
        found = self._recognised(window.peek(pos, self._head))
        return any(size > left and evidence >= _ENOUGH_EVIDENCE for size, evidence in found)
