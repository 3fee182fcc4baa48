"""Tracks of codecs we do not parse: known by the bytes, sizes and lengths the reference's samples share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mediarescue.recover.candidate import Candidate
from mediarescue.recover.models import LengthField, LengthModel, Signature, read_heads
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_LEARNED_SAMPLES = 2000
_SIZES_TRIED = 16
_ENOUGH_EVIDENCE = 16.0
_CERTAIN_EVIDENCE = 40.0
_RUN_LIMIT = 4096
_SECOND_OF_A_KIND = 8.0
_UNSEEN_SIZE = 4.0


class LearnedMatcher:
    """Match samples by a learned signature; propose them by size where the signature is too weak.

    Parameters
    ----------
    family : int
    signature : Signature
    sizes : LengthModel
        Bytes of the reference's samples.
    length_field : LengthField or None
        Where a sample tells its own size.
    single : bool
        The reference has exactly one such sample.
    """

    def __init__(
        self, family: int, signature: Signature, sizes: LengthModel, length_field: LengthField | None, *, single: bool
    ) -> None:
        self.family = family
        self.signature = signature
        self.sizes = sizes
        self.length_field = length_field
        self.single = single
        self.blind = not signature.strong and length_field is None
        self._head = max((at for at, _ in signature.values), default=0) + 1
        self._head = max(self._head, length_field.at + length_field.width if length_field else 0)
        self._taken_at = -1

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the run of samples with the signature, of a size that is told, constant, or proved by a repeat."""
        if self.blind:
            return None
        sizes: list[int] = []
        evidence = 0.0
        at = pos
        while at < window.end and len(sizes) < _RUN_LIMIT:
            head = window.peek(at, self._head)
            found = self.signature.evidence(head) if self.signature.values else 0.0
            size = self._size(head)
            if self.length_field is not None and size in self.sizes.counts:
                found += 8.0
            if found < _ENOUGH_EVIDENCE or not 0 < size <= min(window.end - at, 4 * self.sizes.largest + 64):
                break
            evidence += found
            sizes.append(size)
            at += size
            if self.single:
                break
        if not sizes:
            return None
        array = np.array(sizes, dtype=np.int64)
        known = self.length_field is not None or len(self.sizes.counts) == 1
        certain = known and evidence >= _CERTAIN_EVIDENCE and all(size in self.sizes.counts for size in sizes)
        return Candidate(self.family, pos, at - pos, array, None, self.sizes.cost(sizes[0]), certain)

    def _size(self, head: bytes) -> int:
        if self.length_field is not None:
            return self.length_field.size(head)
        return self.sizes.largest if len(self.sizes.counts) == 1 else 0

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Return single samples of the sizes seen, the likeliest first."""
        if self.length_field is not None or (self.signature.strong and len(self.sizes.counts) == 1):
            return ()
        against = 0.0
        if self.signature.values:
            evidence = self.signature.evidence(window.peek(pos, self._head))
            if self.signature.strong and evidence < 0:
                return ()
            against = max(0.0, -evidence)
        return [
            self._sample(pos, size, self.sizes.cost(size) + against) for size in self.sizes.likely(_SIZES_TRIED) if size > 0
        ]

    def _sample(self, pos: int, size: int, cost: float) -> Candidate:
        if self.single:
            cost += 0.0 if self._taken_at in (-1, pos) else _SECOND_OF_A_KIND
            self._taken_at = pos if self._taken_at < 0 else self._taken_at
        return Candidate(self.family, pos, size, np.array([size], dtype=np.int64), None, cost)

    def stretch(self, offset: int, size: int) -> Candidate | None:
        """Take unexplained bytes for one sample where its size is of the kind seen and not constant."""
        if self.length_field is not None or len(self.sizes.counts) < 2 or size > 2 * self.sizes.largest:
            return None
        return self._sample(offset, size, self.sizes.cost(size) + _UNSEEN_SIZE)

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first place of the signature's longest constant run, or -1."""
        prefix, prefix_at = self.signature.prefix, self.signature.prefix_at
        if self.blind or len(prefix) < 4:
            return -1
        buf, at, stop, _ = window.view(pos, end - pos + prefix_at + len(prefix))
        found = buf[at:stop].tobytes().find(prefix, prefix_at)
        return pos + found - prefix_at if 0 <= found - prefix_at < end - pos else -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when a sample with the signature starts at ``pos`` and the media ends inside it."""
        if self.blind or not self.signature.values:
            return False
        head = window.peek(pos, self._head)
        size = self._size(head)
        return size > window.end - pos and self.signature.evidence(head) >= _ENOUGH_EVIDENCE


class LearnedFactory:
    """Make a matcher for any track out of its samples alone."""

    def family_key(self, track: TrackProfile) -> object:
        """Every such track is a family of its own."""
        return ("learned", track.index)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> LearnedMatcher:
        """Learn signature, sizes and length field from up to 2000 samples spread over the reference."""
        samples = tracks[0].samples
        if samples is None or not len(samples):
            return LearnedMatcher(family, Signature((), 0), LengthModel(()), None, single=False)
        step = max(1, len(samples) // _LEARNED_SAMPLES)
        offsets, sizes = samples.offset[::step].tolist(), samples.size[::step].tolist()
        kept = [(offset, size) for offset, size in zip(offsets, sizes, strict=True) if size > 0]
        offsets, sizes = [offset for offset, _ in kept], [size for _, size in kept]
        heads = read_heads(reference, offsets, sizes)
        return LearnedMatcher(
            family,
            Signature.learn(heads),
            LengthModel(samples.size.tolist()),
            LengthField.learn(heads, sizes) if heads else None,
            single=len(samples) == 1,
        )
