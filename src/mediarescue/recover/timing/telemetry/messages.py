"""Numbers of Protocol Buffers messages: Pixel's ``microvideo-meta-stream`` (field 5, microseconds), and others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mediarescue.recover.timing.telemetry.form import Column, Stamps, from_first, rises

_LARGEST = 1 << 16
"""Bytes; longer messages hold pictures."""
_DEPTH = 2
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class MessageFields:
    """Integers of the messages and of those inside them, by the path of field numbers."""

    name = "message"

    def columns(self, samples: Sequence[bytes]) -> Iterator[Column]:
        """Yield the fields that every message has once, and that rise; those of the message itself first."""
        rows = [numbers(sample) for sample in samples]
        if not rows:
            return
        common = set(rows[0]).intersection(*rows[1:])
        for path in sorted(common, key=lambda path: (path.count("."), path)):
            values = from_first([row[path] for row in rows])
            if rises(values):
                yield Column(path, values)

    def read(self, samples: Iterable[bytes], key: str) -> Stamps:
        """Return a field of messages, float64 (n,); NaN where one lacks it."""
        path = tuple(map(int, key.split(".")))
        return from_first(number_at(sample, path) for sample in samples)


def number_at(message: bytes, path: tuple[int, ...]) -> int | None:
    """Return the integer at a path of field numbers, as `numbers` has it; what stands behind it is not read."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        wanted, kind = tag >> 3 == path[0], tag & 7
        value, size = 0, 0
        if kind in (_VARINT, _LENGTH) and at >= 0:
            value, at = _varint(message, at)
            size = value if kind == _LENGTH else 0
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
            value = int.from_bytes(message[at : at + size], "little")
        else:
            return None
        if at < 0 or at + size > len(message):
            return None
        if wanted and (kind == _LENGTH) == (len(path) > 1):
            found = number_at(message[at : at + size], path[1:]) if kind == _LENGTH else value
            if found is not None:
                return found
        at += size
    return None


def numbers(message: bytes, *, depth: int = _DEPTH) -> dict[str, int]:
    """Return the integers of a message by path (``5``, ``2.1``); empty where it is none.

    Notes
    -----
    Wire types of Protocol Buffers: 0 varint, 1 and 5 fixed of 8 and 4 bytes, 2 bytes with a length. A field that comes
    again counts once.
    """
    out: dict[str, int] = {}
    if len(message) > _LARGEST:
        return out
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if at < 0 or not number:
            return {}
        if kind == _VARINT:
            value, at = _varint(message, at)
            if at < 0:
                return {}
            out.setdefault(str(number), value)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
            if at + size > len(message):
                return {}
            out.setdefault(str(number), int.from_bytes(message[at : at + size], "little"))
            at += size
        elif kind == _LENGTH:
            size, at = _varint(message, at)
            if at < 0 or at + size > len(message):
                return {}
            if depth > 1:
                for path, value in numbers(message[at : at + size], depth=depth - 1).items():
                    out.setdefault(f"{number}.{path}", value)
            at += size
        else:
            return {}
    return out


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a varint and where it ends, -1 where it is cut off."""
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    return 0, -1
