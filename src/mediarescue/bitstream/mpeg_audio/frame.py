"""Frames of MPEG-1, MPEG-2 and "MPEG-2.5" audio by their four header bytes (ISO/IEC 11172-3 2.4.1.3, 2.4.2.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.grouped import SOUND_RATE, GroupedSyntax, Unit
from mediarescue.bitstream.search import find_bytes

_KBITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates in kbit/s from index 1 on, by version (1; 2 and 2.5) and layer; layer III of version 2 as its layer II."""
_RATES = (44100, 48000, 32000)
_HALVED = {3: 0, 2: 1, 0: 2}
"""How often the sampling frequencies are halved, by the version's two bits; 1 is reserved."""
_IDENTITY = 0xFFFF0C0F
"""Header bits that a stream keeps: sync to protection, sampling frequency, copyright to emphasis."""
_LOOK = _IDENTITY | 0xF0C0
"""Those and the bit rate and channel mode, which some streams vary."""
_IDENTITY_EVIDENCE = 22.4 * math.log(2)
_SYNC_EVIDENCE = 8.0
_MONO = 3
_LARGEST = 4096
_NONE: frozenset[int] = frozenset()


class MpegAudioHeader(NamedTuple):
    """What a frame header says.

    Attributes
    ----------
    version : int
        1; 2 for MPEG-2 and 2.5.
    layer : int
    sampling_frequency : int
        Hz.
    samples : int
        Of a frame and channel.
    size : int
        Bytes; 0 for the free format, which does not say.
    padding : int
        Bytes of padding in ``size``.
    """

    version: int
    layer: int
    sampling_frequency: int
    samples: int
    size: int
    padding: int


def parse_header(word: int) -> MpegAudioHeader | None:
    """Return what the 32-bit header ``word`` says, None where it is none."""
    version_bits, layer, index, rate = word >> 19 & 3, 4 - (word >> 17 & 3), word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version_bits == 1 or layer == 4 or index == 15 or rate == 3 or word & 3 == 2:
        return None
    version = 1 if version_bits == 3 else 2
    frequency = _RATES[rate] >> _HALVED[version_bits]
    samples = 384 if layer == 1 else 576 if (version, layer) == (2, 3) else 1152
    slot = 4 if layer == 1 else 1
    padding = slot * (word >> 9 & 1)
    if not index:
        return MpegAudioHeader(version, layer, frequency, samples, 0, padding)
    kbits = _KBITS[version, min(layer, 2) if version == 2 else layer][index - 1]
    size = samples // 8 * kbits * 1000 // (frequency * slot) * slot + padding
    return MpegAudioHeader(version, layer, frequency, samples, size, padding)


class MpegAudioSyntax(GroupedSyntax):
    """Read frames with headers like the reference's.

    Parameters
    ----------
    samples : sequence of bytes
        The reference's; they show the layer, the sampling frequency, the usual bit rates, the size of free format
        frames, and how many frames stand in a sample.

    Notes
    -----
    False accepts, tried at every offset of 12 MB of H.264, HEVC, PCM, AAC and random bytes: seven
    single frames of layer II, three of layer III, no two in a row.
    """

    largest = _LARGEST
    rate = SOUND_RATE

    def __init__(self, samples: Sequence[bytes]) -> None:
        super().__init__()
        words = [int.from_bytes(sample[:4], "big") for sample in samples if len(sample) >= 4]
        read = [(word, header) for word in words if (header := parse_header(word)) is not None]
        self._usual: dict[tuple[int, bool], set[int]] = {}
        self._free: dict[tuple[int, bool], int] = {}
        for word, _ in read:
            self._usual.setdefault(_identity(word), set()).add(word >> 12 & 15)
        for sample in samples:
            self._learn_free(sample)
        self.evidence = _IDENTITY_EVIDENCE - math.log(len(self._usual)) if read else _SYNC_EVIDENCE
        first = {word >> 16 for word, _ in read} or {
            bits for bits in range(0xFFE0, 0x10000) if parse_header(bits << 16)
        }
        self._markers = [bits.to_bytes(2, "big") for bits in sorted(first)]
        self.largest *= self.learn_order(samples)

    def _learn_free(self, sample: bytes) -> None:
        """Take a whole sample for the size of a frame whose header does not give one."""
        word = int.from_bytes(sample[:4], "big")
        header = parse_header(word)
        if header is not None and not header.size:
            self._free.setdefault(_identity(word), len(sample) - header.padding)

    def unit(self, buf: NDArray[np.uint8], at: int, stop: int) -> Unit | int:
        """Return the frame at ``buf[at]``."""
        head = buf[at : min(at + 4, stop)].tobytes()
        if len(head) < 4:
            cut = any(marker.startswith(head[:2]) for marker in self._markers)
            return NEED_MORE if cut else INVALID
        word = int.from_bytes(head, "big")
        usual = self._usual.get(_identity(word), _NONE)
        header = parse_header(word) if usual or not self._usual else None
        if header is None:
            return INVALID
        size = header.size or self._free.get(_identity(word), 0) + header.padding
        if not 4 < size <= self.largest:
            return INVALID
        if at + size > stop:
            return NEED_MORE
        evidence = self.evidence + (math.log(14 / len(usual)) if word >> 12 & 15 in usual else 0.0)
        return Unit(size, header.samples * (self.rate // header.sampling_frequency), evidence, word & _LOOK)

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a header's first two bytes; see `FrameSyntax`."""
        hits = [find_bytes(buf, marker, at, limit, stop) for marker in self._markers]
        return min((hit for hit in hits if hit >= 0), default=-1)


def _identity(word: int) -> tuple[int, bool]:
    return word & _IDENTITY, word >> 6 & 3 == _MONO
