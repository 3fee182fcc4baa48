"""The extent of a JPEG 2000 image: a codestream (ISO/IEC 15444-1 Annex A), bare or in boxes (Annex I)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.images.format import Image, ImageFormat, Start
from mediarescue.bitstream.search import find_bytes

_SOC_SIZ = b"\xff\x4f\xff\x51"
_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_EOC = b"\xff\xd9"
_SOT, _SOD = 0x90, 0x93
_SEGMENTS = range(0x50, 0x80)
"""Markers in headers that are followed by their length: SIZ, COD, QCD, TLM, COM and so on (Table A.2)."""
_CODESTREAM = b"jp2c"
_BOXES = frozenset((b"jP  ", b"ftyp", b"jp2h", b"jp2i", b"xml ", b"uuid", b"uinf", b"free", b"res ", b"colr"))
"""Boxes in front of the codestream's."""
_MOST = 1 << 16
_MOST_BOXES = 32


def _read(buf: NDArray[np.uint8], at: int, stop: int) -> Image | int:
    if buf[at : min(at + 4, stop)].tobytes() == _SOC_SIZ:
        return _codestream(buf, at, stop)
    pos = at
    for _ in range(_MOST_BOXES):
        head = buf[pos : min(pos + 16, stop)].tobytes()
        if len(head) < 16:
            return NEED_MORE if pos > at or head[4:8] in _BOXES or head[4:8] == _CODESTREAM else INVALID
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        if head[4:8] == _CODESTREAM:
            return _boxed(buf, pos, header, size, stop)
        if head[4:8] not in _BOXES or size < header:
            return INVALID
        pos += size
    return INVALID


def _boxed(buf: NDArray[np.uint8], pos: int, header: int, size: int, stop: int) -> Image | int:
    """Return the image in the codestream box at ``pos``; one of size 0 reaches to the end of its codestream."""
    image = _codestream(buf, pos + header, stop)
    if isinstance(image, int) or not size:
        return image
    if image.end > pos + size:
        return INVALID
    return image._replace(end=pos + size) if pos + size <= stop else NEED_MORE


def _codestream(buf: NDArray[np.uint8], at: int, stop: int) -> Image | int:
    siz = buf[at : min(at + 24, stop)].tobytes()
    if siz[:4] != _SOC_SIZ[: len(siz)]:
        return INVALID
    if len(siz) < 24:
        return NEED_MORE
    right, bottom, left, top = (int(v) for v in np.frombuffer(siz, dtype=">u4", count=4, offset=8))
    if right <= left or bottom <= top:
        return INVALID
    pos = at + 2
    for _ in range(_MOST):
        head = buf[pos : min(pos + 10, stop)].tobytes()
        if head.startswith(_EOC):
            return Image(pos + 2, right - left, bottom - top)
        if head and head[0] != 0xFF:
            return INVALID
        if len(head) < 10:
            return NEED_MORE
        size = int.from_bytes(head[2:4], "big")
        if head[1] == _SOT:
            part = int.from_bytes(head[6:10], "big")
            if size != 10 or 0 < part < 14:
                return INVALID
            pos = pos + part if part else _end_of_last_part(buf, pos + 12, stop)
        elif head[1] in _SEGMENTS and size >= 2:
            pos += 2 + size
        else:
            return INVALID
        if pos < 0:
            return pos
    return INVALID


def _end_of_last_part(buf: NDArray[np.uint8], pos: int, stop: int) -> int:
    """Return the index of the end marker behind a tile-part whose length is left open (A.4.2), or a negative code.

    Notes
    -----
    Coded data never holds a marker above FF8F (B.10.1, C.3.2), but the segments in front of it may.
    """
    while pos + 4 <= stop and not (buf[pos] == 0xFF and buf[pos + 1] == _SOD):
        if buf[pos] != 0xFF or buf[pos + 1] not in _SEGMENTS:
            return INVALID
        pos += 2 + (int(buf[pos + 2]) << 8 | int(buf[pos + 3]))
    found = find_bytes(buf, _EOC, pos, stop, stop) if pos < stop else -1
    return found if found >= 0 else NEED_MORE


JPEG_2000 = ImageFormat((Start(_SOC_SIZ), Start(_SIGNATURE), Start(_CODESTREAM + _SOC_SIZ, 4)), _read, 60.0)
"""Fixed first bytes, the size of the picture, a chain of lengths: no false accept in 90 MB of other codecs' data."""
