"""Keep a rescued file fragmented: its whole fragments as they are, and only what would lead players astray changed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mediarescue.isobmff import Box, ByteSource, FragmentedFile
from mediarescue.recover.fragmented import IndexedTrack

_FREE = b"free"
_U32_MAX = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Kept:
    """The range ``[start, end)`` of the file that is kept, and what is written over it: offset in the file, bytes."""

    start: int
    end: int
    patches: tuple[tuple[int, bytes], ...]


def kept_fragments(source: ByteSource, file: FragmentedFile, tracks: tuple[IndexedTrack, ...]) -> Kept:
    """Return which bytes stay, and the few that must be others.

    Notes
    -----
    Nothing moves, so that absolute offsets stay true. Bytes that are no box become the payload of a ``free`` box, and
    so does a segment index (``sidx``, 8.16.3) that leads beyond the last whole fragment. What follows that one, an
    ``mfra`` too, is left out. The duration in ``mehd`` (8.8.2) becomes the true one.
    """
    patches = [*_covered(source, file), *_stale_indexes(source, file), *_fragment_duration(file, tracks)]
    patches += [(offset, struct.pack(">I", size)) for offset, size in file.resized if size <= _U32_MAX]
    return Kept(0, file.end, tuple(patches))


def _covered(source: ByteSource, file: FragmentedFile) -> Iterator[tuple[int, bytes]]:
    for part in file.unread:
        if part.offset >= file.end:
            continue
        if source.read(part.offset + 4, 4) == b"moof":
            yield part.offset + 4, _FREE
        elif not part.is_media and 8 <= part.size <= _U32_MAX:
            yield part.offset, struct.pack(">I4s", part.size, _FREE)


def _stale_indexes(source: ByteSource, file: FragmentedFile) -> Iterator[tuple[int, bytes]]:
    for offset in file.segment_indexes:
        if offset < file.end and _indexed_end(source, offset) > file.end:
            yield offset + 4, _FREE


def _indexed_end(source: ByteSource, offset: int) -> int:
    """Return the end of the bytes that the ``sidx`` at ``offset`` refers to; past the file where it cannot be read."""
    size = int.from_bytes(source.read(offset, 4), "big")
    data = source.read(offset, min(size, 1 << 20))
    try:
        wide = data[8] > 0
        first, count = struct.unpack_from(">QxxH" if wide else ">IxxH", data, 28 if wide else 24)
        sizes = struct.unpack_from(">" + "I8x" * count, data, 40 if wide else 32)
    except (struct.error, IndexError):
        return source.size + 1
    end: int = offset + size + first + sum(value & 0x7FFFFFFF for value in sizes)
    return end


def _fragment_duration(file: FragmentedFile, tracks: tuple[IndexedTrack, ...]) -> Iterator[tuple[int, bytes]]:
    mehd: Box | None = file.movie.moov.find(b"mvex", b"mehd") if file.movie is not None else None
    if mehd is None or file.movie is None or len(mehd.payload) < 8:
        return
    ticks = round(max((track.seconds for track in tracks), default=0.0) * file.movie.timescale)
    form = ">Q" if mehd.payload[0] else ">I"
    if len(mehd.payload) >= 4 + struct.calcsize(form) and (mehd.payload[0] or ticks <= _U32_MAX):
        yield mehd.offset + 12, struct.pack(form, ticks)
