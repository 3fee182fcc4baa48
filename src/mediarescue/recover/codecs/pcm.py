"""PCM: samples without any structure, known only by the length of a run and by what follows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mediarescue.recover.candidate import Candidate
from mediarescue.recover.models import LengthModel
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.runs import run_starts
from mediarescue.recover.window import MediaWindow

_LENGTHS_TRIED = 24
_STRETCH_FACTOR = 4
_SHORTEST_STRETCH = 1 << 20


class PcmMatcher:
    """Propose runs of constant-size audio.

    Parameters
    ----------
    family : int
    block : int
        Bytes of one PCM frame (all channels).
    lengths : LengthModel
        Bytes of the reference's runs.
    alone : bool
        True where the file holds nothing else.
    """

    blind = True

    def __init__(self, family: int, block: int, lengths: LengthModel, *, alone: bool = False) -> None:
        self.family = family
        self.block = block
        self._lengths = lengths
        self._alone = alone

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Match nothing: any bytes could be PCM."""
        return None

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Return runs of the lengths seen in the reference."""
        return [
            Candidate(self.family, pos, size, np.array([size], dtype=np.int64), None, self._lengths.cost(size))
            for size in self._lengths.likely(_LENGTHS_TRIED)
            if size > 0
        ]

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Return the run of whole PCM frames that fills unexplained bytes, unless it would be absurdly long."""
        size -= size % self.block
        if size <= 0 or (not self._alone and size > max(_STRETCH_FACTOR * self._lengths.largest, _SHORTEST_STRETCH)):
            return None
        return Candidate(self.family, offset, size, np.array([size], dtype=np.int64), None, self._lengths.cost(size))

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Find nothing: any byte could be PCM."""
        return -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True for the few bytes of a frame that the media ends inside of."""
        return 0 < window.end - pos < self.block


class PcmFactory:
    """Make matchers for tracks of one PCM frame a tick."""

    def family_key(self, track: TrackProfile) -> object:
        """PCM tracks of one frame size cannot be told apart but by order."""
        return ("pcm", track.chunks.sample_size if track.chunks is not None else 0)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> PcmMatcher:
        """Learn the lengths of runs."""
        lengths: list[int] = []
        for track in tracks:
            offset, size, _ = track.runs()
            if len(offset):
                lengths += np.add.reduceat(size, run_starts(offset, size)).tolist()
        block = tracks[0].chunks.sample_size if tracks[0].chunks is not None else 1
        return PcmMatcher(family, block, LengthModel(lengths))
