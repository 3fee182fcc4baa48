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
_U32_MAX = 0xFFFFFFFF


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


def _locations(box: Box, kind: bytes = b"iloc") -> Iterator[Box]:
    if box.kind == kind:
        yield box
    for child in box.children or ():
        yield from _locations(child, kind)


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


def misplaced(box: Box, move: Move, size: int) -> tuple[str, ...]:
    """Say whose new place could not be written into a box, `with_moved_places` having done the others."""
    found = []
    for gps in _locations(box, b"gps "):
        if int(move(_gps_rows(gps, size)[:, 0]).max(initial=0)) > _U32_MAX:
            found.append("where the camera's GPS data lie: they are now behind 4 GiB, which its list cannot say")
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
    rows = _gps_rows(box, size)
    moved = move(rows[:, 0])
    if not len(rows) or int(moved.max()) > _U32_MAX:
        return box
    data = np.column_stack((moved, rows[:, 1])).astype(">u4").tobytes()
    return box.replace(payload=box.payload[:8] + data + box.payload[8 + len(data) :])


def _gps_rows(box: Box, size: int) -> Int64Array:
    """Return offset and size, int64 (n, 2), of GPS blocks that Novatek's dash cameras list in the ``moov``.

    Notes
    -----
    The blocks are ``free`` boxes among the media data (ExifTool, "Novatek" in QuickTimeStream.pl, tells the form:
    count, then the rows). Where one leads outside the file they are something else, and none.
    """
    count = int.from_bytes(box.payload[4:8], "big")
    if not count or len(box.payload) < 8 + 8 * count:
        return np.zeros((0, 2), np.int64)
    rows: Int64Array = np.frombuffer(box.payload, ">u4", 2 * count, 8).reshape(-1, 2).astype(np.int64)
    return rows[:0] if (rows.sum(axis=1) > size).any() else rows
