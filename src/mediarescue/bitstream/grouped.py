"""Samples made of frames that each tell their own size: most sound but AAC."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame

SOUND_RATE = 14_112_000
"""Hz that all the usual sampling frequencies divide: those of 48, 44.1 and 32 kHz, their halves and quarters."""


class Unit(NamedTuple):
    """One frame of a sample.

    Attributes
    ----------
    size : int
        Bytes.
    ticks : int
        Duration it adds to its sample, in units of the syntax's ``rate``.
    evidence : float
        Nats.
    look : int
        See `Frame.look`; that of a sample's first frame counts.
    part : hashable
        What it is in its sample, where samples are made of several kinds of frames (core, extension).
    """

    size: int
    ticks: int
    evidence: float
    look: int = 0
    part: Hashable = None


class GroupedSyntax(ABC):
    """Read samples of one or more frames; the codec says what one frame is, the reference which make a sample.

    Attributes
    ----------
    evidence : float
        Nats a sample of the usual kind is worth.
    largest : int
        Bytes no sample exceeds.
    rate : int
        Hz of the frames' ticks.

    Notes
    -----
    A sample with fewer frames than usual is taken where something else follows them, so the frames of a run never
    reach into other tracks. Where the reference has no sample of a track, each frame is taken for one.
    """

    evidence: float
    largest: int
    rate: int

    def __init__(self) -> None:
        self._beginnings: set[tuple[Hashable, ...]] = set()
        self._unfinished: set[tuple[Hashable, ...]] = {()}

    @abstractmethod
    def unit(self, buf: NDArray[np.uint8], at: int, stop: int) -> Unit | int:
        """Return the frame at ``buf[at]``, INVALID, or NEED_MORE where it may run over ``stop``."""

    def learn_order(self, samples: Sequence[bytes]) -> int:
        """Learn from the reference's samples which frames make one; returns how many at most."""
        orders = [self.parts(sample) for sample in samples]
        self._beginnings = {order[: count + 1] for order in orders for count in range(len(order))}
        self._unfinished = {(), *(order[:-1] for order in self._beginnings)}
        return max(map(len, orders), default=0) or 1

    def parts(self, sample: bytes) -> tuple[Hashable, ...]:
        """Return the parts of the frames that fill a sample, () where they do not."""
        buf = np.frombuffer(sample, dtype=np.uint8)
        at, order = 0, []
        while at < len(buf):
            unit = self.unit(buf, at, len(buf))
            if isinstance(unit, int):
                return ()
            order.append(unit.part)
            at += unit.size
        return tuple(order)

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        end, ticks, evidence, look = at, 0, 0.0, 0
        order: tuple[Hashable, ...] = ()
        while order in self._unfinished:
            unit = self.unit(buf, end, stop) if end < stop else NEED_MORE
            following = order
            if not isinstance(unit, int):
                following = (*order, unit.part)
                unit = unit if not self._beginnings or following in self._beginnings else INVALID
            if isinstance(unit, int):
                if order and (unit != NEED_MORE or (final and end == stop)):
                    break
                return unit
            end += unit.size
            ticks += unit.ticks
            evidence += unit.evidence
            look = look if order else unit.look
            order = following
        return Frame(end - at, ticks=ticks, evidence=evidence, look=look)
