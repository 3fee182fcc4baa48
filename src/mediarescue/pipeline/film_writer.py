"""Write a film from pieces: ranges of the source, new chunks, bytes made in memory."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from mediarescue.events import Listener, Progressed, StageFinished, StageStarted
from mediarescue.isobmff import ByteSource
from mediarescue.isobmff.new_track import NewTrack
from mediarescue.isobmff.relocation import NEW_BYTES, SOURCE, Layout
from mediarescue.output import POLL_SECONDS, AtomicOutput, output_error

STAGE = "assemble"
_SMALL = 256 << 10
"""Ranges below it are gathered in memory: a call for each costs more than the copy."""
_GATHERED = 4 << 20
_LARGEST_CALL = 32 << 20

Extent = tuple[ByteSource | None, int, int]
"""A range of a file, or of the bytes at hand (None): offset and size."""


def write_pieces(
    layout: Layout,
    new: NewTrack,
    source: ByteSource,
    pieces: Sequence[ByteSource],
    output: AtomicOutput,
    listener: Listener,
) -> None:
    """Write what a layout describes.

    Raises
    ------
    InputError
        A file cannot be read, or is shorter than it was.
    OutputError
        The system refuses to write.
    """
    listener(StageStarted(STAGE, layout.size, "bytes"))
    try:
        writer = _Writer(output.file, lambda done: listener(Progressed(STAGE, done)))
        for piece in layout.pieces():
            if piece.kind == NEW_BYTES:
                writer.data(layout.literals[piece.start])
            elif piece.kind == SOURCE:
                writer.copy(source, piece.start, piece.size)
            else:
                for file, offset, size in _chunk(new, pieces, piece.start):
                    writer.copy(file, offset, size)
        writer.finish()
    except OSError as error:
        raise output_error(error, output.target) from error
    listener(StageFinished(STAGE))


def _chunk(new: NewTrack, pieces: Sequence[ByteSource], number: int) -> Iterator[tuple[ByteSource, int, int]]:
    """Yield the ranges that hold the samples of a new chunk, those that touch as one."""
    first, last = new.first_sample[number : number + 2].tolist()
    rows = (column[first:last].tolist() for column in (new.samples.piece, new.samples.offset, new.samples.size))
    at, begin, end = -1, 0, 0
    for piece, offset, size in zip(*rows, strict=True):
        if piece == at and offset == end:
            end += size
            continue
        if end > begin:
            yield pieces[at], begin, end - begin
        at, begin, end = piece, offset, offset + size
    if end > begin:
        yield pieces[at], begin, end - begin


class _Writer:
    """Appends to a file: small ranges through memory, large ones by the kernel where it can."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file = file
        self._fd = file.fileno()
        self._progress = progress
        self._told = time.monotonic()
        self._buffer = bytearray()
        self._done = 0
        self._by_kernel = sys.platform == "linux" and hasattr(os, "copy_file_range")

    def data(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer += data
        if len(self._buffer) >= _GATHERED:
            self._flush()

    def copy(self, source: ByteSource, offset: int, size: int) -> None:
        """Append a range of a file."""
        while size:
            if size < _SMALL or not self._by_kernel:
                data = read_exactly(source, offset, min(size, _GATHERED))
                self.data(data)
                count = len(data)
            else:
                count = self._by_system(source, offset, size)
            offset += count
            size -= count

    def finish(self) -> None:
        """Write what is still in memory."""
        self._flush()
        self._progress(self._done)

    def _by_system(self, source: ByteSource, offset: int, size: int) -> int:
        self._flush()
        try:
            count = os.copy_file_range(
                source.fileno(), self._fd, min(size, _LARGEST_CALL), source.origin + offset, self._done
            )
        except OSError:
            count = 0
        # Nothing copied: a file system that does not know the call, or a reason that reading will name.
        self._by_kernel = count > 0
        self._advance(count)
        return count

    def _flush(self) -> None:
        if self._buffer:
            self._file.seek(self._done)
            self._file.write(self._buffer)
            self._file.flush()
            count = len(self._buffer)
            self._buffer = bytearray()
            self._advance(count)

    def _advance(self, count: int) -> None:
        self._done += count
        if (now := time.monotonic()) - self._told >= POLL_SECONDS:
            self._told = now
            self._progress(self._done)


def read_exactly(source: ByteSource, offset: int, size: int) -> bytes:
    """Return ``size`` bytes; raises InputError where the file has become shorter."""
    data = source.read(offset, size)
    if len(data) < size:
        from mediarescue.errors import InputError

        raise InputError(
            f"{source.path} became shorter while it was copied: it ends at offset {offset + len(data)}, "
            f"{offset + size} were expected; see that no other program changes it"
        )
    return data
