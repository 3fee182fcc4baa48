"""The extent of a CineForm sample: a walk through its segments, 16-bit tags with 16-bit values (SMPTE ST 2073-1)."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

_INDEX, _MARKER, _GROUP_TRAILER, _FRAME_TRAILER = 2, 4, 18, 24
_WIDTH, _HEIGHT, _LOWPASS_WIDTH, _LOWPASS_HEIGHT, _PIXEL_DEPTH = 20, 21, 27, 28, 35
_BAND_HEADER, _NOP = 55, 128
_PREDICTED = 1
"""The type of sample that is not decoded alone."""
_LOWPASS_DATA = 0x0F0F
"""Marker in front of the coefficients of the smallest picture."""
_LOWPASS_END = b"\0\x04\x1b\x4b"
_CHUNK_24_BIT, _SAMPLE_SIZE, _CHUNK, _LARGE_METADATA = 0x2000, 0x2200, 0x4000, 0x6000
_STARTS = (b"\0\1\0\x09\0\2\0", b"\0\1\0\2\0\2\0", b"\0\1\0\1\0\x13\0")
"""Intra frame and group with their index of channels, predicted frame with its type."""
_BAND_END = re.compile(rb"\x00\x38\x00\x00\x00\x04(?:\x0e\x0e|\x0c\x0c)")
"""A band trailer, and the marker of the next band or of the end of a wavelet's bands."""
_MOST_SEGMENTS = 4096
_MOST_CHANNELS = 8
_LONGEST_HEADER = 512


class CineFormSyntax:
    """Read CineForm samples.

    Parameters
    ----------
    sizes : set of (int, int)
        Width and height of the reference's pictures in pixels; empty where any will do.

    Notes
    -----
    GoPro's encoder tells the size of the sample, in a chunk behind the header. Others tell no more than the sizes of
    channels, in ways that differ; there the tags are followed to the trailer. A band of entropy-coded coefficients ends
    with a band trailer at a multiple of four bytes, which is looked for with the marker that has to follow it.
    """

    evidence = 44.0
    """Sample type and index, picture size, trailer: no false accept in 90 MB of other codecs' data."""
    largest = 96 << 20
    rate = 0

    def __init__(self, sizes: set[tuple[int, int]]) -> None:
        self._sizes = sizes

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`. A predicted frame, the second of a group, is no key."""
        head = buf[at : min(at + 8, stop)].tobytes()
        if len(head) < 8 or not head.startswith(_STARTS) or (head[5] == _INDEX and not 0 < head[7] <= _MOST_CHANNELS):
            return INVALID
        end = self._walk(buf, at, stop)
        return Frame(end - at, key=head[3] != _PREDICTED) if end >= 0 else end

    def _walk(self, buf: NDArray[np.uint8], at: int, stop: int) -> int:
        """Return the index behind the encoded frame at ``buf[at]``, or INVALID or NEED_MORE."""
        seen: dict[int, int] = {}
        pos = at
        for _ in range(_MOST_SEGMENTS):
            if pos + 4 > stop:
                return NEED_MORE
            tag, value = int(buf[pos]) << 8 | int(buf[pos + 1]), int(buf[pos + 2]) << 8 | int(buf[pos + 3])
            tag = 0x10000 - tag if tag & 0x8000 else tag  # optional segments have their tag negated
            pos += 4
            if tag < _NOP:
                seen[tag] = value
                if tag == _HEIGHT and self._sizes and (seen.get(_WIDTH, 0), value) not in self._sizes:
                    return INVALID
            if tag & 0xFF00 == _SAMPLE_SIZE and (tag & 0xFF or value):
                return self._ended(pos + 4 * ((tag & 0xFF) << 16 | value), seen, stop)
            if tag in (_FRAME_TRAILER, _GROUP_TRAILER):
                return self._ended(pos, seen, stop)
            pos = _behind_segment(buf, at, pos, stop, tag, value, seen)
            if pos < 0:
                return pos
        return INVALID

    def _ended(self, end: int, seen: dict[int, int], stop: int) -> int:
        if not (seen.get(_WIDTH) and seen.get(_HEIGHT)):
            return INVALID
        return end if end <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index where a sample's first segments stand; see `FrameSyntax`."""
        hits = [find_bytes(buf, start, at, limit, stop) for start in _STARTS]
        return min((hit for hit in hits if hit >= 0), default=-1)


def _behind_segment(
    buf: NDArray[np.uint8], origin: int, pos: int, stop: int, tag: int, value: int, seen: dict[int, int]
) -> int:
    """Return the index behind the data of a segment of the sample at ``origin``, whose own 4 bytes end at ``pos``."""
    if tag == _INDEX:
        return pos + 4 * value if value <= _MOST_CHANNELS else INVALID
    if tag == _MARKER and value == _LOWPASS_DATA:
        bits = seen.get(_LOWPASS_WIDTH, 0) * seen.get(_LOWPASS_HEIGHT, 0) * seen.get(_PIXEL_DEPTH, 16)
        end = pos + -(-bits // 16) * 2
        # FFmpeg's encoder does not fill the last word
        filled = bytes(buf[end : min(end + 4, stop)]) != _LOWPASS_END
        return end + (origin - end) % 4 if filled else end
    if tag == _BAND_HEADER:
        return _band_trailer(buf, origin, pos, stop)
    if tag <= _NOP or tag & 0xFF00 == _SAMPLE_SIZE:
        return pos if tag else INVALID
    if _CHUNK_24_BIT <= tag < _CHUNK or tag & 0xFF00 == _LARGE_METADATA:
        return pos + 4 * ((tag & 0xFF) << 16 | value)
    return pos + 4 * value if _CHUNK <= tag < _LARGE_METADATA else INVALID


def _band_trailer(buf: NDArray[np.uint8], origin: int, pos: int, stop: int) -> int:
    """Return the index of the trailer of the band whose coefficients start at ``pos``, or NEED_MORE."""
    at = pos
    while at < stop and (found := _BAND_END.search(buf, at, stop)):  # type: ignore[call-overload]
        at = int(found.start())
        if (at - origin) % 4 == 0:
            return at
        at += 1
    return NEED_MORE


def picture_size(sample: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels as the header of a sample says, None where it does not."""
    seen: dict[int, int] = {}
    pos = 0
    while pos + 4 <= min(len(sample), _LONGEST_HEADER):
        tag, value = abs(int.from_bytes(sample[pos : pos + 2], "big", signed=True)), sample[pos + 2 : pos + 4]
        seen[tag] = int.from_bytes(value, "big")
        if tag == _HEIGHT:
            return seen.get(_WIDTH, 0), seen[tag]
        pos += 4 + (4 * seen[tag] if tag == _INDEX else 0)
    return None
