"""Keep what lies behind the image where the file's headers say it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mediarescue.bitstream.jpeg.encode import Edit
from mediarescue.bitstream.jpeg.structure import APP2, EOI, Structure

_MOST_FILL = 1 << 16
_INDEX = b"MPF\0"
_ENTRIES = 0xB002
_ENTRY_SIZE, _SIZE_AT, _OFFSET_AT = 16, 4, 8


def trailer_edits(data: bytes, structure: Structure, edits: Sequence[Edit]) -> tuple[list[Edit], int]:
    """Return what keeps a trailer findable when the image before it has changed its size.

    Parameters
    ----------
    data : bytes
        The file as it was.
    structure : Structure
    edits : sequence of Edit
        What is to be changed in the image.

    Returns
    -------
    list of Edit, int
        Further edits, and the bytes by which the trailer moves.

    Notes
    -----
    Trailers are found from the end of the file (motion photos, Samsung), by offsets in maker notes, or by the index of
    the Multi-Picture Format (CIPA DC-007). An image that has become a little smaller is filled up before EOI, which
    any marker may be (T.81 B.1.1.2), so that nothing moves. Otherwise the index is set right; offsets in maker notes
    are beyond reach.
    """
    last = structure.segments[-1]
    shift = _growth(edits)
    if not shift or structure.end == len(data) or last.marker != EOI:
        return [], 0
    if -_MOST_FILL <= shift < 0:
        return [Edit(last.start, last.start, b"\xff" * -shift)], 0
    more = []
    for segment in structure.segments:
        if segment.marker == APP2 and data.startswith(_INDEX, segment.start + 4):
            before = _growth([edit for edit in edits if edit.start < segment.start])
            more += _index_edits(data, segment.start + 8, segment.stop, structure.end, (shift, shift - before))
    return more, shift


def _growth(edits: Sequence[Edit]) -> int:
    """Return the bytes by which edits make a file longer."""
    return sum(len(edit.data) - (edit.stop - edit.start) for edit in edits)


def _index_edits(data: bytes, base: int, stop: int, end: int, shifts: tuple[int, int]) -> list[Edit]:
    """Return the edits of a Multi-Picture index whose offsets count from ``base``; none where it is not sound.

    ``shifts`` are the bytes to add to the size of the first image and to the offsets of those behind ``end``.
    """
    order: Literal["little", "big"] = "little" if data[base : base + 2] == b"II" else "big"

    def number(at: int, size: int = 4) -> int:
        return int.from_bytes(data[at : at + size], order)

    directory = base + number(base + 4)
    if directory + 2 > stop:
        return []
    edits = []
    for at in range(directory + 2, min(directory + 2 + 12 * number(directory, 2), stop - 11), 12):
        first = base + number(at + 8)
        if number(at, 2) != _ENTRIES or first + number(at + 4) > stop:
            continue
        for entry in range(first, first + number(at + 4) // _ENTRY_SIZE * _ENTRY_SIZE, _ENTRY_SIZE):
            offset = number(entry + _OFFSET_AT)
            behind = base + offset >= end
            at_entry = entry + (_OFFSET_AT if behind else _SIZE_AT)
            value = number(at_entry) + shifts[behind]
            # the first image has no offset; its size grows
            if (offset == 0 or behind) and 0 <= value < 1 << 32:
                edits.append(Edit(at_entry, at_entry + 4, value.to_bytes(4, order)))
    return edits
