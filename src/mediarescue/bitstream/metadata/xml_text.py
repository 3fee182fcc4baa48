"""Subtitles that are one XML document a sample (``stpp``, ISO/IEC 14496-30 5; ``metx``)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

_ROOT = re.compile(rb"\s*(?:\xef\xbb\xbf)?(?:<\?[^>]*\?>\s*|<!--.*?-->\s*|<![A-Z][^>]*>\s*)*<([A-Za-z_][\w:.-]*)", re.S)
_FIRST_LOOK = 1 << 12
_HEAD = 16


class XmlTextSyntax:
    """Read documents from their first bytes to the end tag of their root element.

    Parameters
    ----------
    samples : sequence of bytes
        The reference's: their first bytes are alike, and so is the white space behind their end tag.

    Notes
    -----
    False accepts at every offset of 17 MB of H.264, HEVC, AAC, PCM and noise: none.
    """

    evidence = 40.0
    largest = 4 << 20
    rate = 0

    def __init__(self, samples: Sequence[bytes]) -> None:
        shortest = min(map(len, samples), default=0)
        first = samples[0] if samples else b""
        same = next(
            (i for i in range(min(shortest, _HEAD)) if any(sample[i] != first[i] for sample in samples)),
            min(shortest, _HEAD),
        )
        self._head = first[:same]
        self._tail = len(first) - len(first.rstrip(b" \t\r\n\0"))
        self._long_enough = len(self._head) >= 3

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the document at ``buf[at]``; see `FrameSyntax`."""
        if not self._long_enough or buf[at : min(at + len(self._head), stop)].tobytes() != self._head:
            return INVALID
        look = _FIRST_LOOK
        while True:
            data = buf[at : min(at + look, stop)].tobytes()
            root = _ROOT.match(data)
            if root is not None:
                end_tag = re.compile(rb"</" + re.escape(root[1]) + rb"\s*>").search(data)
                if end_tag is not None:
                    size = end_tag.end() + self._tail
                    return Frame(size) if at + size <= stop else NEED_MORE
            if len(data) < look:
                return NEED_MORE
            if look >= self.largest:
                return INVALID
            look = min(8 * look, self.largest)

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of the bytes all documents begin with; see `FrameSyntax`."""
        return find_bytes(buf, self._head, at, limit, stop) if self._long_enough else -1
