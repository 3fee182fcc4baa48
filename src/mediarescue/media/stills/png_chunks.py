"""Chunks of PNG (ISO/IEC 15948, W3C PNG third edition, 5.3): read as they are, written as they were."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from mediarescue.errors import InputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a file: its type, and where it starts, with its length, and ends, with its CRC."""

    kind: bytes
    start: int
    end: int

    @property
    def content(self) -> slice:
        """Place of the data."""
        return slice(self.start + 8, self.end - 4)


@dataclass(frozen=True, slots=True)
class Header:
    """IHDR (W3C PNG 11.2.1)."""

    width: int
    height: int
    depth: int
    color_type: int
    interlaced: bool

    @property
    def channels(self) -> int:
        """Samples of a pixel; 1 for a palette."""
        return {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[self.color_type]

    @property
    def raw_size(self) -> int:
        """Bytes of the filtered lines before compression (W3C PNG 7.2, 8.1)."""
        bits = self.depth * self.channels
        if not self.interlaced:
            return self.height * (1 + (self.width * bits + 7) // 8)
        total = 0
        for x, y, step_x, step_y in _ADAM7:
            columns = (self.width - x + step_x - 1) // step_x
            rows = (self.height - y + step_y - 1) // step_y
            if columns > 0 and rows > 0:
                total += rows * (1 + (columns * bits + 7) // 8)
        return total


_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row, steps of columns and rows of each pass (W3C PNG 8.1)."""

_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def read_chunks(data: bytes, name: object) -> list[Chunk]:
    """List the chunks up to IEND; what follows it is none.

    Raises
    ------
    InputError
        A chunk ends outside the file, or a critical chunk does not fit its CRC; ``name`` is in the sentence.
    """
    chunks = []
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        if end > len(data):
            break
        chunk = Chunk(kind, at, end)
        if kind in CRITICAL and zlib.crc32(memoryview(data)[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise InputError(f"{name} is damaged: its {kind.decode()} chunk at byte {at} does not fit its checksum")
        chunks.append(chunk)
        if kind == b"IEND":
            return chunks
        at = end
    raise InputError(f"{name} is cut short{_share(data, chunks, at)}; nothing was written")


def _share(data: bytes, chunks: list[Chunk], at: int) -> str:
    """Say how much of the picture the IDAT chunks of a cut file hold."""
    if not chunks or chunks[0].kind != b"IHDR":
        return ": not even its header is whole"
    try:
        header = read_header(data, chunks[0])
    except ValueError:
        return ""
    parts = [data[chunk.content] for chunk in chunks if chunk.kind == b"IDAT"]
    if data[at + 4 : at + 8] == b"IDAT":
        parts.append(data[at + 8 :])
    return f": about {100 * inflated_size(parts, header.raw_size) // header.raw_size} % of its picture are there"


def read_header(data: bytes, chunk: Chunk) -> Header:
    """Read IHDR; raises ValueError where its numbers mean nothing."""
    content = data[chunk.content]
    if chunk.kind != b"IHDR" or len(content) != 13:
        raise ValueError("no header")
    width, height, depth, color_type, compression, filtering, interlaced = struct.unpack(">IIBBBBB", content)
    if depth not in _DEPTHS.get(color_type, ()) or compression or filtering or interlaced > 1:
        raise ValueError("a header of no known kind")
    return Header(width, height, depth, color_type, bool(interlaced))


def inflated_size(parts: list[bytes], limit: int) -> int:
    """Count the bytes that a zlib stream in parts gives, up to ``limit`` and a few more; what is damaged ends it."""
    stream = zlib.decompressobj()
    total = 0
    try:
        for part in parts:
            while part and total <= limit and not stream.eof:
                total += len(stream.decompress(part, 1 << 20))
                part = stream.unconsumed_tail
    except zlib.error:
        pass
    return min(total, limit)


def build_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk with length and CRC."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
