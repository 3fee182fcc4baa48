"""Open bitstream units of AV1 (AV1 bitstream specification 5.3)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE

_LONGEST_HEAD = 10
"""Bytes of a header with its extension and the longest leb128()."""
_LONGEST_LEB128 = 8


class ObuType(IntEnum):
    """obu_type (6.2.2); the reserved ones are not believed."""

    SEQUENCE_HEADER = 1
    TEMPORAL_DELIMITER = 2
    FRAME_HEADER = 3
    TILE_GROUP = 4
    METADATA = 5
    FRAME = 6
    REDUNDANT_FRAME_HEADER = 7
    TILE_LIST = 8
    PADDING = 15


_KNOWN = frozenset(int(kind) for kind in ObuType)


class Obu(NamedTuple):
    """One unit: ``start`` and ``end`` are the buffer positions of its payload."""

    kind: int
    spatial_id: int
    start: int
    end: int


def read_obu(buf: NDArray[np.uint8], at: int, stop: int) -> Obu | int:
    """Return the unit at ``buf[at]``; its ``end`` may lie behind ``stop``.

    INVALID where none starts or it does not tell its size (has_size_field 0), NEED_MORE where ``stop`` cuts its header.
    """
    head = buf[at : min(at + _LONGEST_HEAD, stop)].tobytes()
    if not head:
        return NEED_MORE
    first = head[0]
    kind = first >> 3 & 15
    # forbidden bit, reserved bit, has_size_field
    if first & 0x83 != 0x02 or kind not in _KNOWN:
        return INVALID
    spatial_id, pos = 0, 1
    if first & 4:
        if len(head) < 2:
            return NEED_MORE
        if head[1] & 7:
            return INVALID
        spatial_id, pos = head[1] >> 3 & 3, 2
    size = 0
    for i in range(_LONGEST_LEB128):
        if pos >= len(head):
            return NEED_MORE if len(head) < _LONGEST_HEAD else INVALID
        byte = head[pos]
        size |= (byte & 127) << 7 * i
        pos += 1
        if byte < 128:
            return Obu(kind, spatial_id, at + pos, at + pos + size) if size < 1 << 32 else INVALID
    return INVALID


def split_obus(data: bytes) -> list[tuple[int, bytes]] | None:
    """Return type and payload of the units that make up ``data`` exactly, None where it is not made of such."""
    buf = np.frombuffer(data, dtype=np.uint8)
    found, at = [], 0
    while at < len(data):
        obu = read_obu(buf, at, len(data))
        if isinstance(obu, int) or obu.end > len(data):
            return None
        found.append((obu.kind, data[obu.start : obu.end]))
        at = obu.end
    return found
