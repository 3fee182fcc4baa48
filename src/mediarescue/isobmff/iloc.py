"""Where items lie: the ``iloc`` box (ISO/IEC 14496-12 8.11.3), and the place of each number in it, to write another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mediarescue.isobmff.errors import BoxError

MOST_EXTENTS = 65536
"""Of all items together: a picture of a gigapixel has a few thousand tiles, of one part each."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of ``width`` bytes at ``pos`` of a payload; a width of 0 is a 0 that is not written."""

    pos: int
    width: int
    value: int

    def holds(self, value: int) -> bool:
        """Whether another value can be written there."""
        return value == self.value or (0 <= value < 1 << 8 * self.width and self.width > 0)

    def write(self, data: bytearray, value: int, origin: int = 0) -> None:
        """Write another value into ``data``, where the payload begins at ``origin``; BoxError if it is too big."""
        if not self.holds(value):
            raise BoxError(f"{value} does not fit {self.width} bytes", offset=origin + self.pos)
        data[origin + self.pos : origin + self.pos + self.width] = value.to_bytes(self.width, "big")


@dataclass(frozen=True, slots=True)
class ItemLocation:
    """Where one item lies.

    Attributes
    ----------
    item : int
        Its id.
    method : int
        Construction method: 0 offsets in the file, 1 in ``idat``, 2 in other items.
    local : bool
        Whether its bytes are in this file.
    base : Number
        What `offsets` count from.
    offsets, sizes : tuple of Number
        One each for every extent.
    """

    item: int
    method: int
    local: bool
    base: Number
    offsets: tuple[Number, ...]
    sizes: tuple[Number, ...]

    @property
    def in_file(self) -> bool:
        """Whether its offsets are offsets of this file."""
        return self.method == 0 and self.local and bool(self.offsets)

    def extents(self) -> list[tuple[int, int]]:
        """Return offset and size of its parts."""
        return [(self.base.value + o.value, s.value) for o, s in zip(self.offsets, self.sizes, strict=True)]

    def shift(self, data: bytearray, shifts: Sequence[int], origin: int = 0) -> bool:
        """Write the places of parts that have moved, in the base where all moved by as much; return whether they fit.

        What does not fit is left as it was.
        """
        together = self.base.width > 0 and len(set(shifts)) == 1
        if together and self.base.holds(self.base.value + shifts[0]):
            self.base.write(data, self.base.value + shifts[0], origin)
            return True
        fits = True
        for offset, by in zip(self.offsets, shifts, strict=True):
            if offset.holds(offset.value + by):
                offset.write(data, offset.value + by, origin)
            else:
                fits = False
        return fits


class _Fields:
    """Reads numbers of any width from a payload in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pos = 0

    def __call__(self, width: int) -> Number:
        at = self._pos
        self._pos += width
        if self._pos > len(self._data):
            raise BoxError("the iloc box is cut off")
        return Number(at, width, int.from_bytes(self._data[at : self._pos], "big"))

    @property
    def left(self) -> int:
        """Bytes not read so far."""
        return len(self._data) - self._pos


def read_locations(payload: bytes) -> list[ItemLocation]:
    """Read the payload of an ``iloc`` box.

    Raises
    ------
    BoxError
        It is cut off, of a version that is not known, or lists more parts than a file has use for.

    Notes
    -----
    The parts are counted before they are read: where offset, size and index have no bytes, 16 bits announce 65,535
    parts, and a few hundred bytes would fill the memory.
    """
    read = _Fields(payload)
    version = read(4).value >> 24
    widths = read(2).value
    offset_size, size_size, base_size, index_size = (widths >> shift & 15 for shift in (12, 8, 4, 0))
    if version not in (0, 1, 2):
        raise BoxError(f"an iloc box of version {version}")
    extent_size = offset_size + size_size + (index_size if version else 0)
    found, total = [], 0
    for _ in range(read(2 if version < 2 else 4).value):
        item = read(2 if version < 2 else 4).value
        method = read(2).value & 15 if version else 0
        local = read(2).value == 0
        base = read(base_size)
        count = read(2).value
        total += count
        if count * extent_size > read.left:
            raise BoxError("the iloc box is cut off")
        if total > MOST_EXTENTS or (count > 1 and not extent_size):
            raise BoxError(f"an iloc box with {count} parts of item {item}")
        offsets, sizes = [], []
        for _ in range(count):
            read(index_size if version else 0)
            offsets.append(read(offset_size))
            sizes.append(read(size_size))
        found.append(ItemLocation(item, method, local, base, tuple(offsets), tuple(sizes)))
    return found
