"""Frames of AMR, AMR-WB (3GPP TS 26.101, 26.201; RFC 4867 5.3), EVRC, SMV (RFC 3558) and QCELP (RFC 3625)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.grouped import GroupedSyntax, Unit

_UNSEEN = 3.0
"""Nats of a frame of a type that the reference never has: there are about ten, and another frame has to follow."""


@dataclass(frozen=True, slots=True)
class SpeechCodec:
    """What a codec's first bytes mean.

    Attributes
    ----------
    bits : mapping of int to int
        Speech bits behind each first byte that may occur.
    modes : tuple of int
        First bytes of the codec's modes, in the order of ``mode_set``'s bits.
    silence : tuple of int
        First bytes of comfort noise and of frames without data: any recording may have them.
    rate : int
        Samples a second.
    ticks : int
        Samples a frame: 20 ms.
    """

    bits: Mapping[int, int]
    modes: tuple[int, ...]
    silence: tuple[int, ...]
    rate: int = 8000
    ticks: int = 160


def _table_of_contents(bits: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return the speech bits by the byte F (1 bit, 0), FT (4), Q (1) and padding (2, 0)."""
    return {kind << 3 | quality << 2: count for kind, count in bits for quality in (0, 1)}


_AMR_BITS = (95, 103, 118, 134, 148, 159, 204, 244, 39, 43, 38, 37)
"""4.75 to 12.2 kbit/s; comfort noise of AMR, GSM-EFR, TDMA-EFR and PDC-EFR (3GPP TS 26.101 4.1.3)."""
_AMR_WB_BITS = (132, 177, 253, 285, 317, 365, 397, 461, 477, 40)
"""6.60 to 23.85 kbit/s and comfort noise (3GPP TS 26.201 4.1.3)."""
_LOST, _NO_DATA = 14, 15
_GOOD = 4
"""The quality bit of an undamaged frame."""

AMR = SpeechCodec(
    _table_of_contents([*enumerate(_AMR_BITS), (_NO_DATA, 0)]),
    tuple(mode << 3 | _GOOD for mode in range(8)),
    (8 << 3 | _GOOD, _NO_DATA << 3 | _GOOD),
)
AMR_WB = SpeechCodec(
    _table_of_contents([*enumerate(_AMR_WB_BITS), (_LOST, 0), (_NO_DATA, 0)]),
    tuple(mode << 3 | _GOOD for mode in range(9)),
    (9 << 3 | _GOOD, _LOST << 3 | _GOOD, _NO_DATA << 3 | _GOOD),
    16000,
    320,
)
EVRC = SpeechCodec({1: 16, 2: 40, 3: 80, 4: 171, 5: 0, 14: 0}, (), (1,))
"""EVRC and SMV: 1/8, 1/4, 1/2 and full rate, erasure. Blank frames, a zero byte, end a run."""
QCELP = SpeechCodec({1: 20, 2: 54, 3: 124, 4: 266, 14: 0}, (), (1,))


class SpeechSyntax(GroupedSyntax):
    """Read speech frames by their first byte.

    Parameters
    ----------
    codec : SpeechCodec
    samples : sequence of bytes
        The reference's: they show which first bytes occur, whether the spare bits at a frame's end are zeros, and how
        many frames stand in a sample.
    modes : int
        Bits of the modes that the sample entry allows (``mode_set``), 0 for no more than the reference shows.

    Notes
    -----
    A frame is worth about a byte, so it takes three in a row to be sure. False accepts, tried at every offset of 12 MB
    of H.264, HEVC, PCM, AAC and random bytes: a single 12.2 kbit/s frame at 1 in 3,500, a 4.75 one at 1 in 470, none
    of a certain run.
    """

    def __init__(self, codec: SpeechCodec, samples: Sequence[bytes], modes: int = 0) -> None:
        super().__init__()
        self.rate = codec.rate
        self._ticks = codec.ticks
        allowed = {*codec.silence, *(first for bit, first in enumerate(codec.modes) if modes >> bit & 1)}
        self._units = {first: (codec.bits[first], _UNSEEN) for first in allowed}
        self._check_spare = False
        self.largest = 1 + max(-(-bits // 8) for bits in codec.bits.values())
        seen = self._learn(codec, samples)
        self.evidence = math.log(256 / max(len(seen), 1))
        self._units |= {first: (codec.bits[first], self.evidence) for first in seen}
        self._first = np.isin(np.arange(256), sorted(first for first in seen if codec.bits[first]))
        self.largest *= self.learn_order(samples)
        self._check_spare = True  # unless that would refuse what the reference has
        self._check_spare = all(self.parts(sample) for sample in samples)

    def _learn(self, codec: SpeechCodec, samples: Sequence[bytes]) -> set[int]:
        """Return the first bytes of the reference's frames."""
        seen: set[int] = set()
        for sample in samples:
            at = 0
            while at < len(sample) and sample[at] in codec.bits:
                first = sample[at]
                seen.add(first)
                at += 1 + -(-codec.bits[first] // 8)
        return seen

    def unit(self, buf: NDArray[np.uint8], at: int, stop: int) -> Unit | int:
        """Return the frame at ``buf[at]``; one of zeros is none."""
        known = self._units.get(int(buf[at]))
        if known is None:
            return INVALID
        bits, evidence = known
        size = 1 + -(-bits // 8)
        if at + size > stop:
            return NEED_MORE
        if evidence <= _UNSEEN and (at + size == stop or int(buf[at + size]) not in self._units):
            return INVALID
        if bits and not buf[at : at + size].any():
            return INVALID
        spare = -bits % 8
        if self._check_spare and spare:
            if int(buf[at + size - 1]) & ((1 << spare) - 1):
                return INVALID
            evidence += spare * math.log(2)
        return Unit(size, self._ticks, evidence)

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a byte that speech frames of the reference begin with; see `FrameSyntax`."""
        hits = np.flatnonzero(self._first[buf[at : min(limit, stop)]])
        return at + int(hits[0]) if len(hits) else -1
