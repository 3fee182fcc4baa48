"""Where new strips and tiles of a TIFF can go: into the places that old ones leave, unless something else is there."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import zip_longest

from mediarescue.media.stills.ifd import MOST_ENTRIES, Field, Ifd, IfdError, IfdReader
from mediarescue.media.stills.tiff_layout import COUNTS, OFFSETS, TiffLayout

Range = tuple[int, int]
"""Offset and size, in bytes."""

_POINTERS = (330, 34665, 34853, 40965)
"""SubIFDs, EXIF, GPS, Interoperability: fields that say where further directories are."""
_PICTURES = (*zip(OFFSETS, COUNTS, strict=True), (513, 514))
"""Fields of places and of sizes: strips, tiles, and a preview in JPEG (TIFF 6.0 sections 8, 15 and 22)."""
_TO_END = 1 << 62
_PADDING = 1
"""A byte between pieces that begin at even places belongs to none."""


class Room:
    """The places that pieces to be written anew leave free, and the end of the file.

    Parameters
    ----------
    layout : TiffLayout
    leaving : container of int
        Numbers of the pieces to be written anew.
    taken : iterable of Range
        Bytes that something else than these pieces needs.
    end : int
        Size of the file.

    Attributes
    ----------
    end : int
        Bytes of the file so far; less than before where pieces at the end leave it.
    places : list of [offset, size]
        In front of the end.
    """

    def __init__(self, layout: TiffLayout, leaving: Container[int], taken: Iterable[Range], end: int) -> None:
        self.end = end
        self.places: list[list[int]] = []
        joins = False
        for offset, size, piece in _unshared(layout, taken):
            free = piece in leaving
            if free and joins and offset - sum(self.places[-1]) <= _PADDING:
                self.places[-1][1] = offset + size - self.places[-1][0]
            elif free:
                self.places.append([offset, size])
            joins = free
        if self.places and sum(self.places[-1]) == end:
            self.end = self.places.pop()[0]

    def take(self, size: int) -> int:
        """Return where ``size`` bytes go: a free place, or else the end."""
        for place in self.places:
            if place[1] >= size:
                place[0] += size
                place[1] -= size
                return place[0] - size
        offset = self.end + self.end % 2
        self.end = offset + size
        return offset


def _unshared(layout: TiffLayout, taken: Iterable[Range]) -> list[tuple[int, int, int]]:
    """Return offset, size and number of the pieces in the order of the file; -1 for what shares a byte, or is taken."""
    used = [
        (offset, size, piece) for piece, (offset, size) in enumerate(zip(layout.offsets, layout.sizes, strict=True))
    ]
    used = sorted([*used, *((offset, size, -1) for offset, size in taken if size)])
    shared = [False] * len(used)
    reach, owner = -1, -1
    for place, (offset, size, _) in enumerate(used):
        if offset < reach:
            shared[place] = shared[owner] = True
        if offset + size > reach:
            reach, owner = offset + size, place
    return [(o, s, -1 if several else n) for (o, s, n), several in zip(used, shared, strict=True)]


def span(field: Field) -> Range:
    """Return where the values of a field are."""
    return field.at, field.count * field.value_size


def overlaps(one: Range, others: Iterable[Range]) -> bool:
    """Whether a range has a byte in common with any of the others."""
    return any(start < one[0] + one[1] and one[0] < start + size for start, size in others)


def table(reader: IfdReader, ifd: Ifd) -> Range:
    """Return where a directory is, without the values outside it."""
    ends = (field.entry + (20 if reader.big else 12) for field in ifd.fields.values())
    return ifd.offset, max(ends) + (8 if reader.big else 4) - ifd.offset


def claims(reader: IfdReader, first: Ifd, lists: tuple[int, int]) -> list[Range]:
    """Return the bytes that further directories, their pictures, and the values of all fields take.

    Parameters
    ----------
    reader : IfdReader
    first : Ifd
        The directory of the picture that is worked on.
    lists : (int, int)
        Tags of its offsets and sizes of pieces, which take nothing, nor do the pieces.

    Notes
    -----
    Ranges may overlap, and end outside the file where it is damaged. Where private fields point to is not known. Of
    more claims than a picture has use for, as overlapping directories make them, one of the whole file is made.
    """
    found: list[Range] = []
    entries = 0
    for ifd in _directories(reader, first):
        own = lists if ifd is first else ()
        found += [span(field) for tag, field in ifd.fields.items() if tag not in own]
        found += [] if ifd is first else [table(reader, ifd)]
        for tags in _PICTURES:
            if tags != own:
                starts, sizes = (reader.numbers(ifd.fields.get(tag)) for tag in tags)
                # What does not say where it ends may go on to the end of the file.
                found += zip_longest(starts, sizes[: len(starts)], fillvalue=_TO_END)
        entries += ifd.entries
        if max(entries, len(found)) > MOST_ENTRIES:
            return [(0, _TO_END)]
    return found


def _directories(reader: IfdReader, first: Ifd) -> Iterator[Ifd]:
    """Give the first directory and all that it leads to, each once; one that cannot be read is left out."""
    seen, waiting = {0}, [first.offset]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        try:
            ifd = first if place == first.offset else reader.directory(place)
        except IfdError:
            continue
        yield ifd
        waiting += [ifd.next, *(place for tag in _POINTERS for place in reader.numbers(ifd.fields.get(tag)))]
