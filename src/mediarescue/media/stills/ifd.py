"""Image file directories (TIFF 6.0 section 2, BigTIFF): the form of TIFF, of EXIF, and of the MPF index in JPEG."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Read = Callable[[int, int], bytes]
"""Give ``size`` bytes at an offset; fewer at the end."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value of each type (TIFF 6.0 section 2; 13 IFD of TIFF Tech Note 1; 16 to 18 of BigTIFF)."""
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}

MOST_FIELDS = 4096
MOST_ENTRIES = 1 << 18
"""Of all directories, which overlap in a file that is made to keep readers busy."""
MOST_VALUES = 1 << 24


class IfdError(ValueError):
    """The bytes are no directory."""


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a directory.

    Attributes
    ----------
    tag, type, count : int
        As in the file.
    entry : int
        Offset of the entry.
    at : int
        Offset of the values: inside the entry, or where it points.
    """

    tag: int
    type: int
    count: int
    entry: int
    at: int

    @property
    def value_size(self) -> int:
        """Bytes of one value; 0 for a type nobody knows."""
        return _SIZES.get(self.type, 0)


@dataclass(frozen=True, slots=True)
class Ifd:
    """A directory: where it stands, its fields by tag, and the offset of the next one (0 for none).

    Of several entries of one tag the first is its field; ``entries`` counts all.
    """

    offset: int
    fields: dict[int, Field]
    next: int
    entries: int


class IfdReader:
    """Directories behind a TIFF header.

    Parameters
    ----------
    read : callable
        Offsets count from the header's first byte.

    Attributes
    ----------
    order : str
        ``"<"`` or ``">"``, as `struct` has it.
    big : bool
        BigTIFF: offsets of 8 bytes.
    first : int
        Offset of the first directory.

    Raises
    ------
    IfdError
        There is no TIFF header.
    """

    def __init__(self, read: Read) -> None:
        self.read = read
        head = read(0, 16)
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if not self.order or len(head) < 8:
            raise IfdError("no TIFF header")
        (version,) = struct.unpack(self.order + "H", head[2:4])
        self.big = version == 43
        if self.big and len(head) == 16:
            (self.first,) = struct.unpack(self.order + "Q", head[8:16])
        elif version == 42:
            (self.first,) = struct.unpack(self.order + "I", head[4:8])
        else:
            raise IfdError("no TIFF header")

    def directory(self, offset: int) -> Ifd:
        """Read the directory at an offset; raises IfdError where there is none."""
        count_form, entry_size, inline = ("Q", 20, 8) if self.big else ("H", 12, 4)
        offset_form = "Q" if self.big else "I"
        count_size = struct.calcsize(self.order + count_form)
        (count,) = self._unpack(count_form, offset)
        if not 0 < count <= MOST_FIELDS:
            raise IfdError(f"a directory at {offset} with {count} fields")
        start = offset + count_size
        table = self.read(start, count * entry_size)
        if len(table) < count * entry_size:
            raise IfdError(f"the directory at {offset} is cut short")
        fields: dict[int, Field] = {}
        for number in range(count):
            place = number * entry_size
            tag, kind, values = struct.unpack_from(self.order + "HH" + offset_form, table, place)
            at = start + place + entry_size - inline
            if _SIZES.get(kind, 1) * values > inline:
                (at,) = struct.unpack_from(self.order + offset_form, table, place + entry_size - inline)
            fields.setdefault(tag, Field(tag, kind, values, start + place, at))
        after = self.read(start + count * entry_size, inline)
        following = struct.unpack(self.order + offset_form, after)[0] if len(after) == inline else 0
        return Ifd(offset, fields, following, count)

    def directories(self) -> Iterator[Ifd]:
        """Give the directories from the first on, each once; raises IfdError where one is damaged, or at too many."""
        seen, entries = set(), 0
        offset = self.first
        while offset and offset not in seen:
            seen.add(offset)
            ifd = self.directory(offset)
            entries += ifd.entries
            if entries > MOST_ENTRIES:
                raise IfdError(f"{len(seen)} directories and more with {entries} fields")
            yield ifd
            offset = ifd.next

    def numbers(self, field: Field | None) -> tuple[int, ...]:
        """Return the values of an integer field; none where it is missing, of another type, or cut short."""
        if field is None or field.type not in _INTEGERS or field.count > MOST_VALUES:
            return ()
        data = self.read(field.at, field.count * field.value_size)
        if len(data) < field.count * field.value_size:
            return ()
        return struct.unpack(f"{self.order}{field.count}{_INTEGERS[field.type]}", data)

    def number(self, field: Field | None, default: int = 0) -> int:
        """Return the first value of an integer field."""
        values = self.numbers(field)
        return values[0] if values else default

    def text(self, field: Field | None) -> str | None:
        """Return an ASCII field up to its first zero, None where there is nothing."""
        if field is None or field.type != 2 or field.count > MOST_FIELDS:
            return None
        data = self.read(field.at, field.count)
        return data.split(b"\0", 1)[0].decode("utf-8", "replace").strip() or None

    def _unpack(self, form: str, offset: int) -> tuple[int, ...]:
        size = struct.calcsize(self.order + form)
        data = self.read(offset, size)
        if len(data) < size:
            raise IfdError(f"nothing at {offset}")
        return struct.unpack(self.order + form, data)


def bytes_reader(data: bytes, start: int = 0) -> Read:
    """Read from bytes, offsets counted from ``start``."""

    def read(offset: int, size: int) -> bytes:
        return bytes(data[start + offset : start + offset + size]) if offset >= 0 else b""

    return read
