"""Offsets in a JPEG's metadata that point behind its picture: made right again where the picture has another size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mediarescue.bitstream.jpeg.parse import parse
from mediarescue.bitstream.jpeg.structure import Segment, Structure
from mediarescue.media.still_metadata import EXIF_MARK
from mediarescue.media.stills.ifd import IfdError, IfdReader, bytes_reader

MPF_MARK = b"MPF\0"
_APP1, _APP2 = 0xE1, 0xE2
_MP_ENTRY = 0xB002
"""16 bytes for each picture: attributes, size, offset from the TIFF header of the index (CIPA DC-007 5.2.3.3)."""
_MOST_PREVIEWS = 16
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")


@dataclass(frozen=True, slots=True)
class Moved:
    """Where things stand in the old and in the new file.

    Attributes
    ----------
    segment : Segment
        Of the new file.
    was : Segment
        The same one in the old file.
    end, was_end : int
        Of the picture: what follows is another picture or a trailer.
    """

    segment: Segment
    was: Segment
    end: int
    was_end: int

    def offset(self, offset: int, base: int) -> int:
        """Return what an offset counted from ``base`` bytes into the segment becomes."""
        at = self.was.start + base + offset
        return at + (self.end - self.was_end if at >= self.was_end else 0) - self.segment.start - base


def mended(old: bytes, was: Structure, new: bytes) -> bytes:
    """Return the new file with the offsets in its MPF index and of previews in EXIF as they must be.

    Parameters
    ----------
    old, was
        The source and what its segments say.
    new : bytes
        With the same segments, of which some may have another size, and the same bytes behind the picture.

    Notes
    -----
    Trailers of motion photos and of Samsung's phones, and the lengths in the XMP of Ultra HDR, count from the end of
    the file or from thing to thing, so that they stay right.
    """
    if was.end == len(old):
        return new
    now = parse(new)
    edited = bytearray(new)
    previews = _pictures_behind(old, was.end)
    for before, after in zip(was.segments, now.segments, strict=True):
        moved = Moved(after, before, now.end, was.end)
        content = old[before.start + 4 : before.stop]
        if before.marker == _APP2 and content.startswith(MPF_MARK):
            _mend_mpf(edited, moved)
        elif before.marker == _APP1 and content.startswith(EXIF_MARK) and now.end != was.end:
            _mend_previews(edited, moved, previews)
    return bytes(edited)


def _mend_mpf(data: bytearray, moved: Moved) -> None:
    base = 4 + len(MPF_MARK)
    start = moved.segment.start + base
    reader = IfdReader(bytes_reader(bytes(data[: moved.segment.stop]), start))
    try:
        field = reader.directory(reader.first).fields.get(_MP_ENTRY)
    except IfdError:
        return
    if field is None or field.type != 7 or start + field.at + field.count > moved.segment.stop:
        return
    order = _ORDERS[reader.order == ">"]
    for entry in range(start + field.at, start + field.at + field.count - 15, 16):
        size, offset = (int.from_bytes(data[at : at + 4], order) for at in (entry + 4, entry + 8))
        if offset:
            offset = moved.offset(offset, base)
        else:  # the picture itself
            size += moved.end - moved.was_end
        data[entry + 4 : entry + 12] = size.to_bytes(4, order) + (offset % (1 << 32)).to_bytes(4, order)


def _pictures_behind(data: bytes, end: int) -> list[int]:
    return [
        found.start() for found, _ in zip(re.finditer(b"\xff\xd8\xff", data[end:]), range(_MOST_PREVIEWS), strict=False)
    ]


def _mend_previews(data: bytearray, moved: Moved, previews: list[int]) -> None:
    """Move the numbers in EXIF that point at a picture behind this one, as makers' notes have them.

    Notes
    -----
    Makers' notes are of many undocumented forms; but four bytes that are exactly the distance from the TIFF header to
    the first byte of a JPEG picture are no chance.
    """
    base = 4 + len(EXIF_MARK)
    content = slice(moved.segment.start + base, moved.segment.stop)
    for place in previews:
        offset = moved.was_end + place - moved.was.start - base
        for order in _ORDERS:
            number = offset.to_bytes(4, order)
            at = data.find(number, content.start, content.stop)
            while at >= 0:
                data[at : at + 4] = moved.offset(offset, base).to_bytes(4, order)
                at = data.find(number, at + 4, content.stop)
