"""The extent of one JPEG image by its markers (ITU-T T.81 Annex B)."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.images.format import Image, ImageFormat, Start

_SOI = b"\xff\xd8\xff"
"""Start of image and the first byte of the next marker."""
_EOI, _SOS, _APP1 = 0xD9, 0xDA, 0xE1
_FRAME_HEADERS = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_SEGMENTS = _FRAME_HEADERS | {0xC4, 0xCC, _SOS, 0xDB, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE}
"""Markers that are followed by their length: SOFn, DHT, DAC, SOS, DQT, DNL, DRI, APPn, COM."""
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The marker behind entropy-coded data: not a stuffed zero, not a restart, not fill (B.1.1.5)."""
_QUICKTIME = b"mjpg"
_MOST_SEGMENTS = 4096


def _read(buf: NDArray[np.uint8], at: int, stop: int) -> Image | int:
    """Return the image that starts at ``buf[at]``, INVALID where none does, NEED_MORE where it runs over ``stop``.

    Notes
    -----
    Thumbnails lie inside APPn segments, which are stepped over by their length. Data behind the frame header's scans
    is looked at for markers only, so damage inside them goes unnoticed unless it looks like one.
    """
    if buf[at : min(at + 3, stop)].tobytes() != _SOI:
        return INVALID
    pos, width, height, padded = at + 2, 0, 0, 0
    for _ in range(_MOST_SEGMENTS):
        while pos + 1 < stop and buf[pos] == buf[pos + 1] == 0xFF:
            pos += 1
        if pos + 4 > stop and not (pos + 2 <= stop and buf[pos + 1] == _EOI):
            return NEED_MORE
        marker = int(buf[pos + 1])
        if buf[pos] != 0xFF:
            return INVALID
        if marker == _EOI:
            return Image(pos + 2, width, height, padded) if width else INVALID
        size = int(buf[pos + 2]) << 8 | int(buf[pos + 3])
        if marker not in _SEGMENTS or size < 2:
            return INVALID
        head = buf[pos + 4 : min(pos + 22, stop)].tobytes()
        if marker in _FRAME_HEADERS:
            if len(head) < 6:
                return NEED_MORE
            height, width = int.from_bytes(head[1:3], "big"), int.from_bytes(head[3:5], "big")
            # the eight forms of sample precision are written by nobody but as 8, 12 or (lossless) up to 16 bits
            if not width or not 2 <= head[0] <= 16 or size != 8 + 3 * head[5]:
                return INVALID
        elif marker == _APP1 and head[4:8] == _QUICKTIME:
            padded = int.from_bytes(head[12:16], "big")
        pos += 2 + size
        if marker == _SOS:
            if not width or size != 6 + 2 * (head[0] if head else 1):
                return INVALID
            found = _SCAN_END.search(buf, pos, stop) if pos < stop else None  # type: ignore[call-overload]
            if found is None:
                return NEED_MORE
            pos = found.start()
    return INVALID


JPEG = ImageFormat((Start(_SOI),), _read, 60.0)
"""SOI, a chain of segment lengths, the size of the picture, EOI: no false accept in 90 MB of other codecs' data."""
