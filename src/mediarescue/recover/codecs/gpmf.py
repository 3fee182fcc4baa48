"""GoPro telemetry (``gpmd``): key-length-value records, one or several DEVC blocks a sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mediarescue.bitstream.search import find_bytes
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_DEVC = b"DEVC"
_LARGEST = 4 << 20


class GpmfMatcher:
    """Match one sample of DEVC blocks (GPMF: FourCC, type, structure size, repeat; 32-bit aligned)."""

    blind = False

    def __init__(self, family: int, *, blocks: frozenset[int]) -> None:
        self.family = family
        self._most = max(blocks, default=8)

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the sample of as many DEVC siblings as follow each other, no more than the reference ever had."""
        at, blocks = pos, 0
        while blocks < self._most:
            size = _block_size(window.peek(at, 16))
            if not size or at + size > window.end:
                break
            at += size
            blocks += 1
        if not blocks:
            return None
        sizes = np.array([at - pos], dtype=np.int64)
        return Candidate(self.family, pos, at - pos, sizes, None, 0.0, True)

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing: the structure tells."""
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Never fill bytes with telemetry."""
        return None

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first DEVC block, or -1."""
        buf, at, stop, _ = window.view(pos, end - pos + 4)
        found = find_bytes(buf, _DEVC, at, min(at + end - pos, stop), stop)
        return pos + found - at if found >= 0 else -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when a DEVC block starts at ``pos`` and the media ends inside it."""
        return _block_size(window.peek(pos, 16)) > window.end - pos


def _block_size(head: bytes) -> int:
    """Return the bytes of the DEVC block that starts with ``head``, padding included; 0 where none does."""
    if len(head) < 16 or head[:4] != _DEVC or head[4] != 0:
        return 0
    size = 8 + ((head[5] * int.from_bytes(head[6:8], "big") + 3) & ~3)
    inner = head[8:12]
    named = all(48 <= byte <= 122 for byte in inner)
    return size if named and size <= _LARGEST else 0


class GpmfFactory:
    """Make matchers for ``gpmd`` tracks."""

    def family_key(self, track: TrackProfile) -> object:
        """Every telemetry track is a family of its own."""
        return ("gpmd", track.index)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> GpmfMatcher:
        """Learn how many DEVC blocks a sample has."""
        blocks: set[int] = set()
        samples = tracks[0].samples
        if samples is not None:
            for offset, size in zip(samples.offset[:500].tolist(), samples.size[:500].tolist(), strict=True):
                at, count = offset, 0
                while at < offset + size and (step := _block_size(reference.peek(at, 16))):
                    at += step
                    count += 1
                if at == offset + size:
                    blocks.add(count)
        return GpmfMatcher(family, blocks=frozenset(blocks))
