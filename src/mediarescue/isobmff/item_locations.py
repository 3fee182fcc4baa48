"""Numbers inside boxes that are offsets in the file: where items lie, and where a dash camera's places stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.iloc import ItemLocation, read_locations
from mediarescue.isobmff.relocation import Spans

Int64Array = NDArray[np.int64]
Move = Callable[[Int64Array], Int64Array]


def _items(iloc: Box) -> list[ItemLocation]:
    """Return where the items of an ``iloc`` that lie in this file are; none where it cannot be read."""
    try:
        return [location for location in read_locations(iloc.payload) if location.in_file]
    except BoxError:
        return []


def _starts(location: ItemLocation) -> Int64Array:
    return np.array([offset for offset, _ in location.extents()], np.int64)


def item_spans(box: Box) -> Spans:
    """Return the bytes of the file that items of any ``meta`` in this box lie in."""
    starts, ends = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for iloc in _locations(box):
        for item in _items(iloc):
            starts.append(_starts(item))
            ends.append(np.array([offset + size for offset, size in item.extents()], np.int64))
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


def misplaced(box: Box, move: Move) -> tuple[str, ...]:
    """Say of which items the new place could not be written into a box, `with_moved_places` having done the others."""
    found = []
    for iloc in _locations(box):
        try:
            read_locations(iloc.payload)
        except BoxError as error:
            found.append(f"where the items of a 'meta' box lie, if they lie among the pictures ({error})")
        if items := _shifted(iloc, move)[1]:
            numbers = ", ".join(str(item) for item in items)
            found.append(f"where item {numbers} of a 'meta' box lies: its 'iloc' box has too few bytes for the number")
    return tuple(found)


def _moved_items(iloc: Box, move: Move) -> Box:
    data, _ = _shifted(iloc, move)
    return iloc.replace(payload=data) if data != iloc.payload else iloc


def _shifted(iloc: Box, move: Move) -> tuple[bytes, list[int]]:
    """Return the payload with the new places, and the items whose new place does not fit."""
    data = bytearray(iloc.payload)
    shifts = ((item, (move(_starts(item)) - _starts(item)).tolist()) for item in _items(iloc))
    unfit = [item.item for item, by in shifts if not item.shift(data, by)]
    return bytes(data), unfit


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
