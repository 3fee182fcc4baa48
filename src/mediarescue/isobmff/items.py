"""Items of HEIF files (ISO/IEC 14496-12 8.11, ISO/IEC 23008-12): where they lie, and what they are like."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.header import BoxHeader, read_header
from mediarescue.isobmff.iloc import ItemLocation, Number, read_locations

MOST_ITEMS = 65536
MOST_SHARING = 16
"""How many times the size of the file its items may have together; equal tiles may lie in the same bytes."""
_NOWHERE = ItemLocation(0, 0, False, Number(0, 0, 0), (), ())


@dataclass(frozen=True, slots=True)
class Association:
    """A property of an item: its number among all, from 1, and where in the file that is written, in how many bytes."""

    index: int
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Item:
    """One item.

    Attributes
    ----------
    id : int
    kind : bytes
        ``b"hvc1"``, ``b"av01"``, ``b"grid"``, ``b"Exif"``, ``b"mime"``, ...
    location : ItemLocation
        Without extents where the file does not say.
    content_type : bytes
        Of ``mime``.
    """

    id: int
    kind: bytes
    location: ItemLocation
    properties: tuple[Association, ...]
    content_type: bytes = b""

    @property
    def is_here(self) -> bool:
        """Whether its bytes are in this file, by themselves or in ``idat``."""
        return self.location.local and self.location.method in (0, 1)


@dataclass(frozen=True, slots=True)
class Property:
    """A box in ``ipco``: its type, and where its payload lies in the file."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ItemFile:
    """A file's items.

    Attributes
    ----------
    data : bytes
        The whole file.
    primary : int
        Id of the picture that is shown.
    references : tuple of (kind, from, to)
        ``iref``: ``(b"dimg", 1, (2, 3))``.
    grown : tuple of BoxHeader
        ``meta``, ``iprp`` and ``ipco``, which hold a further property.
    iloc, idat : int
        Where their payloads begin; -1 for no ``idat``.
    top : tuple of BoxHeader
        All boxes of the file's top level.
    """

    data: bytes
    primary: int
    items: dict[int, Item]
    properties: tuple[Property, ...]
    references: tuple[tuple[bytes, int, tuple[int, ...]], ...]
    grown: tuple[BoxHeader, ...]
    iloc: int
    idat: int
    top: tuple[BoxHeader, ...]

    def content(self, item: Item) -> bytes:
        """Return an item's bytes; raises BoxError where they are outside the file."""
        inside = item.location.method == 1
        if not item.is_here or (inside and self.idat < 0):
            raise BoxError(f"the bytes of item {item.id} are not in this file")
        shift = self.idat if inside else 0
        extents = item.location.extents()
        parts = [self.data[offset + shift : offset + shift + size] for offset, size in extents]
        if any(len(part) < size for part, (_, size) in zip(parts, extents, strict=True)):
            raise BoxError(f"item {item.id} ends outside the file: the file is cut short")
        return b"".join(parts)

    def properties_of(self, item: Item) -> Iterator[tuple[bytes, bytes]]:
        """Give type and payload of each property of an item, in order."""
        for association in item.properties:
            if 1 <= association.index <= len(self.properties):
                found = self.properties[association.index - 1]
                yield found.kind, self.data[found.start : found.end]

    def kind_of(self, association: Association) -> bytes:
        """Return the type of a property that an item names, nothing where there is none of that number."""
        known = 1 <= association.index <= len(self.properties)
        return self.properties[association.index - 1].kind if known else b""

    def targets(self, kind: bytes, source: int) -> tuple[int, ...]:
        """Return the items that one refers to."""
        return next((to for name, start, to in self.references if (name, start) == (kind, source)), ())


def read_items(data: bytes) -> ItemFile:
    """Read the ``meta`` box at the top level of a file.

    Raises
    ------
    BoxError
        There is none, or what is in it contradicts itself.
    """
    top = tuple(_boxes(data, 0, len(data)))
    meta = next((box for box in top if box.kind == b"meta"), None)
    if meta is None:
        raise BoxError("there is no meta box: this is no HEIF file")
    try:
        return _read_meta(data, top, meta)
    except (struct.error, IndexError) as error:
        raise BoxError("the meta box is damaged", offset=meta.offset) from error


def _boxes(data: bytes, start: int, end: int) -> Iterator[BoxHeader]:
    while start < end:
        header = read_header(data, start, limit=end)
        if header is None or header.end > end:
            return
        yield header
        start = header.end


def _read_meta(data: bytes, top: tuple[BoxHeader, ...], meta: BoxHeader) -> ItemFile:
    inner = {box.kind: box for box in _boxes(data, meta.payload_offset + 4, meta.end)}
    missing = next((kind for kind in (b"pitm", b"iloc", b"iinf", b"iprp") if kind not in inner), None)
    if missing:
        raise BoxError(f"the {missing.decode()} box is missing", offset=meta.offset)
    iprp = inner[b"iprp"]
    below = list(_boxes(data, iprp.payload_offset, iprp.end))
    ipco = next((box for box in below if box.kind == b"ipco"), None)
    if ipco is None:
        raise BoxError("the ipco box is missing", offset=iprp.offset)
    properties = tuple(
        Property(box.kind, box.payload_offset, box.end) for box in _boxes(data, ipco.payload_offset, ipco.end)
    )
    associations: dict[int, tuple[Association, ...]] = {}
    for box in below:
        if box.kind == b"ipma":
            associations |= _read_ipma(data, box)
    if any(one.index > len(properties) for several in associations.values() for one in several):
        raise BoxError("an item has a property that is not there", offset=meta.offset)
    kinds = _read_iinf(data, inner[b"iinf"])
    iloc = inner[b"iloc"]
    places = {place.item: place for place in read_locations(data[iloc.payload_offset : iloc.end])}
    if sum(size for place in places.values() for _, size in place.extents()) > MOST_SHARING * len(data):
        raise BoxError("the items are many times larger than the file", offset=iloc.offset)
    items = {
        number: Item(number, kind, places.get(number, _NOWHERE), associations.get(number, ()), content_type)
        for number, (kind, content_type) in kinds.items()
    }
    pitm = inner[b"pitm"].payload_offset
    (primary,) = struct.unpack_from(">I" if data[pitm] else ">H", data, pitm + 4)
    references = tuple(_read_iref(data, inner[b"iref"])) if b"iref" in inner else ()
    idat = inner[b"idat"].payload_offset if b"idat" in inner else -1
    return ItemFile(data, primary, items, properties, references, (meta, iprp, ipco), iloc.payload_offset, idat, top)


def _read_ipma(data: bytes, box: BoxHeader) -> dict[int, tuple[Association, ...]]:
    at = box.payload_offset
    version, wide = data[at], data[at + 3] & 1
    (count,) = struct.unpack_from(">I", data, at + 4)
    at += 8
    found = {}
    for _ in range(min(count, MOST_ITEMS)):
        (number,) = struct.unpack_from(">I" if version else ">H", data, at)
        at += 4 if version else 2
        total = data[at]
        at += 1
        width = 2 if wide else 1
        found[number] = tuple(
            Association(int.from_bytes(data[place : place + width], "big") & (0x7FFF if wide else 0x7F), place, width)
            for place in range(at, at + total * width, width)
        )
        at += total * width
    return found


def _read_iinf(data: bytes, box: BoxHeader) -> dict[int, tuple[bytes, bytes]]:
    """Return type and content type of each item; entries of version 0 and 1 have none (8.11.6)."""
    at = box.payload_offset
    found = {}
    for entry in _boxes(data, at + (8 if data[at] else 6), box.end):
        start = entry.payload_offset
        version = data[start]
        if version < 2:
            continue
        number, _, kind = struct.unpack_from(">IH4s" if version > 2 else ">HH4s", data, start + 4)
        rest = data[start + (14 if version > 2 else 12) : entry.end].split(b"\0")
        found[number] = (kind, rest[1] if kind == b"mime" and len(rest) > 1 else b"")
    return found


def _read_iref(data: bytes, box: BoxHeader) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    at = box.payload_offset
    form, width = ("I", 4) if data[at] else ("H", 2)
    for entry in _boxes(data, at + 4, box.end):
        start = entry.payload_offset
        number, count = struct.unpack_from(f">{form}H", data, start)
        yield entry.kind, number, struct.unpack_from(f">{count}{form}", data, start + width + 2)
