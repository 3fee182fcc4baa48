"""Damage media data at random, and know afterwards where each untouched byte lies."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tests.support.boxes import mdat_of, top_level

Kind = Literal["zeros", "noise", "cut", "insert", "swap", "copy"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of the original that stand in the damaged file as they were.

    ``is_copy`` where the original's own bytes stand elsewhere, or were overwritten.
    """

    new: int
    old: int
    size: int
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to a film without index: the whole file, and what of the original is left where.

    ``at`` and ``size`` are where it was hit and how many bytes were; ``in_place`` where nothing moved.
    """

    kind: Kind
    at: int
    size: int
    data: bytes
    spans: tuple[Span, ...]
    in_place: bool

    def __str__(self) -> str:
        return f"{self.size} bytes of {self.kind} at {self.at}"


def without_index(film: Path) -> tuple[bytes, int]:
    """Return a film up to the end of its media data, as a crash leaves it, and where its media begin."""
    mdat = mdat_of(film)
    with film.open("rb") as file:
        data = bytearray(file.read(mdat.end))
    for top in top_level(film):
        if top.kind == b"moov" and top.offset < mdat.offset:
            data[top.offset + 4 : top.end] = b"free" + bytes(top.size - 8)
    if mdat.header == 8:
        struct.pack_into(">I", data, mdat.offset, 0)
    else:
        struct.pack_into(">Q", data, mdat.offset + 8, 0)
    return bytes(data), mdat.offset + mdat.header


def random_damage(data: bytes, first: int, seed: object) -> Damage:
    """Damage a film whose media begin at ``first``: 1 byte to 1 MiB, at most two fifths of the media."""
    chance = random.Random(str(seed))
    kind = chance.choice(KINDS)
    most = max(min(_LARGEST, (len(data) - first) * 2 // 5), 1)
    size = min(most, max(1, round(2 ** chance.uniform(0, most.bit_length()))))
    at = chance.randrange(first, max(len(data) - size, first + 1))
    return make_damage(data, first, kind, at, size, chance)


def make_damage(data: bytes, first: int, kind: Kind, at: int, size: int, chance: random.Random) -> Damage:
    """Return ``data`` damaged by ``size`` bytes at ``at``; ``chance`` gives noise and other places."""
    end, left = at + size, len(data) - at - size
    before, after = Span(0, 0, at), Span(end, end, left)
    if kind == "cut":
        return Damage(kind, at, size, data[:at] + data[end:], (before, Span(at, end, left)), False)
    if kind == "insert":
        whole = data[:at] + chance.randbytes(size) + data[at:]
        return Damage(kind, at, size, whole, (before, Span(end, at, len(data) - at)), False)
    if kind == "copy":
        other = chance.randrange(first, max(len(data) - size, first + 1))
        whole = data[:at] + data[other : other + size] + data[end:]
        return Damage(kind, at, size, whole, (before, Span(at, other, size, True), after), True)
    if kind == "swap" and left > 0:
        length = min(left, max(1, round(size * chance.uniform(0.5, 2))))
        other = chance.randrange(end, len(data) - length + 1)
        parts = (
            (0, at),
            (other, length),
            (end, other - end),
            (at, size),
            (other + length, left - length - other + end),
        )
        spans, place = [], 0
        for old, count in parts:
            spans.append(Span(place, old, count))
            place += count
        return Damage(kind, at, size, b"".join(data[s.old : s.old + s.size] for s in spans), tuple(spans), False)
    filling = bytes(size) if kind == "zeros" else chance.randbytes(size)
    return Damage(kind, at, size, data[:at] + filling + data[end:], (before, after), True)
