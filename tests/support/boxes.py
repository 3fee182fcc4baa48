"""A tiny ISO base media box reader and writer for the tests, independent of the package under test.

It knows just enough to break files and to lay them out anew: top-level boxes, paths inside ``moov``, sample tables.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TopBox:
    """A top-level box: type, absolute offset, header size (8 or 16) and whole size in bytes."""

    kind: bytes
    offset: int
    header: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


def box(kind: bytes, payload: bytes = b"") -> bytes:
    """Return one box with a 32-bit size."""
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def top_level(path: Path) -> list[TopBox]:
    """Return the top-level boxes of a file of any size; the last is cut short where it runs past the end."""
    found, offset, total = [], 0, path.stat().st_size
    with path.open("rb") as file:
        while offset + 8 <= total:
            file.seek(offset)
            head = file.read(16)
            size, header = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, header = int.from_bytes(head[8:], "big"), 16
            elif size == 0:
                size = total - offset
            if size < header:
                raise ValueError(f"box {head[4:8]!r} at {offset} is smaller than its header")
            size = min(size, total - offset)
            found.append(TopBox(head[4:8], offset, header, size))
            offset += size
    return found


def children(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield ``(kind, start, body, end)`` of the boxes in ``data[start:end]``."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            size, body = struct.unpack_from(">Q", data, start + 8)[0], start + 16
        elif size == 0:
            size = end - start
        if size < body - start or start + size > end:
            raise ValueError(f"box {kind!r} at {start} does not fit")
        yield kind, start, body, start + size
        start += size


def find(data: bytes, *path: bytes, within: tuple[int, int] | None = None) -> tuple[int, int, int] | None:
    """Return ``(start, body, end)`` of the first box at ``path``, or None."""
    start, end = within or (0, len(data))
    for i, name in enumerate(path):
        for kind, at, body, stop in children(data, start, end):
            if kind == name:
                if i == len(path) - 1:
                    return at, body, stop
                start, end = body, stop
                break
        else:
            return None
    return None


def moov_of(path: Path) -> bytes:
    """Return the whole ``moov`` box."""
    moov = next(b for b in top_level(path) if b.kind == b"moov")
    with path.open("rb") as file:
        file.seek(moov.offset)
        return file.read(moov.size)


def mdat_of(path: Path) -> TopBox:
    """Return the first ``mdat``."""
    return next(b for b in top_level(path) if b.kind == b"mdat")


@dataclass(slots=True)
class Tables:
    """The tables of one track that say where its samples lie, expanded: one entry a sample."""

    timescale: int
    handler: bytes
    offsets: list[int]
    sizes: list[int]
    dts: list[int]
    composition: list[int]
    sync: list[bool]


def tables_of(path: Path) -> list[Tables]:
    """Return the expanded tables of every track, in file order."""
    moov = moov_of(path)
    _, body, end = find(moov, b"moov") or (0, 8, len(moov))
    return [_tables(moov, (at, stop)) for kind, _, at, stop in children(moov, body, end) if kind == b"trak"]


def _tables(moov: bytes, trak: tuple[int, int]) -> Tables:
    def payload(*path: bytes) -> bytes | None:
        found = find(moov, *path, within=trak)
        return moov[found[1] : found[2]] if found else None

    def table(name: bytes) -> bytes | None:
        return payload(b"mdia", b"minf", b"stbl", name)

    stsz, stsc, stts, mdhd = table(b"stsz"), table(b"stsc"), table(b"stts"), payload(b"mdia", b"mdhd")
    hdlr = payload(b"mdia", b"hdlr")
    assert stsz
    assert stsc
    assert stts
    assert mdhd
    assert hdlr
    constant, count = struct.unpack_from(">II", stsz, 4)
    sizes = [constant] * count if constant else list(struct.unpack_from(f">{count}I", stsz, 12))
    stco, co64 = table(b"stco"), table(b"co64")
    raw = stco if stco is not None else co64
    assert raw
    chunk_count = struct.unpack_from(">I", raw, 4)[0]
    chunks = struct.unpack_from(f">{chunk_count}{'I' if stco is not None else 'Q'}", raw, 8)
    runs = [row[:2] for row in struct.iter_unpack(">III", stsc[8 : 8 + 12 * struct.unpack_from(">I", stsc, 4)[0]])]
    offsets: list[int] = []
    for number, offset in enumerate(chunks, 1):
        per_chunk = next(count for first, count in reversed(runs) if first <= number)
        for _ in range(per_chunk):
            offsets.append(offset)
            offset += sizes[len(offsets) - 1]
    dts, now = [], 0
    for run, delta in struct.iter_unpack(">II", stts[8:]):
        for _ in range(run):
            dts.append(now)
            now += delta
    ctts, stss = table(b"ctts"), table(b"stss")
    composition = [0] * count
    if ctts:
        composition = [value for run, value in struct.iter_unpack(">Ii", ctts[8:]) for _ in range(run)]
    sync = [True] * count
    if stss:
        numbers = {number for (number,) in struct.iter_unpack(">I", stss[8:])}
        sync = [i + 1 in numbers for i in range(count)]
    timescale = struct.unpack_from(">I", mdhd, 20 if mdhd[0] else 12)[0]
    return Tables(timescale, hdlr[8:12], offsets, sizes, dts, composition, sync)
