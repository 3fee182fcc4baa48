"""Camera Motion Metadata (``camm``, Google's CAMM specification): a sample is a packet of a type with a fixed size."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame

_HEADER = 4
_PAYLOADS = tuple(
    struct.Struct(layout) for layout in ("<3f", "<2i", "<3f", "<3f", "<3f", "<3d", "<didd7f", "<3f")
)  # orientation, exposure, gyroscope, acceleration, position, place, GPS, magnetic field
_HEADER_EVIDENCE = 9.0
"""Nats of three zeros, which stand everywhere, and a type."""
_NUMBER_EVIDENCE = 1.0
"""Three of four random bit patterns are no number a sensor gives."""
_SMALLEST, _LARGEST = 1e-12, 1e12
_TELLING = 12
"""Bytes of a cut packet that show what it is."""


class CammSyntax:
    """Read CAMM packets: ``uint16 reserved = 0``, ``uint16 type``, payload; little-endian.

    Parameters
    ----------
    types : iterable of int
        Packet types of the reference; all eight where it shows none.

    Notes
    -----
    False accepts (two packets in a row) at every offset of 17 MB of H.264, HEVC, AAC, PCM and noise: none.
    """

    evidence = _HEADER_EVIDENCE
    largest = 60
    rate = 0

    def __init__(self, types: Iterable[int]) -> None:
        self._types = frozenset(types) or frozenset(range(len(_PAYLOADS)))

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the packet at ``buf[at]``; see `FrameSyntax`."""
        data = buf[at : min(at + self.largest, stop)].tobytes()
        kind = packet_type(data)
        if kind not in self._types:
            return INVALID
        layout = _PAYLOADS[kind]
        if len(data) < _HEADER + layout.size:
            cut = len(data) >= _HEADER + _TELLING and any(data[_HEADER:])
            return NEED_MORE if cut or not final else INVALID
        values = layout.unpack_from(data, _HEADER)
        if not all(not value or _SMALLEST < abs(value) < _LARGEST for value in values):
            return INVALID
        telling = sum(map(bool, values))
        if not telling:
            return INVALID  # zeros are nobody's
        return Frame(_HEADER + layout.size, evidence=_HEADER_EVIDENCE + _NUMBER_EVIDENCE * telling)

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of two zeros and a type of the reference's; see `FrameSyntax`."""
        end = min(limit, stop - _HEADER)
        if end <= at:
            return -1
        hit = (buf[at:end] == 0) & (buf[at + 1 : end + 1] == 0) & (buf[at + 3 : end + 3] == 0)
        hit &= np.isin(buf[at + 2 : end + 2], sorted(self._types))
        for index in np.flatnonzero(hit).tolist():
            if isinstance(self.frame(buf, at + index, stop, final=False), Frame):
                return at + index
        return -1


def packet_type(data: bytes) -> int:
    """Return the type of the packet that begins with ``data``, -1 where none does."""
    if len(data) < _HEADER or data[0] or data[1] or data[3] or data[2] >= len(_PAYLOADS):
        return -1
    return data[2]
