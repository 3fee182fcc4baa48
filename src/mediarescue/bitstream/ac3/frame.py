"""Syncframes of AC-3 (ETSI TS 102 366 4.3, 4.4.1) and E-AC-3 (annex E.1.2, E.1.3.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.grouped import SOUND_RATE, GroupedSyntax, Unit
from mediarescue.bitstream.search import find_bytes

_SYNC = b"\x0b\x77"
_HEADER = 7
_KBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_RATES = (48000, 44100, 32000)
_BLOCKS = (1, 2, 3, 6)
_BLOCK_SAMPLES = 256
_RESERVED = 3
_MAIN = ((0, 0), (2, 0))
"""The substream whose blocks are the sample's duration."""
_PLAIN_AC3, _LAST_AC3, _FIRST_EAC3, _LAST_EAC3 = 8, 10, 11, 16
"""bsid: up to 8 AC-3, 9 and 10 at a half and a quarter of the sampling frequency, 11 to 16 E-AC-3."""
_SYNC_EVIDENCE, _STREAM_EVIDENCE, _MODE_EVIDENCE, _SIZE_EVIDENCE = 11.1, 6.5, 4.1, 4.0

Stream = tuple[int, int]
"""Type and substreamid of a syncframe's substream; AC-3 is independent, number 0."""
Identity = tuple[Stream, int, int]
"""Substream, sampling frequency and bsid."""


class SyncFrame(NamedTuple):
    """One syncframe.

    Attributes
    ----------
    stream : (int, int)
        Type (0 independent, 1 dependent, 2 independent and converted from AC-3) and number of the substream.
    size : int
        Bytes.
    samples : int
        Of each channel.
    sampling_frequency : int
        Hz.
    coding : int
        bsid.
    mode : int
        Channels and, of AC-3, the kind of service: what a stream hardly ever changes.
    """

    stream: Stream
    size: int
    samples: int
    sampling_frequency: int
    coding: int
    mode: int


def parse_syncframe(head: bytes) -> SyncFrame | None:
    """Return what the first seven bytes of a syncframe say, None where they are none."""
    if len(head) < _HEADER or head[:2] != _SYNC:
        return None
    coding = head[5] >> 3
    if coding <= _LAST_AC3:
        code, fscod = head[4] & 63, head[4] >> 6
        if fscod == 3 or code >> 1 >= len(_KBITS):
            return None
        words = _KBITS[code >> 1] * 96000 // _RATES[fscod] + (code & 1 if fscod == 1 else 0)
        frequency = _RATES[fscod] >> max(0, coding - _PLAIN_AC3)
        return SyncFrame((0, 0), 2 * words, 6 * _BLOCK_SAMPLES, frequency, coding, (head[5] & 7) << 3 | head[6] >> 5)
    kind = head[2] >> 6
    size = 2 * (((head[2] & 7) << 8 | head[3]) + 1)
    fscod, second = head[4] >> 6, head[4] >> 4 & 3
    if coding > _LAST_EAC3 or kind == _RESERVED or size <= _HEADER or (fscod == 3 and second == 3):
        return None
    frequency, blocks = (_RATES[fscod], _BLOCKS[second]) if fscod < 3 else (_RATES[second] // 2, 6)
    return SyncFrame((kind, head[2] >> 3 & 7), size, blocks * _BLOCK_SAMPLES, frequency, coding, head[4] & 15)


class Ac3Syntax(GroupedSyntax):
    """Read samples of AC-3 and E-AC-3.

    Parameters
    ----------
    samples : sequence of bytes
        The reference's.

    Notes
    -----
    A sample is one syncframe of AC-3; of E-AC-3 as many as make six blocks, each with the further substreams: other
    programmes, more channels, the objects of Atmos (ETSI TS 102 366 F.2). The reference shows which syncframes make a
    sample, and a sample ends where another order would begin. False accepts, tried at every offset of 16 MB of H.264,
    HEVC, PCM, AAC and random bytes: one, of unseen channels, none that was certain.
    """

    largest = 64 << 10
    rate = SOUND_RATE

    def __init__(self, samples: Sequence[bytes]) -> None:
        super().__init__()
        self._modes: dict[Identity, set[int]] = {}
        self._sizes: set[int] = set()
        for sample in samples:
            self._learn(sample)
        few = min(math.log(2048 / len(self._sizes)), _SIZE_EVIDENCE) if self._sizes else 0.0
        self.evidence = _SYNC_EVIDENCE + _STREAM_EVIDENCE + _MODE_EVIDENCE + few
        self.learn_order(samples)

    def _learn(self, sample: bytes) -> None:
        """Take in the syncframes of a sample."""
        at = 0
        while (frame := parse_syncframe(sample[at : at + _HEADER])) is not None:
            self._modes.setdefault(_identity(frame), set()).add(frame.mode)
            self._sizes.add(frame.size)
            at += frame.size

    def unit(self, buf: NDArray[np.uint8], at: int, stop: int) -> Unit | int:
        """Return the syncframe at ``buf[at]``."""
        head = buf[at : min(at + _HEADER, stop)].tobytes()
        if len(head) < _HEADER:
            return NEED_MORE if head[:2] == _SYNC[: len(head)] else INVALID
        frame = parse_syncframe(head)
        if frame is None or (self._modes and _identity(frame) not in self._modes):
            return INVALID
        if at + frame.size > stop:
            return NEED_MORE
        ticks = frame.samples * (self.rate // frame.sampling_frequency) if frame.stream in _MAIN else 0
        usual = frame.mode in self._modes.get(_identity(frame), ())
        evidence = self.evidence - (0.0 if usual else 2 * _MODE_EVIDENCE)
        look = frame.size << 16 | frame.coding << 8 | frame.mode
        return Unit(frame.size, ticks, evidence, look, _identity(frame))

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a sync word; see `FrameSyntax`."""
        return find_bytes(buf, _SYNC, at, limit, stop)


def _identity(frame: SyncFrame) -> Identity:
    return frame.stream, frame.sampling_frequency, frame.coding
