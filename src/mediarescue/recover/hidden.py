"""Indexes that writers leave inside the media data: exact durations without any guess.

Apple's writer records in fragments and hides the first one's ``moov`` in the mdat, renamed ``hoov``; the ``moof``
boxes of later fragments stand there too. Sample sizes need no index, but times do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.events import Listener, Progressed, StageFinished, StageStarted, ignore
from mediarescue.isobmff import (
    Box,
    BoxError,
    ByteSource,
    Fragments,
    Leniency,
    Movie,
    SampleTable,
    expand,
    expand_chunks,
    is_constant_size,
    parse_boxes,
    read_track,
    read_track_extends,
)
from mediarescue.isobmff.movie import movie_of
from mediarescue.isobmff.sound_packets import with_packets
from mediarescue.recover.boxes import INDEX_BOXES
from mediarescue.recover.candidate import Gap

Int64Array = NDArray[np.int64]
_LARGEST = 64 << 20
_WINDOW = 4 << 20
_HEAD = 16
_FIRST_INSIDE = {b"moof": b"mfhd", b"hoov": b"mvhd", b"moov": b"mvhd"}
SEARCH = "look for a hidden index"


@dataclass(frozen=True, slots=True)
class HiddenIndex:
    """An index inside the media data: a movie that lists the first samples, and the fragments behind it."""

    movie: Movie
    fragments: Fragments


def find_hidden(source: ByteSource, start: int, end: int, *, listener: Listener = ignore) -> HiddenIndex | None:
    """Search media data for the index that a camera left there while it recorded; None where there is none.

    Parameters
    ----------
    source : ByteSource
    start, end : int
        Where the media data are.
    listener : callable
        Told of progress: all of it is read.

    Notes
    -----
    A later movie that lists more takes the place of an earlier one, and of the fragments in front of it.
    """
    listener(StageStarted(SEARCH, end - start))
    found: HiddenIndex | None = None
    listed = 0
    for offset, size, kind in _index_boxes(source, start, end, listener):
        if kind == b"moof" and found is None:
            continue
        data = source.read(offset, size)
        with contextlib.suppress(BoxError):
            if kind == b"moof" and found is not None:
                found.fragments.add(data, offset)
            elif kind != b"moof":
                moov = _parsed(data, 0)
                movie = movie_of(moov, leniency=Leniency.PERMISSIVE, problems=[])
                count = sum(len(times) for times in _movie_times(moov).values())
                if movie.tracks and count > listed:
                    found, listed = HiddenIndex(movie, Fragments(read_track_extends(moov))), count
    listener(StageFinished(SEARCH))
    return found


def _index_boxes(source: ByteSource, start: int, end: int, listener: Listener) -> Iterator[tuple[int, int, bytes]]:
    """Yield place, size and type of the whole index boxes in ``[start, end)``, in file order."""
    pos = start
    while pos < end:
        data = source.read(pos, min(_WINDOW + _HEAD, end - pos))
        hits = []
        for kind, inside in _FIRST_INSIDE.items():
            at = data.find(kind, 4)
            while 4 <= at < _WINDOW + 4:
                size = int.from_bytes(data[at - 4 : at], "big")
                if data[at + 8 : at + 12] == inside and _HEAD <= size <= min(_LARGEST, end - pos - at + 4):
                    hits.append((pos + at - 4, size, kind))
                at = data.find(kind, at + 1)
        yield from sorted(hits)
        pos += _WINDOW
        listener(Progressed(SEARCH, min(pos, end) - start))


@dataclass(frozen=True, slots=True)
class HiddenTimes:
    """What a hidden index says of a track's first samples: int64 (n,) absolute offsets, and durations in ticks.

    Of constant-size sound: of its chunks.
    """

    offset: Int64Array
    duration: Int64Array

    def __len__(self) -> int:
        return len(self.offset)


def hidden_times(gaps: Sequence[Gap], read: Callable[[int, int], bytes]) -> dict[int, HiddenTimes]:
    """Return the places and durations of each track's first samples, by track id.

    Parameters
    ----------
    gaps : sequence of Gap
        In file order; those that are index boxes are read.
    read : callable
        ``(offset, size)`` -> bytes of the broken file.
    """
    found: dict[int, HiddenTimes] = {}
    fragments = Fragments()
    for gap in gaps:
        if not gap.expected or gap.size > _LARGEST or gap.size < 16:
            continue
        data = read(gap.offset, gap.size)
        if data[4:8] not in INDEX_BOXES:
            continue
        try:
            if data[4:8] == b"moof":
                fragments.add(data, gap.offset)
            elif not found and not fragments.track_ids:  # a later copy of the index starts from the beginning again
                moov = _parsed(data, gap.offset)
                fragments.extends.update(read_track_extends(moov))
                found = _movie_times(moov)
        except BoxError:
            continue
    for track_id in fragments.track_ids:
        with contextlib.suppress(BoxError):
            further = _times_of(fragments.samples(track_id).samples)
            first = found.get(track_id)
            found[track_id] = further if first is None else _joined(first, further)
    return {track_id: times for track_id, times in found.items() if len(times)}


def _times_of(samples: SampleTable) -> HiddenTimes:
    return HiddenTimes(samples.offset.astype(np.int64), samples.duration.astype(np.int64))


def _joined(first: HiddenTimes, further: HiddenTimes) -> HiddenTimes:
    return HiddenTimes(
        np.concatenate((first.offset, further.offset)), np.concatenate((first.duration, further.duration))
    )


def _parsed(data: bytes, offset: int) -> Box:
    boxes = parse_boxes(data[:4] + b"moov" + data[8:], base_offset=offset, leniency=Leniency.PERMISSIVE, problems=[])
    return boxes[0]


def _movie_times(moov: Box) -> dict[int, HiddenTimes]:
    out = {}
    for trak in moov.find_all(b"trak"):
        track = read_track(trak)
        if not is_constant_size(track.stbl) or track.handler != b"soun":
            out[track.track_id] = _times_of(expand(track.stbl, leniency=Leniency.PERMISSIVE, problems=[]))
        else:
            chunks = with_packets(expand_chunks(track.stbl, leniency=Leniency.PERMISSIVE, problems=[]), track)
            out[track.track_id] = HiddenTimes(chunks.offset, chunks.sample_count * chunks.delta)
    return out
