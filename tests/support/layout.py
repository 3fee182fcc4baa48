"""Lay a clip's media data out anew: long chunks as phones and cameras write them, 64-bit offsets, reserved space."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import count
from pathlib import Path

from tests.support.boxes import box, children, mdat_of, moov_of, tables_of, top_level

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def rechunk(src: Path, dst: Path, *, chunk_seconds: float | tuple[float, ...] = 1.0) -> Path:
    """Write ``src`` to ``dst`` with one chunk per track and ``chunk_seconds`` (one for all, or one a track), in turn.

    FFmpeg writes chunks of one or two samples; phones write half a second (iPhone) or a second (Android). ``moov``
    goes last.
    """
    data, tables = src.read_bytes(), tables_of(src)
    periods = chunk_seconds if isinstance(chunk_seconds, tuple) else (chunk_seconds,) * len(tables)
    chunks: list[tuple[float, int, list[int]]] = []
    for track, (table, period) in enumerate(zip(tables, periods, strict=True)):
        groups: dict[int, list[int]] = {}
        for sample, dts in enumerate(table.dts):
            groups.setdefault(int(dts / table.timescale / period), []).append(sample)
        chunks += [(turn * period, track, samples) for turn, samples in groups.items()]
    chunks.sort(key=lambda chunk: chunk[:2])
    head = b"".join(data[b.offset : b.end] for b in top_level(src) if b.kind in (b"ftyp", b"free", b"wide"))
    payload = bytearray()
    placed: list[list[tuple[int, int]]] = [[] for _ in tables]
    for _, track, samples in chunks:
        placed[track].append((len(head) + 8 + len(payload), len(samples)))
        for sample in samples:
            start = tables[track].offsets[sample]
            payload += data[start : start + tables[track].sizes[sample]]
    track_number = count()
    moov = rewrite(
        moov_of(src), {b"stbl": lambda inside: box(b"stbl", _with_chunks(inside, placed[next(track_number)]))}
    )
    dst.write_bytes(head + box(b"mdat", bytes(payload)) + moov)
    return dst


def to_co64(src: Path, dst: Path) -> Path:
    """Write ``src`` to ``dst`` with every ``stco`` widened to ``co64``; nothing moves (``moov`` must stand last)."""
    moov = moov_of(src)
    at = next(b for b in top_level(src) if b.kind == b"moov")
    assert at.offset > mdat_of(src).offset, "widening a moov in front would move the media data"
    data = src.read_bytes()
    dst.write_bytes(data[: at.offset] + rewrite(moov, {b"stco": _widened}) + data[at.end :])
    return dst


def shorten_nal_lengths(src: Path, dst: Path, *, size: int) -> Path:
    """Write the H.264 clip ``src`` to ``dst`` with NAL lengths of ``size`` bytes (2 or 1) in one chunk per sample.

    Android's MPEG4Writer can write 2-byte lengths; FFmpeg never does. Only tracks with the handler ``vide`` change.
    """
    data, tables = src.read_bytes(), tables_of(src)
    head = b"".join(data[b.offset : b.end] for b in top_level(src) if b.kind in (b"ftyp", b"free", b"wide"))
    payload = bytearray()
    places: list[list[int]] = [[0] * len(table.sizes) for table in tables]
    sizes = [list(table.sizes) for table in tables]
    order = sorted((offset, track, i) for track, table in enumerate(tables) for i, offset in enumerate(table.offsets))
    for offset, track, i in order:
        sample = data[offset : offset + tables[track].sizes[i]]
        if tables[track].handler == b"vide":
            sample = _with_short_lengths(sample, size)
        places[track][i], sizes[track][i] = len(head) + 8 + len(payload), len(sample)
        payload += sample
    track_number = count()

    def stbl(inside: bytes) -> bytes:
        track = next(track_number)
        rows = struct.pack(f">III{len(sizes[track])}I", 0, 0, len(sizes[track]), *sizes[track])
        fresh = _with_chunks(inside, [(place, 1) for place in places[track]])
        return rewrite(
            fresh, {b"stsz": lambda _: box(b"stsz", rows), b"stsd": lambda old: box(b"stsd", _avcc(old, size))}
        )

    moov = rewrite(moov_of(src), {b"stbl": lambda inside: box(b"stbl", stbl(inside))})
    dst.write_bytes(head + box(b"mdat", bytes(payload)) + moov)
    return dst


def add_entry(src: Path, dst: Path, *, entry: bytes, first_chunk: int) -> Path:
    """Write ``src`` to ``dst`` with the sample entry box ``entry`` added to the first video track.

    Its chunks from ``first_chunk`` (0-based) on are of that entry. ``moov`` must stand last.
    """
    data, at = src.read_bytes(), next(b for b in top_level(src) if b.kind == b"moov")

    def stsd(old: bytes) -> bytes:
        return box(b"stsd", old[:4] + struct.pack(">I", 2) + old[8:] + entry)

    def stsc(old: bytes) -> bytes:
        rows = [*struct.iter_unpack(">III", old[8:])]
        per_chunk = next(n for first, n, _ in reversed(rows) if first <= first_chunk + 1)
        kept = [row for row in rows if row[0] <= first_chunk] + [(first_chunk + 1, per_chunk, 2)]
        kept += [(first, n, 2) for first, n, _ in rows if first > first_chunk + 1]
        return box(b"stsc", struct.pack(">II", 0, len(kept)) + b"".join(struct.pack(">III", *row) for row in kept))

    def trak(inside: bytes) -> bytes:
        return box(b"trak", rewrite(inside, {b"stsd": stsd, b"stsc": stsc}) if b"vide" in inside else inside)

    dst.write_bytes(data[: at.offset] + rewrite(moov_of(src), {b"trak": trak}))
    return dst


def _with_short_lengths(sample: bytes, size: int) -> bytes:
    out, pos = bytearray(), 0
    while pos < len(sample):
        length = int.from_bytes(sample[pos : pos + 4], "big")
        out += length.to_bytes(size, "big") + sample[pos + 4 : pos + 4 + length]
        pos += 4 + length
    return bytes(out)


def _avcc(stsd: bytes, size: int) -> bytes:
    """Return the payload of ``stsd`` with lengthSizeMinusOne of its avcC set (ISO/IEC 14496-15 5.3.3.1.2)."""
    at = stsd.find(b"avcC")
    if at < 0:
        return stsd
    return stsd[: at + 8] + bytes([stsd[at + 8] & 0xFC | (size - 1)]) + stsd[at + 9 :]


def _with_chunks(stbl: bytes, placed: list[tuple[int, int]]) -> bytes:
    """Return the children of a ``stbl`` with ``(offset, sample count)`` chunks instead of their own."""
    rows: list[tuple[int, int]] = []
    for number, (_, samples) in enumerate(placed, 1):
        if not rows or rows[-1][1] != samples:
            rows.append((number, samples))
    stsc = struct.pack(">II", 0, len(rows)) + b"".join(struct.pack(">III", first, n, 1) for first, n in rows)
    stco = struct.pack(f">II{len(placed)}I", 0, len(placed), *(offset for offset, _ in placed))
    kept = rewrite(stbl, dict.fromkeys((b"stsc", b"stco", b"co64"), lambda _: b""))
    return kept + box(b"stsc", stsc) + box(b"stco", stco)


def _widened(stco: bytes) -> bytes:
    entries = struct.unpack_from(">I", stco, 4)[0]
    offsets = struct.unpack_from(f">{entries}I", stco, 8)
    return box(b"co64", struct.pack(f">II{entries}Q", 0, entries, *offsets))


def rewrite(data: bytes, changes: dict[bytes, Callable[[bytes], bytes]]) -> bytes:
    """Copy a run of boxes; a box named in ``changes`` becomes what its function makes of its payload."""
    out = bytearray()
    for kind, start, body, end in children(data, 0, len(data)):
        if kind in changes:
            out += changes[kind](data[body:end])
        elif kind in CONTAINERS:
            out += box(kind, rewrite(data[body:end], changes))
        else:
            out += data[start:end]
    return bytes(out)
