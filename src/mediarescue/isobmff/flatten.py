"""A fragmented film as one whose ``moov`` lists everything; the samples stay where they are in the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.chunk_table import compact_chunks
from mediarescue.isobmff.errors import BoxError, Leniency
from mediarescue.isobmff.fragmented import FragmentedFile
from mediarescue.isobmff.header import BoxHeader
from mediarescue.isobmff.indexed import IndexedSamples, indexed_samples
from mediarescue.isobmff.layout import build_payload, parse_payload
from mediarescue.isobmff.movie import Edit, Movie, Track, movie_of
from mediarescue.isobmff.sample_table import SampleTable, compact
from mediarescue.isobmff.writer import rebuild_movie, rebuild_track

Int64Array = NDArray[np.int64]
_LARGEST_TIMESCALE = (1 << 31) - 1
INDEX_OF_FRAGMENTS = frozenset((b"moof", b"sidx", b"ssix", b"styp", b"mfra", b"prft"))
"""Top-level boxes that speak of fragments."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A track with all its samples: its tables, its length in media ticks, and when it begins to be shown in seconds.

    ``skipped`` is the media time of the first sample shown, in ticks from the first sample.
    """

    track: Track
    boxes: tuple[Box, ...]
    length: int
    delay: Fraction
    skipped: int

    def edits(self, timescale: int) -> list[Edit]:
        """Return its edit list on a movie clock, empty where all is shown from the beginning."""
        if not self.delay and not self.skipped:
            return []
        shown = -(-(self.length - self.skipped) * timescale // self.track.timescale)
        empty = [Edit(round(self.delay * timescale), -1, 1.0)] if self.delay else []
        return [*empty, Edit(shown, self.skipped, 1.0)]


def flattened(file: FragmentedFile, headers: tuple[BoxHeader, ...], size: int) -> Movie:
    """Return the movie with all samples of the fragments in its tables, at their offsets in the source.

    Parameters
    ----------
    file : FragmentedFile
        Whole, and with a ``moov`` of its own.
    headers : tuple of BoxHeader
        Of the source's top-level boxes.
    size : int
        Of the source, in bytes.

    Raises
    ------
    BoxError
        A table cannot be read or written.

    Notes
    -----
    A track whose first fragment begins late (``tfdt``) begins with an empty edit, and the movie clock is made finer
    where it cannot tell that time exactly.
    """
    movie = file.movie
    if movie is None:
        raise BoxError("the fragments have no moov box")
    listed = [_listed(movie, track, indexed_samples(track, file.fragments, size)) for track in movie.tracks]
    timescale = movie.timescale
    for item in listed:
        finer = lcm(timescale, item.delay.denominator)
        timescale = finer if finer <= _LARGEST_TIMESCALE else timescale
    traks, longest = [], 0
    for item in listed:
        edits = item.edits(timescale)
        length = sum(edit.segment_duration for edit in edits) or -(-item.length * timescale // item.track.timescale)
        longest = max(longest, length)
        traks.append(
            rebuild_track(
                item.track.trak,
                stbl_children=item.boxes,
                media_duration=item.length,
                movie_duration=length,
                edit_list=edits,
            ).trak
        )
    moov = rebuild_movie(movie.moov, traks, duration=longest)
    if timescale != movie.timescale:
        fields = parse_payload(b"mvhd", moov.get(b"mvhd").payload)
        moov = moov.with_child(
            moov.get(b"mvhd").replace(payload=build_payload(b"mvhd", {**fields, "timescale": timescale}))
        )
    return movie_of(moov, headers=headers, file_type=file.file_type, leniency=Leniency.NORMAL)


def _listed(movie: Movie, track: Track, indexed: IndexedSamples) -> _Listed:
    if indexed.chunks is not None:
        boxes, length, first = compact_chunks(indexed.chunks), indexed.chunks.total_duration, 0
    elif indexed.samples is not None and len(indexed.samples.samples):
        samples = with_pauses(indexed.samples.samples, indexed.samples.decode_time)
        negative = bool((samples.composition_offset < 0).any())
        boxes, length, first = (
            compact(samples, ctts_version=int(negative)),
            samples.total_duration,
            int(samples.pts.min()),
        )
    else:
        boxes, length, first = _NO_SAMPLES, 0, 0
    delay, skipped = Fraction(indexed.start if length else 0, track.timescale), 0
    for duration, media_time, _ in track.edit_list:
        if media_time >= 0:
            delay -= Fraction(media_time, track.timescale)
            break
        delay += Fraction(duration, movie.timescale)
    if delay < 0:
        delay, skipped = Fraction(0), int(-delay * track.timescale)
    if (delay or skipped) and first > skipped:
        # FFmpeg begins an edit with its first picture: then let the edit begin there.
        delay, skipped = delay + Fraction(first - skipped, track.timescale), first
    return _Listed(track, boxes, length, delay, skipped)


_NO_SAMPLES = compact(SampleTable(*(np.zeros(0, np.int64),) * 4, np.zeros(0, np.bool_), *(np.zeros(0, np.int32),) * 2))


def with_pauses(samples: SampleTable, decode_time: Int64Array) -> SampleTable:
    """Return the samples with durations that reach to the next one's decode time; the last keeps its own."""
    duration = np.append(np.diff(decode_time), samples.duration[-1:])
    return replace(samples, duration=duration)
