"""The frame header of ProRes (SMPTE RDD 36:2022, 5.1); that of ProRes RAW has size and shape at the same places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

PRORES, PRORES_RAW = b"icpf", b"prrf"
"""Frame identifiers."""
_HEADER = 28
"""Bytes of frame_size, frame_identifier and the fixed part of frame_header."""


class ProResSyntax:
    """Read ProRes frames by their header.

    Parameters
    ----------
    sizes : set of (int, int)
        Width and height of the reference's frames in pixels; empty where any will do.
    identifier : bytes
        Of ProRes or ProRes RAW.

    Notes
    -----
    The two pictures of an interlaced frame share its size field, so that nothing has to be known of them.
    """

    evidence = 44.0
    """The identifier and four bytes of frame size: no false accept in 90 MB of other codecs' data."""
    largest = 96 << 20
    rate = 0

    def __init__(self, sizes: set[tuple[int, int]], identifier: bytes = PRORES) -> None:
        self._sizes = sizes
        self._magic = identifier

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the frame at ``buf[at]``; see `FrameSyntax`."""
        head = buf[at : min(at + _HEADER, stop)].tobytes()
        if head[4:8] != self._magic[: len(head) - 4 if len(head) > 4 else 0]:
            return INVALID
        if len(head) < _HEADER:
            return NEED_MORE if len(head) >= 8 else INVALID
        size, header_size = int.from_bytes(head[:4], "big"), int.from_bytes(head[8:10], "big")
        shown = (int.from_bytes(head[16:18], "big"), int.from_bytes(head[18:20], "big"))
        if not 20 <= header_size < size - 8 or size > self.largest or (self._sizes and shown not in self._sizes):
            return INVALID
        return Frame(size) if at + size <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of an identifier's frame; see `FrameSyntax`."""
        return find_bytes(buf, self._magic, at, limit, stop, behind=4)


def frame_size(frame: bytes) -> tuple[int, int]:
    """Return width and height in pixels of a whole frame."""
    return int.from_bytes(frame[16:18], "big"), int.from_bytes(frame[18:20], "big")
