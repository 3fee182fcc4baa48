"""Sony's real-time metadata (``rtmd``): a header of 28 bytes, sets of tags (SMPTE RDD 18), padding to a fixed size."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

_MAGIC = b"\x00\x1c\x01\x00"
_HEADER = 0x1C
_LABEL = b"\x06\x0e\x2b\x34"
_LABEL_SIZE = 16
_ENDS = (0, 0xFFFF)


class RtmdSyntax:
    """Read the metadata of one frame.

    Parameters
    ----------
    sizes : iterable of int
        Bytes of the reference's samples: they are padded to a size that nothing in them tells.

    Notes
    -----
    False accepts at every offset of 17 MB of H.264, HEVC, AAC, PCM and noise: none.
    """

    evidence = 30.0
    """The first four bytes and the label of the first set."""
    rate = 0

    def __init__(self, sizes: Iterable[int]) -> None:
        self._sizes = sorted(set(sizes))
        self.largest = max(self._sizes, default=0)

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        data = buf[at : min(at + self.largest + len(_MAGIC), stop)].tobytes()
        if data[:4] != _MAGIC or not self._sizes:
            return INVALID
        used = tags_end(data[: self.largest])
        if used <= _HEADER:
            return INVALID if len(data) >= _HEADER + _LABEL_SIZE else NEED_MORE
        fits = [size for size in self._sizes if size >= used]
        if not fits:
            return INVALID
        size = next((size for size in fits if data[size : size + len(_MAGIC)] == _MAGIC), fits[0])
        return Frame(size) if size <= len(data) else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a header; see `FrameSyntax`."""
        return find_bytes(buf, _MAGIC, at, limit, stop)


def tags_end(data: bytes) -> int:
    """Return the index behind the last tag, ``len(data)`` where the tags go on, 0 where the first set has no label."""
    at = _HEADER
    if not data[at : at + 4] or data[at : at + 4] != _LABEL[: len(data[at : at + 4])]:
        return 0
    while at + 4 <= len(data):
        tag = int.from_bytes(data[at : at + 2], "big")
        if tag in _ENDS:
            return at
        at += _LABEL_SIZE if data[at : at + 4] == _LABEL else 4 + int.from_bytes(data[at + 2 : at + 4], "big")
    return min(at, len(data))
