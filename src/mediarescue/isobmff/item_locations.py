"""Numbers inside boxes that are offsets in the file: where items lie, and where a dash camera's places stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.relocation import Spans

Int64Array = NDArray[np.int64]
Move = Callable[[Int64Array], Int64Array]


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of ``width`` bytes at ``pos`` of a payload; a width of 0 is a 0 that is not written."""

    pos: int
    width: int
    value: int

    def written(self, data: bytearray, value: int) -> bool:
        """Write another value; return whether it fits."""
        if value == self.value:
            return True
        if not self.width or not 0 <= value < 1 << 8 * self.width:
            return False
        data[self.pos : self.pos + self.width] = value.to_bytes(self.width, "big")
        return True


@dataclass(frozen=True, slots=True)
class _Item:
    """One item whose bytes are at offsets of this file: what its ``offsets`` count from, and their lengths."""

    base: _Number
    offsets: tuple[_Number, ...]
    lengths: tuple[int, ...]

    def starts(self) -> Int64Array:
        """Return where its parts lie in the file."""
        return np.array([self.base.value + offset.value for offset in self.offsets], np.int64)


class _Fields:
    """Reads numbers of any width from a payload in order; IndexError at its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pos = 0

    def __call__(self, width: int) -> _Number:
        at = self._pos
        self._pos += width
        if self._pos > len(self._data):
            raise IndexError("the iloc box is cut off")
        return _Number(at, width, int.from_bytes(self._data[at : self._pos], "big"))


def _items(iloc: Box) -> list[_Item]:
    """Return the items of an ``iloc`` (ISO/IEC 14496-12 8.11.3) that lie in this file; none where it is cut off."""
    read = _Fields(iloc.payload)
    found = []
    try:
        version = read(4).value >> 24
        widths = read(2).value
        offset_size, length_size, base_size, index_size = (widths >> shift & 15 for shift in (12, 8, 4, 0))
        if version not in (0, 1, 2):
            return []
        for _ in range(read(2 if version < 2 else 4).value):
            read(2 if version < 2 else 4)
            method = read(2).value & 15 if version else 0
            reference = read(2).value
            base = read(base_size)
            offsets, lengths = [], []
            for _ in range(read(2).value):
                read(index_size if version else 0)
                offsets.append(read(offset_size))
                lengths.append(read(length_size).value)
            if not method and not reference and offsets:
                found.append(_Item(base, tuple(offsets), tuple(lengths)))
    except IndexError:
        return []
    return found


def item_spans(box: Box) -> Spans:
    """Return the bytes of the file that items of any ``meta`` in this box lie in."""
    starts, ends = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for iloc in _locations(box):
        for item in _items(iloc):
            starts.append(item.starts())
            ends.append(item.starts() + np.array(item.lengths, np.int64))
    return Spans.union(np.concatenate(starts), np.concatenate(ends))


def _locations(box: Box) -> Iterator[Box]:
    if box.kind == b"iloc":
        yield box
    for child in box.children or ():
        yield from _locations(child)


def with_moved_places(box: Box, move: Move, size: int) -> Box:
    """Return a box in which items (``iloc``) and places (``gps ``) are found where ``move`` says; else as it was.

    Parameters
    ----------
    box : Box
        A ``moov`` or ``meta``, or anything in one; sample tables are not looked at.
    move : callable
        Offsets in the source -> offsets in the output.
    size : int
        Of the source, in bytes.
    """
    if box.kind == b"iloc":
        return _moved_items(box, move)
    if box.kind == b"gps ":
        return _moved_gps(box, move, size)
    if box.children is None or box.kind == b"mdia":
        return box
    children = [with_moved_places(child, move, size) for child in box.children]
    return (
        box
        if all(new is old for new, old in zip(children, box.children, strict=True))
        else box.replace(children=children)
    )


def _moved_items(iloc: Box, move: Move) -> Box:
    data = bytearray(iloc.payload)
    for item in _items(iloc):
        shift = (move(item.starts()) - item.starts()).tolist()
        together = item.base.width > 0 and len(set(shift)) == 1
        if together and item.base.written(data, item.base.value + shift[0]):
            continue
        for offset, by in zip(item.offsets, shift, strict=True):
            offset.written(data, offset.value + by)
    return iloc.replace(payload=bytes(data)) if data != iloc.payload else iloc


def _moved_gps(box: Box, move: Move, size: int) -> Box:
    """Return the list of GPS blocks that Novatek's dash cameras keep in the ``moov``: count, then offset and size.

    Notes
    -----
    The blocks are ``free`` boxes among the media data (ExifTool, "Novatek" in QuickTimeStream.pl, tells the form).
    """
    data = box.payload
    count = int.from_bytes(data[4:8], "big")
    if not count or len(data) < 8 + 8 * count:
        return box
    rows = np.frombuffer(data, ">u4", 2 * count, 8).reshape(-1, 2).astype(np.int64)
    moved = move(rows[:, 0])
    if (rows.sum(axis=1) > size).any() or int(moved.max()) > 0xFFFFFFFF:
        return box
    rows = np.column_stack((moved, rows[:, 1]))
    return box.replace(payload=data[:8] + rows.astype(">u4").tobytes() + data[8 + 8 * count :])
