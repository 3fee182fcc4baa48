"""Boxes inside the media data: fragments' tables, padding, a second mdat header; stepped over by the search."""

from __future__ import annotations

from mediarescue.bitstream.search import find_any
from mediarescue.recover.candidate import Gap
from mediarescue.recover.window import MediaWindow

_INSIDE = {
    b"moof": (b"mfhd",),
    b"moov": (b"mvhd", b"iods", b"meta", b"cmov"),
    b"hoov": (b"mvhd",),
    b"mfra": (b"tfra", b"mfro"),
}
"""Container boxes and what must come first in them."""
_INSIDE_NAMES = tuple(_INSIDE)
INDEX_BOXES = frozenset((b"moof", b"moov", b"hoov"))
"""Those that list samples."""
_PADDING = (b"free", b"skip", b"wide")


def match_box(window: MediaWindow, pos: int) -> Gap | None:
    """Return the box at ``pos`` as an expected gap, or None.

    Notes
    -----
    ``hoov`` is a ``moov`` that Apple's writer hides inside the mdat while it records in fragments. A ``moov``
    that runs past the end of the file is what remained of a crash in the middle of writing it.
    """
    head = window.peek(pos, 24)
    if len(head) < 8:
        return None
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    left = window.end - pos
    if kind in _INSIDE and size >= 16 and head[12:16] in _INSIDE[kind]:
        return Gap(pos, min(size, left), f"a {kind.decode()} box inside the media data", expected=True)
    if kind in _PADDING and 8 <= size <= left:
        return Gap(pos, size, f"a {kind.decode()} box inside the media data", expected=True)
    if kind == b"mdat" and (size in (0, 1) or size >= 8):
        return Gap(pos, min(16 if size == 1 else 8, left), "a further mdat header", expected=True)
    return None


def find_box(window: MediaWindow, pos: int, end: int) -> int:
    """Return the first position in ``[pos, end)`` where a fragment or movie box starts, or -1."""
    buffer, at, stop, _ = window.view(pos, end - pos + 24)
    first = at
    while (found := find_any(buffer, _INSIDE_NAMES, first, at + end - pos, stop, behind=4)) >= 0:
        head = buffer[found + 4 : min(found + 16, stop)].tobytes()
        if head[8:] in _INSIDE[head[:4]]:
            return pos + found - at
        first = found + 1
    return -1
