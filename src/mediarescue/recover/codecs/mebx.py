"""Apple timed metadata (``mebx``): each sample is a list of boxes named by the local keys of its sample entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mediarescue.bitstream.search import find_any
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.models import LengthModel, Signature, read_heads
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_LARGEST_ITEM = 1 << 20
_NO_KEY = bytes(4)
"""Key of the empty item that says "nothing from here on"."""
_RUN_LIMIT = 4096
_UNSEEN_SIZE = 14.0
_NEVER_SEEN = 5.0
"""Cost of a sample of a track the reference has no sample of."""
_AGAINST = 3.0
_HEADS_SOUGHT = 16


class MebxMatcher:
    """Match runs of samples made of ``[size][key][value]`` items.

    Parameters
    ----------
    family : int
    keys : frozenset of bytes
        Local key ids of the sample entry's key table.
    sizes : LengthModel
        Bytes of the reference's samples.
    items : frozenset of int
        How many items a sample had in the reference.
    signature : Signature
        Bytes its samples share: two tracks may use the same key ids and sizes.
    heads : tuple of bytes
        Size and key of the first item of most samples.
    """

    blind = False

    def __init__(
        self,
        family: int,
        keys: frozenset[bytes],
        sizes: LengthModel,
        items: frozenset[int],
        signature: Signature,
        heads: tuple[bytes, ...],
    ) -> None:
        self.family = family
        self.keys = keys
        self.sizes = sizes
        self._items = max(items, default=1)
        self._signature = signature
        self._heads = heads

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the run of samples at ``pos``."""
        sizes: list[int] = []
        cost = 0.0
        at = pos
        while at < window.end and len(sizes) < _RUN_LIMIT:
            size = self._sample_size(window, at)
            if not size:
                break
            seen = size in self.sizes.counts
            if sizes and not seen:
                break  # an unseen size may be another mebx track's sample
            if not seen:
                cost += _UNSEEN_SIZE if self.sizes.total else _NEVER_SEEN
            elif self._signature.values:
                evidence = self._signature.evidence(window.peek(at, 32))
                if evidence < 0 and sizes:
                    break
                cost += _AGAINST if evidence < 0 else 0.0
            sizes.append(size)
            at += size
            if not seen:
                break
        if not sizes:
            return None
        array = np.array(sizes, dtype=np.int64)
        return Candidate(self.family, pos, at - pos, array, None, cost, False)

    def _sample_size(self, window: MediaWindow, pos: int) -> int:
        """Return the bytes of the sample at ``pos``, 0 where there is none."""
        at, left = pos, self._items
        while left:
            head = window.peek(at, 8)
            size = int.from_bytes(head[:4], "big")
            known = head[4:8] in self.keys or (size == 8 and head[4:8] == _NO_KEY)
            if len(head) < 8 or not known or not 8 <= size <= _LARGEST_ITEM:
                break
            if at + size > window.end:
                break
            at += size
            left -= 1
            if self._items > 1 and (at - pos) in self.sizes.counts:
                break
        return at - pos

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing: the structure tells."""
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Never fill bytes with metadata."""
        return None

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first sample of a size the reference has, or -1."""
        buf, at, stop, _ = window.view(pos, end - pos + 8)
        found = find_any(buf, self._heads, at, min(at + end - pos, stop), stop)
        return pos + found - at if found >= 0 else -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when an item of a size seen starts at ``pos`` and the media ends inside it."""
        head = window.peek(pos, 8)
        size = int.from_bytes(head[:4], "big")
        return len(head) == 8 and head[4:8] in self.keys and size in self.sizes.counts and size > window.end - pos


def local_keys(track: TrackProfile) -> frozenset[bytes]:
    """Return the local key ids of a ``mebx`` entry's ``keys`` box: the types of the boxes in it (QTFF)."""
    payload = track.configuration(b"keys")
    found, at = set(), 0
    while payload is not None and at + 8 <= len(payload):
        size = int.from_bytes(payload[at : at + 4], "big")
        found.add(payload[at + 4 : at + 8])
        if size < 8:
            break
        at += size
    return frozenset(found or {b"\0\0\0\1"})


class MebxFactory:
    """Make matchers for ``mebx`` tracks."""

    def family_key(self, track: TrackProfile) -> object:
        """Every metadata track is a family of its own."""
        return ("mebx", track.index)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> MebxMatcher:
        """Learn sizes, items a sample, and shared bytes."""
        keys, samples = local_keys(tracks[0]), tracks[0].samples
        items: set[int] = set()
        sizes = samples.size.tolist() if samples is not None else []
        offsets = samples.offset.tolist() if samples is not None else []
        for offset, size in zip(offsets[:500], sizes[:500], strict=True):
            at, count = offset, 0
            while at < offset + size and (step := int.from_bytes(reference.peek(at, 4), "big")) >= 8:
                at += step
                count += 1
            if at == offset + size:
                items.add(count)
        heads = read_heads(reference, offsets[:500], sizes[:500])
        usual = Counter(head[:8] for head in heads if head[4:8] in keys).most_common(_HEADS_SOUGHT)
        firsts = tuple(head for head, _ in usual)
        return MebxMatcher(family, keys, LengthModel(sizes), frozenset(items), Signature.learn(heads), firsts)
