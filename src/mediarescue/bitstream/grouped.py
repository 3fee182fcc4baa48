"""Samples that hold a fixed number of frames, each of which tells its own size: most sound but AAC."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.frames import Frame


class Unit(NamedTuple):
    """One frame: bytes, duration in units of the syntax's ``rate``, evidence in nats, and `Frame.look`."""

    size: int
    ticks: int
    evidence: float
    look: int = 0


class GroupedSyntax(ABC):
    """Read samples of ``per_sample`` frames; the codec says what one frame is.

    Attributes
    ----------
    evidence : float
        Nats a frame of the usual kind is worth.
    largest : int
        Bytes no sample exceeds.
    rate : int
        Hz of the frames' ticks.
    per_sample : int
        Frames in a sample; the last sample of a track may have fewer.

    Notes
    -----
    A sample with fewer frames than usual is taken where something else follows them, so the frames of a run never
    reach into other tracks.
    """

    evidence: float
    largest: int
    rate: int

    def __init__(self) -> None:
        self.per_sample = 1

    @abstractmethod
    def unit(self, buf: NDArray[np.uint8], at: int, stop: int) -> Unit | int:
        """Return the frame at ``buf[at]``, INVALID, or NEED_MORE where it may run over ``stop``."""

    def count_frames(self, samples: Sequence[bytes]) -> None:
        """Learn from the reference's samples how many frames each holds."""
        counts = [self._frames_in(sample) for sample in samples[:-1] or samples]
        self.per_sample = max([count for count in counts if count], default=1)
        self.largest *= self.per_sample

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        end, ticks, evidence, look = at, 0, 0.0, 0
        for count in range(self.per_sample):
            unit = self.unit(buf, end, stop) if end < stop else NEED_MORE
            if isinstance(unit, int):
                ended = unit != NEED_MORE or (final and end == stop)
                if count and ended:
                    break
                return unit
            end += unit.size
            ticks += unit.ticks
            evidence += unit.evidence
            look = look or unit.look
        return Frame(end - at, ticks=ticks, evidence=evidence, look=look)

    def _frames_in(self, sample: bytes) -> int:
        """Return how many frames fill a sample, 0 where they do not."""
        buf = np.frombuffer(sample, dtype=np.uint8)
        at = count = 0
        while at < len(buf):
            unit = self.unit(buf, at, len(buf))
            if isinstance(unit, int):
                return 0
            at += unit.size
            count += 1
        return count
