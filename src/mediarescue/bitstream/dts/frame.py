"""Headers of the DTS core (ETSI TS 102 114 5.3) and of its extension substreams (7.4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.grouped import SOUND_RATE, GroupedSyntax, Unit
from mediarescue.bitstream.search import find_bytes

_CORE_SYNC, _EXTENSION_SYNC = b"\x7f\xfe\x80\x01", b"\x64\x58\x20\x25"
_HEADER = 10
_FREQUENCIES = {
    1: 8000, 2: 16000, 3: 32000, 6: 11025, 7: 22050, 8: 44100, 11: 12000, 12: 24000, 13: 48000,
}  # fmt: skip
_SMALLEST_CORE = 96
_FEWEST_BLOCKS = 6
_BLOCK_SAMPLES = 32
_CORE_PART = -1


class CoreHeader(NamedTuple):
    """Bytes of a core frame, samples of each channel, and their frequency in Hz."""

    size: int
    samples: int
    sampling_frequency: int


class ExtensionHeader(NamedTuple):
    """Bytes and number (nExtSSIndex) of an extension substream's frame."""

    size: int
    number: int


def parse_core(head: bytes) -> CoreHeader | None:
    """Return what the first ten bytes of a core frame say, None where they are none."""
    if len(head) < _HEADER or head[:4] != _CORE_SYNC:
        return None
    bits = int.from_bytes(head[4:10], "big")  # FTYPE 1, SHORT 5, CPF 1, NBLKS 7, FSIZE 14, AMODE 6, SFREQ 4, RATE 5
    blocks, size = (bits >> 34 & 127) + 1, (bits >> 20 & 0x3FFF) + 1
    frequency = _FREQUENCIES.get(bits >> 10 & 15)
    if frequency is None or size < _SMALLEST_CORE or blocks < _FEWEST_BLOCKS:
        return None
    return CoreHeader(size, blocks * _BLOCK_SAMPLES, frequency)


def parse_extension(head: bytes) -> ExtensionHeader | None:
    """Return what the first ten bytes of an extension substream's frame say, None where they are none."""
    if len(head) < _HEADER or head[:4] != _EXTENSION_SYNC:
        return None
    bits = int.from_bytes(head[5:10], "big")  # index 2, long header 1, then its sizes
    if bits >> 37 & 1:
        header, size = (bits >> 25 & 0xFFF) + 1, (bits >> 5 & 0xFFFFF) + 1
    else:
        header, size = (bits >> 29 & 0xFF) + 1, (bits >> 13 & 0xFFFF) + 1
    return ExtensionHeader(size, bits >> 38) if _HEADER <= header <= size else None


class DtsSyntax(GroupedSyntax):
    """Read samples of a core frame, its extension substreams, or both (ETSI TS 102 114 E.2).

    Parameters
    ----------
    samples : sequence of bytes
        The reference's: they show which of them make a sample.

    Notes
    -----
    A sync word of four bytes is proof: no false accept at any offset of 16 MB of H.264, HEVC, PCM, AAC and random
    bytes. Extension substreams alone (LBR, lossless without a core) do not tell their duration in a simple place:
    that is the reference's.
    """

    evidence = 22.0
    largest = 1 << 20
    rate = SOUND_RATE

    def __init__(self, samples: Sequence[bytes]) -> None:
        super().__init__()
        cores = [core for sample in samples if (core := parse_core(sample[:_HEADER])) is not None]
        self._frequencies = {core.sampling_frequency for core in cores}
        self.learn_order(samples)

    def unit(self, buf: NDArray[np.uint8], at: int, stop: int) -> Unit | int:
        """Return the core frame or extension substream at ``buf[at]``."""
        head = buf[at : min(at + _HEADER, stop)].tobytes()
        if len(head) < _HEADER:
            cut = any(sync[: len(head)] == head[:4] for sync in (_CORE_SYNC, _EXTENSION_SYNC))
            return NEED_MORE if cut else INVALID
        core, extension = parse_core(head), parse_extension(head)
        if core is not None and (not self._frequencies or core.sampling_frequency in self._frequencies):
            ticks = core.samples * (self.rate // core.sampling_frequency)
            unit = Unit(core.size, ticks, self.evidence, int.from_bytes(head[7:10], "big") >> 5 & 0x7FFF, _CORE_PART)
        elif extension is not None:
            unit = Unit(extension.size, 0, self.evidence, 0, extension.number)
        else:
            return INVALID
        return unit if at + unit.size <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a sync word; see `FrameSyntax`."""
        hits = [find_bytes(buf, sync, at, limit, stop) for sync in (_CORE_SYNC, _EXTENSION_SYNC)]
        return min((hit for hit in hits if hit >= 0), default=-1)
