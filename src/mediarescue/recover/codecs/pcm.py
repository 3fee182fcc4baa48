"""PCM: samples without any structure, known only by the length of a run, by what follows it, and by being no noise."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.frames import FrameColumn
from mediarescue.isobmff.sound_packets import sound_packet
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.codecs.framed_matcher import FrameRows
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.evenness import Evenness
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.models import LengthModel
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.runs import run_starts
from mediarescue.recover.window import MediaWindow

Int64Array = NDArray[np.int64]
_LENGTHS_TRIED = 24
_STRETCH_FACTOR = 4
_SHORTEST_STRETCH = 1 << 14
_SHORTEST_LAST = 1 << 20
"""Bytes that may be one run whatever the reference's lengths: between other samples, and at the end of the media."""
_KNOWN_SAMPLES = 4000
_FEWEST_USUAL = 3
_USUAL_PART = 0.9
"""Of the reference's runs that must be of one length for it to be the rule."""


class PcmMatcher:
    """Propose runs of constant-size audio.

    Parameters
    ----------
    family : int
    block : int
        Bytes of one PCM frame (all channels), or of one packet of ADPCM.
    lengths : LengthModel
        Bytes of the reference's runs.
    sound : Evenness
        Of the reference's sound.
    alone : bool
        True where nothing else lies between the reference's chunks: a run may have any length.
    whole : bool
        True where a run may begin and end anywhere: one track, whose frames are all there is to it.
    """

    blind = True

    def __init__(
        self,
        family: int,
        block: int,
        lengths: LengthModel,
        sound: Evenness,
        *,
        alone: bool = False,
        whole: bool = False,
    ) -> None:
        self.family = family
        self.block = block
        self._lengths = lengths
        self._sound = sound
        self._alone = alone
        self._whole = whole
        (usual, times), *_ = lengths.counts.most_common(1) or [(0, 0)]
        self._usual = usual if times >= max(_FEWEST_USUAL, _USUAL_PART * lengths.total) else 0
        self._odd: set[int] = set()

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Match nothing: any bytes could be PCM."""
        return None

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Return runs of the lengths seen in the reference."""
        return [self._run(pos, size) for size in self._lengths.likely(_LENGTHS_TRIED) if size > 0]

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Return the run of whole PCM frames that fills unexplained bytes, unless it would be absurdly long.

        Notes
        -----
        A damaged picture between short runs is no sound, nor is what another codec compressed: that is even.
        """
        size -= size % self.block
        last = window.end - offset - size < self.block
        most = max(_STRETCH_FACTOR * self._lengths.largest, _SHORTEST_LAST if last else _SHORTEST_STRETCH)
        if size <= 0 or (not self._alone and size > most):
            return None
        if self._is_odd(size) and not last and offset > window.start:
            self._odd.add(size)  # bytes of a damaged picture beside a usual run, unless it is one of many
            return None
        return self._run(offset, size) if self._sound.may_be_sound(window, offset, size) else None

    def _run(self, offset: int, size: int) -> Candidate:
        return Candidate(self.family, offset, size, np.array([size], dtype=np.int64), None, self._lengths.cost(size))

    def _is_odd(self, size: int) -> bool:
        """Whether a run is a little longer or shorter than they always are."""
        return 0 < abs(size - self._usual) < self._sound.piece and self._usual > 0 and size not in self._odd

    def sound_from(self, window: MediaWindow, pos: int, end: int) -> Candidate | None:
        """Return the run at ``pos`` up to where damage may begin, none where nobody can tell."""
        size = self._sound.sound_from(window, pos, min(end, pos + self._lengths.largest)) if self._whole else 0
        return self._run(pos, size) if size else None

    def sound_before(self, window: MediaWindow, pos: int, end: int, earliest: int) -> Candidate | None:
        """Return the run that ends at ``end``, from where damage may end on, none where nobody can tell.

        Parameters
        ----------
        pos : int
            Where the last sample claims to end.
        earliest : int
            Where that begins: a run as long as all others may begin inside it.
        """
        first = end - self._usual
        if self._whole and self._usual and earliest < first and self._sound.tells:
            inside = self._sound.is_noise(window, first, pos) if first < pos else False
            if not inside and self._sound.may_be_sound(window, max(first, pos), end - max(first, pos)):
                return self._run(first, self._usual)
        size = self._sound.sound_before(window, max(pos, end - self._lengths.largest), end) if self._whole else 0
        return self._run(end - size, size) if size else None

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Find nothing: any byte could be PCM."""
        return -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True for the few bytes of a frame that the media ends inside of."""
        return 0 < window.end - pos < self.block


class PcmPacketMatcher(PcmMatcher, FrameRows):
    """Propose runs of PCM whose samples hold many frames each, in sizes that may vary.

    Parameters
    ----------
    patterns : list of tuple of int
        Bytes of the samples of each of the reference's runs.
    rate : int
        PCM frames a second.
    known : dict of int64 (n, columns)
        The rows of each track's leading samples, by the track's index.
    """

    def __init__(
        self,
        family: int,
        block: int,
        patterns: Sequence[tuple[int, ...]],
        sound: Evenness,
        *,
        alone: bool,
        rate: int,
        known: dict[int, Int64Array],
    ) -> None:
        super().__init__(family, block, LengthModel(map(sum, patterns)), sound, alone=alone)
        self.rate = rate
        self.known = known
        counts = Counter(patterns)
        self._patterns = {sum(pattern): pattern for pattern, _ in reversed(counts.most_common())}
        self._usual_sample = Counter(size for pattern in patterns for size in pattern).most_common(1)[0][0]

    def _run(self, offset: int, size: int) -> Candidate:
        """Return the run cut like the reference's of that length, else into samples of the usual size."""
        pattern = self._patterns.get(size)
        if pattern is None:
            whole, rest = divmod(size, self._usual_sample)
            pattern = (self._usual_sample,) * whole + ((rest,) if rest else ())
        sizes = np.array(pattern, dtype=np.int64)
        return Candidate(self.family, offset, size, sizes, _rows(sizes, self.block), self._lengths.cost(size))


def _rows(sizes: Int64Array, block: int) -> Int64Array:
    rows = np.zeros((len(sizes), len(FrameColumn)), dtype=np.int64)
    rows[:, FrameColumn.KEY] = 1
    rows[:, FrameColumn.TICKS] = sizes // block
    return rows


class PcmFactory:
    """Make matchers for PCM tracks: of one frame a tick by chunks, of larger samples by runs of samples."""

    def family_key(self, track: TrackProfile) -> object:
        """PCM tracks cannot be told apart but by order; those of larger samples only where their frames are alike."""
        if track.chunks is not None:
            return ("pcm",)
        return ("pcm packets", _frame_size(track)) if _frame_size(track) else LearnedFactory().family_key(track)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn the lengths of runs."""
        if tracks[0].chunks is not None:
            block = math.gcd(*(track.chunks.block for track in tracks if track.chunks is not None))
            lengths = _run_lengths(tracks)
            sound = Evenness(reference, _runs(tracks), block)
            return PcmMatcher(
                family, block, LengthModel(lengths), sound, alone=len(lengths) == 1, whole=len(tracks) == 1
            )
        block = _frame_size(tracks[0])
        patterns = [pattern for track in tracks for pattern in _run_patterns(track)]
        if not block or not patterns:
            return LearnedFactory()(family, tracks, reference)
        known = {
            track.index: _rows(track.samples.size[:_KNOWN_SAMPLES].astype(np.int64), block)
            for track in tracks
            if track.samples is not None
        }
        entry = tracks[0].track.sample_entries[0].fields
        rate = round(entry.get("audio_sample_rate", entry.get("sample_rate", 0.0)))
        sound = Evenness(reference, _runs(tracks), block)
        return PcmPacketMatcher(family, block, patterns, sound, alone=len(patterns) == 1, rate=rate, known=known)


def _frame_size(track: TrackProfile) -> int:
    """Return the bytes of a PCM frame, or of a packet, by the entry; 0 where the samples are no multiples of it."""
    packet = sound_packet(track.track)
    if packet is None or packet[1] != 1 or track.samples is None or (track.samples.size % packet[0]).any():
        return 0
    return packet[0]


def _runs(tracks: Sequence[TrackProfile]) -> list[tuple[int, int]]:
    """Return offset and bytes of each chunk of the tracks."""
    runs = [track.runs() for track in tracks]
    return [row for offset, size, _ in runs for row in zip(offset.tolist(), size.tolist(), strict=True)]


def _run_lengths(tracks: Sequence[TrackProfile]) -> list[int]:
    """Return the bytes of each run of chunks that touch, whichever of the tracks they are of."""
    runs = [track.runs() for track in tracks]
    offset, size = (np.concatenate([run[k] for run in runs]).astype(np.int64) for k in (0, 1))
    order = np.argsort(offset, kind="stable")
    starts = run_starts(offset[order], size[order])
    return np.add.reduceat(size[order], starts).tolist() if len(starts) else []


def _run_patterns(track: TrackProfile) -> list[tuple[int, ...]]:
    samples = track.samples
    if samples is None or not len(samples):
        return []
    starts = run_starts(samples.offset, samples.size)
    return [tuple(part.tolist()) for part in np.split(samples.size.astype(np.int64), starts[1:])]
