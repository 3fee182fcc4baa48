"""RTP hint samples (ISO/IEC 14496-12 9.1.3): packets of constructors, and the bytes they keep behind them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame

_PACKET = 12
_CONSTRUCTOR = 16
_VERSION = 0x80
"""RTP version 2 in the header bits; padding and extension bits are not stored there."""
_MOST_PACKETS = 4096
_MOST_ENTRIES = 256
_OWN_TRACK = 0xFF
_EXTRA = 4


class RtpHintSyntax:
    """Read hint samples.

    Notes
    -----
    The constructors of a packet may point behind the packets, into the sample's own bytes: the size is where the last
    of them ends. False accepts at every offset of 17 MB of H.264, HEVC, AAC, PCM and noise: none.
    """

    evidence = 24.0
    """Reserved bits, the RTP version, and the type of each constructor."""
    largest = 8 << 20
    rate = 0

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        head = buf[at : min(at + 4, stop)].tobytes()
        packets = int.from_bytes(head[:2], "big")
        if len(head) < 4 or head[2:] != b"\0\0" or not 0 < packets <= _MOST_PACKETS:
            return INVALID
        pos, reach, entries = at + 4, 0, 0
        for number in range(packets):
            packet = buf[pos : min(pos + _PACKET + 4, stop)].tobytes()
            if len(packet) < _PACKET:
                return NEED_MORE if number else INVALID
            flags, count = int.from_bytes(packet[8:10], "big"), int.from_bytes(packet[10:12], "big")
            if packet[4] & 0xC0 not in (0, _VERSION) or flags > 7 or not 0 < count <= _MOST_ENTRIES:
                return INVALID
            pos += _PACKET
            if flags & _EXTRA:
                extra = int.from_bytes(packet[12:16], "big")
                if extra < 4 or extra % 4 or extra > 1 << 16:
                    return INVALID
                pos += extra
            table = buf[pos : min(pos + count * _CONSTRUCTOR, stop)].tobytes()
            own = _reach(table)
            if own < 0:
                return INVALID
            if len(table) < count * _CONSTRUCTOR:
                return NEED_MORE
            reach, entries, pos = max(reach, own), entries + count, pos + count * _CONSTRUCTOR
        size = max(pos - at, reach)
        if size > self.largest or not entries:
            return INVALID
        return Frame(size) if at + size <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a few packets' count and a whole sample behind it; see `FrameSyntax`."""
        end = min(limit, stop - _PACKET)
        if end <= at:
            return -1
        hit = (buf[at:end] < _MOST_PACKETS >> 8) & (buf[at + 2 : end + 2] == 0) & (buf[at + 3 : end + 3] == 0)
        hit &= (buf[at + 12 : end + 12] == 0) if end + 12 <= stop else True
        for index in np.flatnonzero(hit).tolist():
            if isinstance(self.frame(buf, at + index, stop, final=False), Frame):
                return at + index
        return -1


def _reach(table: bytes) -> int:
    """Return the end of the sample's own bytes that some constructors name, -1 where one cannot be."""
    reach = 0
    for at in range(0, len(table) - _CONSTRUCTOR + 1, _CONSTRUCTOR):
        kind = table[at]
        if kind > 3 or (kind == 1 and table[at + 1] > 14):
            return -1
        if kind == 0 and any(table[at + 1 : at + _CONSTRUCTOR]):
            return -1
        if kind == 2 and table[at + 1] == _OWN_TRACK:
            length = int.from_bytes(table[at + 2 : at + 4], "big")
            reach = max(reach, int.from_bytes(table[at + 8 : at + 12], "big") + length)
    return reach
