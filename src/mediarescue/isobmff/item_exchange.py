"""Other bytes for some items of a HEIF file; everything else stays, and every offset in ``iloc`` is made right."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.header import BoxHeader
from mediarescue.isobmff.items import Association, Item, ItemFile


@dataclass(frozen=True, slots=True)
class NewItem:
    """New bytes for an item, and the payload of its codec configuration (``hvcC``, ``av1C``)."""

    content: bytes
    configuration: bytes


def exchange_items(file: ItemFile, new: Mapping[int, NewItem], configuration: bytes) -> bytes:
    """Return the file with other bytes for some items, everything else as it is but moved.

    Parameters
    ----------
    new : mapping of id to NewItem
        Of items whose bytes are in the file (construction method 0).
    configuration : bytes
        Type of the property that tells the decoder how to begin; a new one is added for the items where none is equal.

    Raises
    ------
    BoxError
        An item or a property cannot be exchanged, two pictures share their bytes, or a number becomes too large for
        its place.
    """
    data = bytearray(file.data)
    splices: list[tuple[int, int, bytes]] = []
    added = b""
    known = {(p.kind, file.data[p.start : p.end]): i for i, p in enumerate(file.properties, 1)}
    for number, item in new.items():
        old = file.items[number]
        splices += _splices(old, item.content)
        key = (configuration, item.configuration)
        if key not in known:
            known[key] = len(file.properties) + 1 + sum(1 for place in known.values() if place > len(file.properties))
            added += struct.pack(">I4s", len(item.configuration) + 8, configuration) + item.configuration
        for association in old.properties:
            if file.kind_of(association) == configuration:
                _put_index(data, association, known[key])
    ipco = file.grown[-1]
    if added:
        splices.append((ipco.end, ipco.end, added))
    splices.sort()
    for (_, end, _), (start, _, _) in pairwise(splices):
        if start < end:
            raise BoxError("parts of the picture share their bytes", offset=start)
    _put_places(data, file, new, splices)
    for box in file.top:
        _put_size(data, box, [s for s in splices if box.offset < s[0] < box.end or s[0] == s[1] == box.end])
    for box in file.grown[1:]:
        _put_size(data, box, [s for s in splices if s[2] is added])
    parts, at = [], 0
    for start, end, content in splices:
        parts += [bytes(data[at:start]), content]
        at = end
    return b"".join([*parts, bytes(data[at:])])


def _splices(item: Item, content: bytes) -> list[tuple[int, int, bytes]]:
    """Deal out new bytes over the extents of an item, the first taking what is over."""
    if not item.location.in_file:
        raise BoxError(f"the bytes of item {item.id} are in no place of their own")
    extents = item.location.extents()
    if not all(size for _, size in extents):
        raise BoxError(f"the size of item {item.id} is not said")
    shares = [min(size, 1) for _, size in extents[1:]]
    sizes = [len(content) - sum(shares), *shares]
    parts, at = [], 0
    for (offset, old), size in zip(extents, sizes, strict=True):
        parts.append((offset, offset + old, content[at : at + size]))
        at += size
    return parts


def _put_index(data: bytearray, association: Association, index: int) -> None:
    flag = 1 << (8 * association.width - 1)
    if index >= flag:
        raise BoxError("there is no room for a further property")
    old = int.from_bytes(data[association.at : association.at + association.width], "big")
    data[association.at : association.at + association.width] = (old & flag | index).to_bytes(association.width, "big")


def _put_places(
    data: bytearray, file: ItemFile, new: Mapping[int, NewItem], splices: list[tuple[int, int, bytes]]
) -> None:
    """Write the new places of all items in the file, and the sizes of the exchanged ones."""
    sizes = {start: len(content) for start, end, content in splices if end > start}
    for item in file.items.values():
        if not item.location.in_file:
            continue
        extents = item.location.extents()
        if item.id in new:
            for (offset, _), number in zip(extents, item.location.sizes, strict=True):
                number.write(data, sizes[offset], file.iloc)
        elif any(start < offset + size and offset < end for start, end, _ in splices for offset, size in extents):
            raise BoxError(f"item {item.id} shares bytes with a picture", offset=extents[0][0])
        shifts = [
            sum(len(content) - (end - start) for start, end, content in splices if start < offset)
            for offset, _ in extents
        ]
        if not item.location.shift(data, shifts, file.iloc):
            raise BoxError(f"the new place of item {item.id} cannot be written", offset=file.iloc)


def _put(data: bytearray, at: int, width: int, value: int) -> None:
    if value < 0 or value >= 1 << 8 * width:
        raise BoxError(f"a new place of an item does not fit {width} bytes", offset=at)
    data[at : at + width] = value.to_bytes(width, "big")


def _put_size(data: bytearray, box: BoxHeader, splices: list[tuple[int, int, bytes]]) -> None:
    growth = sum(len(content) - (end - start) for start, end, content in splices)
    if not growth or box.declared_size == 0:
        return
    if data[box.offset : box.offset + 4] == b"\0\0\0\1":
        _put(data, box.offset + 8, 8, box.size + growth)
    else:
        _put(data, box.offset, 4, box.size + growth)
