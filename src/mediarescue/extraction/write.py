"""Write one track's samples as a stream of their own; memory stays flat whatever the track's size."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from mediarescue.extraction.form import StreamForm
from mediarescue.extraction.media_track import MediaTrack

_PIECE = 4 << 20

Read = Callable[[int, int], bytes]
"""``(offset, size) -> bytes`` of the file, fewer at its end."""


def write_stream(track: MediaTrack, form: StreamForm, read: Read, file: BinaryIO, done: Callable[[int], None]) -> int:
    """Write a track and return the bytes written.

    Parameters
    ----------
    track : MediaTrack
    form : StreamForm
    read : callable
    file : binary file, open for writing
    done : callable
        Told how many bytes of samples are written, now and then.
    """
    written, taken = file.write(form.head), 0
    parts = _whole_frames(track, read) if track.packet else _samples(track, read, joined=form.convert is None)
    for index, part in parts:
        taken += len(part)
        written += file.write(part if form.convert is None else form.convert(part, index))
        done(taken)
    return written + file.write(form.tail)


def _samples(track: MediaTrack, read: Read, *, joined: bool) -> Iterator[tuple[int, bytes]]:
    """Give index and bytes of each sample; neighbours come with one read, and in one piece where ``joined``."""
    size = track.size
    ends = track.offset + size
    apart = np.flatnonzero(track.offset[1:] != ends[:-1]) + 1
    for first, stop in zip([0, *apart.tolist()], [*apart.tolist(), len(size)], strict=True):
        at = first
        while at < stop:
            reach = np.cumsum(size[at:stop])
            count = max(1, int(np.searchsorted(reach, _PIECE, side="right")))
            data = read(int(track.offset[at]), int(reach[count - 1]))
            if joined:
                yield at, data
            else:
                begin = 0
                for index, length in enumerate(size[at : at + count].tolist(), at):
                    yield index, data[begin : begin + length]
                    begin += length
            at += count


def _whole_frames(track: MediaTrack, read: Read) -> Iterator[tuple[int, bytes]]:
    """Give the chunks of constant-size audio in pieces of whole frames."""
    step = max(track.packet, _PIECE // track.packet * track.packet)
    for offset, size in zip(track.offset.tolist(), track.size.tolist(), strict=True):
        whole = size // track.packet * track.packet
        for at in range(0, whole, step):
            yield 0, read(offset + at, min(step, whole - at))


def sample_table(track: MediaTrack) -> str:
    """Return CSV of where each sample begins in the stream, its bytes, and its decode time in seconds."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("position", "bytes", "seconds"))
    position = np.cumsum(track.size) - track.size
    times = (np.cumsum(track.duration) - track.duration) / track.timescale
    if len(times) != len(position):  # constant-size audio: a row a chunk
        times = position // max(track.packet, 1) * track.packet_samples / track.timescale
    for row in zip(position.tolist(), track.size.tolist(), times.tolist(), strict=True):
        rows.writerow((row[0], row[1], f"{row[2]:.6f}"))
    return text.getvalue()
