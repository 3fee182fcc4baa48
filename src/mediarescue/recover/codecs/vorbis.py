"""Vorbis tracks (``mp4a`` with object type 0xDD): packets are walked, and must fill what lies between other samples."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.descriptors import decoder_specific_info
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.frames import FrameColumn
from mediarescue.bitstream.vorbis import VorbisWalker, parse_setup
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.codecs.framed import some_samples
from mediarescue.recover.codecs.framed_matcher import FrameRows
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

Int64Array = NDArray[np.int64]
_LONGEST_RUN = 16 << 20
"""Bytes walked at once; what is longer goes on behind the last packet."""
_MOST_PACKETS = 1 << 18
_ENOUGH = 12
"""Packets in a row that stand for themselves though other bytes follow: each is worth two nats."""
_UNPROVEN = 8.0
"""Nats that fewer packets cost where the media's last bytes are none: the beginning of another track's sample."""
_READ = 16 << 20
_EXPLAINED = 0.9
_HEADROOM, _LARGEST = 8, 4096
"""Packets are at most so many times as large as the reference's, or have so many bytes."""


class VorbisMatcher(FrameRows):
    """Walk the packets between other samples.

    Parameters
    ----------
    family : int
    walker : VorbisWalker
    smallest, most : int
        Bytes of the reference's packets.
    largest : int
        Bytes of the reference's longest run.
    known : dict of int64 (n, columns)
        The rows of each track's leading samples, by the track's index.

    Notes
    -----
    Nearly any bytes can be read as Vorbis, so a packet is never recognised by itself; that a walk ends exactly where
    other samples begin is the proof. All packets of FFmpeg's encoder and of libvorbis at variable rate (quality 0 to 8,
    stereo and 5.1, with long and short blocks) are walked to their true size. Encoders that manage the rate pad packets
    with zeros, which a walk does not see: such tracks are known by their bytes alone.
    """

    blind = True

    def __init__(
        self,
        family: int,
        walker: VorbisWalker,
        *,
        smallest: int,
        most: int,
        largest: int,
        known: dict[int, Int64Array],
    ) -> None:
        self.family = family
        self.largest = largest
        self.rate = walker.setup.sample_rate
        self.known = known
        self._walker = walker
        self._smallest, self._largest = max(1, smallest // 2), max(_HEADROOM * most, _LARGEST)
        self._tails: set[int] = set()
        self._runs: list[tuple[int, int]] = []

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Match nothing: nearly any bytes could be Vorbis."""
        return None

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing: where a chunk ends is told by what follows."""
        return ()

    def may_start(self, window: MediaWindow, pos: int) -> bool:
        """Return whether a packet can be read at ``pos``."""
        buf, at, stop, _ = window.view(pos, self._largest)
        found, status = self._walker.packets(buf, at, min(stop, at + self._largest), 1)
        return status == NEED_MORE or (len(found) == 1 and int(found[0, 0]) >= self._smallest)

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Return the packets that fill unexplained bytes exactly, or up to one that the end of the media cuts."""
        buf, at, stop, _ = window.view(offset, min(size, _LONGEST_RUN))
        stop = min(at + size, stop, at + _LONGEST_RUN)
        found, status = self._walker.packets(buf, at, stop, _MOST_PACKETS, previous=self._block_before(offset))
        odd = np.flatnonzero((found[:, 0] < self._smallest) | (found[:, 0] > self._largest))
        if len(odd):
            found, status = found[: int(odd[0])], 0
        total = int(found[:, 0].sum())
        at_end = offset + size >= window.end and stop - at == size
        cut = status == NEED_MORE and at_end
        alone = total < size and not cut and len(found) < _ENOUGH
        if not len(found) or (alone and not at_end):
            return None
        if cut:
            self._tails.add(offset + total)
        self._note(offset, int(found[-1, 2]))
        cost = _UNPROVEN if alone else 0.0
        return Candidate(self.family, offset, total, found[:, 0].copy(), _rows(found), cost)

    def _block_before(self, offset: int) -> int:
        """Return 1 where the run before ended with a long block: a packet's duration depends on it."""
        place = bisect_left(self._runs, (offset, 0))
        return self._runs[place - 1][1] if place else 0

    def _note(self, offset: int, long_block: int) -> None:
        place = bisect_left(self._runs, (offset, 0))
        self._runs[place : bisect_left(self._runs, (offset + 1, 0))] = [(offset, long_block)]

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Find nothing."""
        return -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True at the packet that `stretch` found the media to end inside."""
        return pos in self._tails


def _rows(found: Int64Array) -> Int64Array:
    rows = np.zeros((len(found), len(FrameColumn)), dtype=np.int64)
    rows[:, FrameColumn.KEY] = 1
    rows[:, FrameColumn.TICKS] = found[:, 1]
    return rows


class VorbisFactory:
    """Make matchers for Vorbis tracks."""

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of one setup are told apart by their order alone."""
        return ("vorbis", decoder_specific_info(track.configuration(b"esds")))

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn the sizes of the reference's packets; falls back on learned bytes where the walk misses their ends."""
        try:
            walker = VorbisWalker(parse_setup(decoder_specific_info(tracks[0].configuration(b"esds"))))
        except BitstreamError:
            return LearnedFactory()(family, tracks, reference)
        known: dict[int, Int64Array] = {}
        explained = shown = 0
        for track in tracks:
            samples = some_samples(track, reference, _READ // len(tracks))
            buf = np.frombuffer(bytearray(b"".join(samples)), dtype=np.uint8)
            found, _ = walker.packets(buf, 0, len(buf), len(samples))
            known[track.index] = _rows(found)
            explained += len(set(np.cumsum(found[:, 0]).tolist()) & set(np.cumsum([len(s) for s in samples]).tolist()))
            shown += len(samples)
        if not shown or explained < _EXPLAINED * shown:
            return LearnedFactory()(family, tracks, reference)
        sizes = np.concatenate([track.samples.size for track in tracks if track.samples is not None])
        smallest, most = int(sizes.min()), int(sizes.max())
        largest = max((int(size) for track in tracks for size in track.runs()[1]), default=0)
        return VorbisMatcher(family, walker, smallest=smallest, most=most, largest=largest, known=known)
