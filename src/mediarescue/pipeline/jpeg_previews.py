"""Numbers in a JPEG's EXIF that point at a preview behind the picture: made right where the picture grew."""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

from mediarescue.bitstream.jpeg.parse import parse
from mediarescue.bitstream.jpeg.structure import Structure
from mediarescue.media.still_metadata import EXIF_MARK

_APP1 = 0xE1
_MOST_PREVIEWS = 16
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")


def with_previews(old: bytes, was: Structure, new: bytes, shift: int) -> bytes:
    """Return the new file with the places of previews in EXIF as they must be.

    Parameters
    ----------
    old, was
        The source and what its segments say.
    new : bytes
        With the same segments, of which some may have another size, and the same bytes behind the picture.
    shift : int
        Bytes by which those have moved.

    Notes
    -----
    Makers' notes are of many undocumented forms; but four bytes that are exactly the distance from the TIFF header to
    the first byte of a JPEG picture behind this one are no chance. The index of the Multi-Picture Format is kept
    right by `patch_jpeg`; trailers of motion photos and of Samsung's phones, and the lengths in the XMP of Ultra HDR,
    count from the end of the file or from thing to thing, so that they stay right.
    """
    if not shift:
        return new
    edited = bytearray(new)
    previews = [match.start() for match in islice(re.finditer(b"\xff\xd8\xff", old[was.end :]), _MOST_PREVIEWS)]
    for before, after in zip(was.segments, parse(new).segments, strict=True):
        if before.marker != _APP1 or not old.startswith(EXIF_MARK, before.start + 4):
            continue
        head = 4 + len(EXIF_MARK)
        for place in previews:
            offset = was.end + place - before.start - head
            for order in _ORDERS:
                number = offset.to_bytes(4, order)
                at = old.find(number, before.start + head, before.stop)
                while at >= 0:
                    moved = after.start + at - before.start
                    base = before.start - after.start
                    edited[moved : moved + 4] = (offset + shift + base).to_bytes(4, order)
                    at = old.find(number, at + 4, before.stop)
    return bytes(edited)
