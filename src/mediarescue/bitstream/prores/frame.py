"""The frame header of ProRes (SMPTE RDD 36:2022, 5.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

_MAGIC = b"icpf"
_HEADER = 28
"""Bytes of frame_size, frame_identifier and the fixed part of frame_header."""


class ProResSyntax:
    """Read ProRes frames by their header.

    Parameters
    ----------
    sizes : set of (int, int)
        Width and height of the reference's frames in pixels; empty where any will do.
    """

    evidence = 44.0
    """The identifier and four bytes of frame size: false accepts on other codecs' 30 MB: none."""
    largest = 96 << 20
    rate = 0

    def __init__(self, sizes: set[tuple[int, int]]) -> None:
        self._sizes = sizes

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the frame at ``buf[at]``; see `FrameSyntax`."""
        head = buf[at : min(at + _HEADER, stop)].tobytes()
        if head[4:8] != _MAGIC[: len(head) - 4 if len(head) > 4 else 0]:
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
        return find_bytes(buf, _MAGIC, at, limit, stop, behind=4)


def frame_size(frame: bytes) -> tuple[int, int]:
    """Return width and height in pixels of a whole frame."""
    return int.from_bytes(frame[16:18], "big"), int.from_bytes(frame[18:20], "big")
