"""Items of HEIF files (ISO/IEC 14496-12 8.11, ISO/IEC 23008-12): where they lie, and what they are like."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.header import BoxHeader, read_header

MOST_ITEMS = 65536


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of an item's bytes.

    Attributes
    ----------
    offset, size : int
        In the file; of an item in ``idat`` within that box.
    offset_at, size_at, offset_width, size_width : int
        Where in the file these numbers are written, and in how many bytes; a width of 0 means nowhere.
    addend : int
        What is added to the number at `offset_at`.
    """

    offset: int
    size: int
    offset_at: int
    offset_width: int
    size_at: int
    size_width: int
    addend: int


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
    method : int
        Construction method: 0 in the file, 1 in ``idat``, 2 by other items.
    local : bool
        Whether its bytes are in this file.
    content_type : bytes
        Of ``mime``.
    """

    id: int
    kind: bytes
    method: int
    local: bool
    extents: tuple[Extent, ...]
    properties: tuple[Association, ...]
    content_type: bytes = b""


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
    top : tuple of BoxHeader
        All boxes of the file's top level.
    """

    data: bytes
    primary: int
    items: dict[int, Item]
    properties: tuple[Property, ...]
    references: tuple[tuple[bytes, int, tuple[int, ...]], ...]
    grown: tuple[BoxHeader, ...]
    idat: int
    top: tuple[BoxHeader, ...]

    def content(self, item: Item) -> bytes:
        """Return an item's bytes; raises BoxError where they are outside the file."""
        if not item.local or item.method not in (0, 1) or (item.method == 1 and self.idat < 0):
            raise BoxError(f"the bytes of item {item.id} are not in this file")
        shift = self.idat if item.method == 1 else 0
        parts = [self.data[e.offset + shift : e.offset + shift + e.size] for e in item.extents]
        if any(len(part) < e.size for part, e in zip(parts, item.extents, strict=True)):
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
    places = _read_iloc(data, inner[b"iloc"])
    items = {
        number: Item(number, kind, *places.get(number, (0, False, ())), associations.get(number, ()), content_type)
        for number, (kind, content_type) in kinds.items()
    }
    pitm = inner[b"pitm"].payload_offset
    (primary,) = struct.unpack_from(">I" if data[pitm] else ">H", data, pitm + 4)
    references = tuple(_read_iref(data, inner[b"iref"])) if b"iref" in inner else ()
    idat = inner[b"idat"].payload_offset if b"idat" in inner else -1
    return ItemFile(data, primary, items, properties, references, (meta, iprp, ipco), idat, top)


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


def _read_iloc(data: bytes, box: BoxHeader) -> dict[int, tuple[int, bool, tuple[Extent, ...]]]:
    """Return method, whether it is in this file, and extents of each item (8.11.3)."""
    at = box.payload_offset
    version = data[at]
    offset_width, size_width, base_width = data[at + 4] >> 4, data[at + 4] & 15, data[at + 5] >> 4
    index_width = data[at + 5] & 15 if version in (1, 2) else 0
    id_form = ">I" if version == 2 else ">H"
    (count,) = struct.unpack_from(id_form, data, at + 6)
    at += 6 + struct.calcsize(id_form)
    found = {}
    for _ in range(min(count, MOST_ITEMS)):
        (number,) = struct.unpack_from(id_form, data, at)
        at += struct.calcsize(id_form)
        method = 0
        if version in (1, 2):
            method = data[at + 1] & 15
            at += 2
        (source,) = struct.unpack_from(">H", data, at)
        base_at = at + 2
        base = int.from_bytes(data[base_at : base_at + base_width], "big")
        at = base_at + base_width
        (extents,) = struct.unpack_from(">H", data, at)
        at += 2
        parts = []
        for _ in range(extents):
            at += index_width
            written = int.from_bytes(data[at : at + offset_width], "big")
            size = int.from_bytes(data[at + offset_width : at + offset_width + size_width], "big")
            offset = base + written
            # What moves is written where it has room: libheif has the place in the base, and 0 as the offset.
            in_base = not offset_width or (extents == 1 and base)
            place = (base_at, base_width, written) if in_base else (at, offset_width, base)
            parts.append(Extent(offset, size, place[0], place[1], at + offset_width, size_width, place[2]))
            at += offset_width + size_width
        found[number] = (method, source == 0, tuple(parts))
    return found


def _read_iref(data: bytes, box: BoxHeader) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    at = box.payload_offset
    form, width = ("I", 4) if data[at] else ("H", 2)
    for entry in _boxes(data, at + 4, box.end):
        start = entry.payload_offset
        number, count = struct.unpack_from(f">{form}H", data, start)
        yield entry.kind, number, struct.unpack_from(f">{count}{form}", data, start + width + 2)
