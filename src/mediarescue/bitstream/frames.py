"""What a codec whose samples tell their own size says of them: the seam between bitstream syntax and its matcher."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class FrameColumn(IntEnum):
    """Columns of a sample's row (int64)."""

    KEY = 0
    """1 where decoding can start, 2 where pictures shown first then lack their reference: partial sync samples."""
    BIDIRECTIONAL = 1
    """1 for a picture that is shown before the anchor decoded in front of it (a B picture)."""
    TICKS = 2
    """Duration in units of the syntax's ``rate``, -1 where the stream does not say."""
    LOOK = 3
    """What a header says that tells a codec's tracks apart (channels, bit rate), in the syntax's own numbers."""


class Frame(NamedTuple):
    """One whole sample.

    Attributes
    ----------
    size : int
        Bytes.
    key : int
        1 where decoding can start, 2 at a partial sync sample (QuickTime's ``stps``), else 0.
    bidirectional : bool
        A B picture of MPEG-1, 2 or 4.
    ticks : int
        Duration in units of the syntax's ``rate``, -1 where the stream does not say.
    evidence : float or None
        Nats this one sample is worth, where it is not what all are worth.
    look : int
        What of its header is the same throughout a track, and may differ in another track of the codec.
    """

    size: int
    key: int = 1
    bidirectional: bool = False
    ticks: int = -1
    evidence: float | None = None
    look: int = 0

    @property
    def row(self) -> tuple[int, int, int, int]:
        """The sample's row, in the order of `FrameColumn`."""
        return (self.key, self.bidirectional, self.ticks, self.look)


class FrameSyntax(Protocol):
    """Read the samples of one codec; pure, never raises on any bytes.

    Attributes
    ----------
    evidence : float
        How unlikely other bytes pass for one sample, in nats: 5.5 for each byte that is fixed or checked. Twenty are
        proof.
    largest : int
        Bytes no sample exceeds.
    rate : int
        Hz of ``Frame.ticks``, 0 where there are none.
    """

    evidence: float
    largest: int
    rate: int

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``, INVALID where none starts, NEED_MORE where it runs over ``stop``.

        Parameters
        ----------
        buf : uint8 (n,)
        at, stop : int
            Bytes from ``stop`` on are not to be read.
        final : bool
            ``stop`` is the end of the media: no more bytes will come.
        """

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index in ``[at, limit)`` where a sample might start, by its first bytes; -1 for none."""
