"""Boxes and small movies made in memory for the tests of `mediarescue.isobmff`."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from mediarescue.isobmff import Box, SampleTable, compact, contiguous_chunks


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def full(kind: bytes, payload: bytes = b"", *, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + payload)


def mvhd(*, timescale: int = 1000, duration: int = 1000) -> bytes:
    head = struct.pack(">IIII", 0, 0, timescale, duration)
    return full(b"mvhd", head + struct.pack(">IH10x", 0x10000, 0x100) + bytes(36) + bytes(24) + struct.pack(">I", 2))


def tkhd(*, track_id: int = 1, duration: int = 1000) -> bytes:
    head = struct.pack(">IIIII8x", 0, 0, track_id, 0, duration)
    return full(b"tkhd", head + bytes(8) + bytes(36) + struct.pack(">II", 640 << 16, 480 << 16), flags=3)


def mdhd(*, timescale: int = 90000, duration: int = 90000) -> bytes:
    return full(b"mdhd", struct.pack(">IIIIHH", 0, 0, timescale, duration, 0x55C4, 0))


def hdlr(handler: bytes = b"vide") -> bytes:
    return full(b"hdlr", bytes(4) + handler + bytes(12) + b"handler\0")


def video_entry(kind: bytes = b"avc1", children: bytes = b"") -> bytes:
    head = bytes(6) + struct.pack(">H16xHHIIIH32sHh", 1, 640, 480, 72 << 16, 72 << 16, 0, 1, b"", 24, -1)
    return box(kind, head + children)


def audio_entry(kind: bytes = b"mp4a", children: bytes = b"", *, version: int = 0, extra: bytes = b"") -> bytes:
    head = bytes(6) + struct.pack(">HHHIHHhHI", 1, version, 0, 0, 2, 16, 0, 0, 48000 << 16)
    return box(kind, head + extra + children)


def stsd(*entries: bytes) -> bytes:
    return full(b"stsd", struct.pack(">I", len(entries)) + b"".join(entries))


def samples(sizes: Sequence[int], *, start: int = 100, per_chunk: int = 2, duration: int = 3000) -> SampleTable:
    """Return samples that follow each other from ``start``, with a gap of 10 bytes between chunks."""
    size = np.array(sizes, np.int64)
    chunk = np.arange(len(size)) // per_chunk
    offset = start + np.cumsum(size) - size + 10 * chunk
    return SampleTable(
        offset=offset.astype(np.int64),
        size=size,
        duration=np.full(len(size), duration, np.int64),
        composition_offset=np.zeros(len(size), np.int64),
        is_sync=np.arange(len(size)) % 3 == 0,
        chunk_index=contiguous_chunks(offset, size),
        description_index=np.zeros(len(size), np.int32),
    )


def trak(table: SampleTable, *, extra: bytes = b"", edts: bytes = b"", entry: bytes | None = None) -> bytes:
    """Return a video ``trak``; ``extra`` goes to the end of its ``stbl``."""
    entry = video_entry(children=box(b"avcC", b"\1\2\3")) if entry is None else entry
    stbl = box(b"stbl", stsd(entry) + b"".join(b.serialize() for b in compact(table)) + extra)
    dinf = box(b"dinf", full(b"dref", struct.pack(">I", 1) + full(b"url ", flags=1)))
    minf = box(b"minf", full(b"vmhd", bytes(8), flags=1) + dinf + stbl)
    return box(b"trak", tkhd() + edts + box(b"mdia", mdhd() + hdlr() + minf))


def moov(table: SampleTable | None = None, *, extra: bytes = b"", edts: bytes = b"", tail: bytes = b"") -> bytes:
    """Return a movie of one video track."""
    table = samples([50, 60, 70, 80, 90]) if table is None else table
    return box(b"moov", mvhd() + trak(table, extra=extra, edts=edts) + tail)


def walk(top: Box) -> list[Box]:
    """Return a box and everything below it."""
    out = [top]
    for child in top.children or ():
        out += walk(child)
    return out
