"""Motion-JPEG B: JPEG without markers behind a header of offsets (QuickTime File Format, Motion-JPEG B)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

_MAGIC = b"\0\0\0\0mjpg"
_HEADER = 40
_FIELDS = 2


class MotionJpegBSyntax:
    """Read samples of one or two fields by their headers."""

    evidence = 50.0
    """The magic, a size and five offsets that stand inside it: no false accept in 90 MB of other codecs' data."""
    largest = 96 << 20
    rate = 0

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        pos = at
        for field in range(_FIELDS):
            head = buf[pos : min(pos + _HEADER, stop)].tobytes()
            if not head or head[:8] != _MAGIC[: len(head)]:
                return INVALID if pos + len(_MAGIC) <= stop or pos == at else NEED_MORE
            if len(head) < _HEADER:
                return NEED_MORE if len(head) >= len(_MAGIC) else INVALID
            size, padded, following, *offsets = (int(v) for v in np.frombuffer(head, dtype=">u4")[2:])
            if not _HEADER < size <= self.largest or max(offsets) >= size or padded > self.largest:
                return INVALID
            if following > self.largest or (following and (following < size or field)):
                return INVALID
            end = pos + max(size, padded)
            if not following:
                break
            pos += following
            if pos >= stop:
                return NEED_MORE
        return Frame(end - at) if end <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a header; see `FrameSyntax`."""
        return find_bytes(buf, _MAGIC, at, limit, stop)
