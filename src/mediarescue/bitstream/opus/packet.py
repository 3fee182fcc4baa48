"""The first bytes of an Opus packet (RFC 6716 3), and of its configuration in MP4."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.bitstream.errors import BitstreamError

RATE = 48000
"""Hz of all Opus durations."""
_LONGEST_FRAME = 1275
_MOST_TICKS = 5760
"""120 ms (RFC 6716 3.4, R5)."""
_SILK, _HYBRID, _CELT = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)


@dataclass(frozen=True, slots=True)
class OpusHead:
    """What ``dOps`` says (Encapsulation of Opus in ISO Base Media File Format 4.3.2).

    Attributes
    ----------
    channels : int
    streams : int
        Packets of one or two channels that a sample is made of; all but the last tell their length.
    """

    channels: int
    streams: int


def parse_head(payload: bytes) -> OpusHead:
    """Parse the payload of a ``dOps`` box; raises BitstreamError where it is cut off."""
    if len(payload) < 11 or not payload[1]:
        raise BitstreamError("the Opus configuration is too short")
    if payload[10] == 0:
        return OpusHead(payload[1], 1)
    if len(payload) < 13 or not payload[11]:
        raise BitstreamError("the Opus configuration has no channel mapping")
    return OpusHead(payload[1], payload[11])


def frame_ticks(toc: int) -> int:
    """Return the duration of one frame by the first byte of its packet, in ticks of 48 kHz (RFC 6716 3.1)."""
    config = toc >> 3
    if config < 12:
        return _SILK[config & 3]
    return _HYBRID[config & 1] if config < 16 else _CELT[config & 3]


def packet_ticks(head: bytes) -> int:
    """Return the duration of the packet that begins with ``head`` (two bytes or more), 0 where that is none."""
    if not head:
        return 0
    code = head[0] & 3
    count = (1, 2, 2, head[1] & 63 if len(head) > 1 else 0)[code]
    ticks = count * frame_ticks(head[0])
    return ticks if ticks <= _MOST_TICKS else 0


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return a frame length (RFC 6716 3.2.1) and the position behind it; -1 where it is cut off."""
    if at >= len(data):
        return -1, at
    if data[at] < 252:
        return data[at], at + 1
    if at + 1 >= len(data):
        return -1, at
    return 4 * data[at + 1] + data[at], at + 2


def delimited_size(data: bytes, at: int) -> int:
    """Return the bytes of the self-delimiting packet at ``at`` (RFC 6716 appendix B), 0 where there is none."""
    if at >= len(data) or not packet_ticks(data[at : at + 2]):
        return 0
    start, code = at, data[at] & 3
    at += 1
    total = padding = 0
    if code < 3:
        sizes = 2 if code == 2 else 1
        for _ in range(sizes):
            size, at = _length(data, at)
            if not 0 <= size <= _LONGEST_FRAME:
                return 0
            total += size * (2 if code == 1 else 1)
        return at + total - start
    if at >= len(data):
        return 0
    flags, at = data[at], at + 1
    count = flags & 63
    while flags & 64:
        if at >= len(data):
            return 0
        padding += min(data[at], 254)
        at += 1
        if data[at - 1] != 255:
            break
    for _ in range(count if flags & 128 else 1):
        size, at = _length(data, at)
        if not 0 <= size <= _LONGEST_FRAME:
            return 0
        total += size * (1 if flags & 128 else count)
    return at + total + padding - start


def is_packet(data: bytes) -> bool:
    """Return whether bytes may be one whole packet that does not tell its length (RFC 6716 3.4)."""
    if not packet_ticks(data[:2]):
        return False
    code, size = data[0] & 3, len(data)
    if code == 0:
        return size - 1 <= _LONGEST_FRAME
    if code == 1:
        return size % 2 == 1 and (size - 1) // 2 <= _LONGEST_FRAME
    if code == 2:
        first, at = _length(data, 1)
        return 0 <= first <= size - at <= first + _LONGEST_FRAME
    flags, count = data[1], data[1] & 63
    return flags & 0xC0 != 0 or (size - 2) % count == 0
