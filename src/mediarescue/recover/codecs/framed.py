"""Codecs whose samples tell their own size: learn the syntax from the reference, and make the matcher."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.frames import FrameColumn, FrameSyntax
from mediarescue.bitstream.padded import PaddedSyntax, learn_fill
from mediarescue.recover.codecs.framed_matcher import FramedMatcher
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_SIZE_HEADROOM = 8
_SMALLEST_LIMIT = 64 << 10
_SAMPLES_READ = 128
_BYTES_READ = 48 << 20
_EXPLAINED = 0.9


class FramedFactory(ABC):
    """Make matchers for one codec of framed samples.

    Attributes
    ----------
    name : str
        Of the codec, part of the family key.
    """

    name: ClassVar[str]

    @abstractmethod
    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FrameSyntax | None:
        """Return the syntax as configured by the sample entry and shown by some of the reference's own samples.

        None, or a BitstreamError, where the track is of a form that is not understood: it is learned by its bytes then.
        """

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of one codec look alike; a codec that needs its configuration to read a sample adds that."""
        return (self.name,)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn from the reference's samples; falls back on learned bytes where the syntax does not explain those."""
        shown = {track.index: some_samples(track, reference, _BYTES_READ // len(tracks)) for track in tracks}
        syntax = self._explaining(tracks, [sample for samples in shown.values() for sample in samples])
        if syntax is None:
            return LearnedFactory()(family, tracks, reference)
        known = {index: _rows(syntax, samples) for index, samples in shown.items()}
        return FramedMatcher(family, syntax, max_sample=_size_limit(tracks), known=known)

    def _explaining(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FrameSyntax | None:
        try:
            syntax = self.syntax(tracks, samples)
        except BitstreamError:
            return None
        if syntax is None:
            return None
        explained = explained_by(syntax, samples)
        if explained < len(samples):
            padded = PaddedSyntax(syntax, learn_fill(syntax, samples))
            if (more := explained_by(padded, samples)) > explained:
                syntax, explained = padded, more
        return syntax if explained >= _EXPLAINED * len(samples) else None


def explained_by(syntax: FrameSyntax, samples: Sequence[bytes]) -> int:
    """Return how many samples of the reference are read to their size."""
    return sum(_row(syntax, sample) is not None for sample in samples)


def _row(syntax: FrameSyntax, sample: bytes) -> tuple[int, ...] | None:
    """Return the row of a sample of the reference, None where the syntax gives it another size."""
    buf = np.frombuffer(bytearray(sample), dtype=np.uint8)
    frame = syntax.frame(buf, 0, len(buf), final=True)
    if isinstance(frame, int) or frame.size != len(sample):
        return None
    return frame.row


def _rows(syntax: FrameSyntax, samples: Sequence[bytes]) -> NDArray[np.int64]:
    """Return the rows of a track's leading samples, int64 (n, columns), up to the first that is not understood."""
    rows = itertools.takewhile(lambda row: row is not None, (_row(syntax, sample) for sample in samples))
    return np.array(list(rows), dtype=np.int64).reshape(-1, len(FrameColumn))


def some_samples(track: TrackProfile, reference: MediaWindow, most: int, count: int = _SAMPLES_READ) -> list[bytes]:
    """Return a track's first ``count`` samples, some dozens of them, in at most ``most`` bytes."""
    found: list[bytes] = []
    if track.samples is None:
        return found
    offsets, sizes = track.samples.offset[:count], track.samples.size[:count]
    for offset, size in zip(offsets.tolist(), sizes.tolist(), strict=True):
        most -= size
        if size <= 0 or most < 0:
            break
        found.append(reference.peek(offset, size))
    return found


def _size_limit(tracks: Sequence[TrackProfile]) -> int:
    largest = [int(t.samples.size.max()) for t in tracks if t.samples is not None and len(t.samples)]
    return max(_SIZE_HEADROOM * max(largest, default=8 << 20), _SMALLEST_LIMIT)
