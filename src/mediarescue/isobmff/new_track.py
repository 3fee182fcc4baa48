"""The ``trak`` of re-encoded pictures: the source's, with new sample tables, sample entries and edits moved along."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.boxes.sample_entry import SampleDescription
from mediarescue.isobmff.encoded_samples import EncodedSamples
from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.layout import build_payload, parse_payload
from mediarescue.isobmff.movie import Edit, Movie, Track
from mediarescue.isobmff.picture_entry import distinct, graft_entry
from mediarescue.isobmff.picture_times import PictureTimes, SourceTimes, composition_times, picture_times
from mediarescue.isobmff.sample_table import SampleTable, compact
from mediarescue.isobmff.shifted_edits import begun_late, shifted_edits, whole_media
from mediarescue.isobmff.writer import rebuild_track

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class OldPictures:
    """The samples that are replaced, in decoding order.

    Attributes
    ----------
    times : SourceTimes
    chunk : ndarray of int64
        0-based chunk of each sample, never falling.
    chunk_offset : ndarray of int64
        Where each chunk starts in the source, in bytes.
    entry : int
        0-based sample entry of most of them.
    """

    times: SourceTimes
    chunk: Int64Array
    chunk_offset: Int64Array
    entry: int

    @classmethod
    def of(cls, samples: SampleTable, decode: Int64Array, *, signed: bool) -> OldPictures:
        """Return what is replaced where the film lists these samples, decoded at these times."""
        end = int(decode[-1] + samples.duration[-1]) if len(samples) else 0
        times = SourceTimes(decode, decode + samples.composition_offset, end, signed)
        starts = np.flatnonzero(np.diff(samples.chunk_index, prepend=-1))
        chunk = np.searchsorted(starts, np.arange(len(samples)), side="right") - 1
        entry = int(np.bincount(samples.description_index).argmax()) if len(samples) else 0
        return cls(times, chunk, samples.offset[starts], entry)


@dataclass(frozen=True, slots=True, eq=False)
class NewTrack:
    """New pictures as chunks, before it is known where they lie.

    Attributes
    ----------
    first_sample : ndarray of int64
        Of each chunk; with one more row, the number of all samples.
    size, anchor : ndarray of int64
        Of each chunk: bytes, and the offset in the source of the old chunk whose place it takes.
    lost : tuple of str
        What of the old sample entry could not be kept, in sentences.
    """

    track: Track
    movie: Movie
    samples: EncodedSamples
    times: PictureTimes
    description_index: NDArray[np.int32]
    entries: tuple[Box, ...]
    first_sample: Int64Array
    size: Int64Array
    anchor: Int64Array
    old_times: SourceTimes
    composition_end: int
    lost: tuple[str, ...]

    def trak(self, chunk_offset: Int64Array, *, large: bool) -> Box:
        """Return the ``trak`` whose chunks lie at these offsets (int64, one a chunk); ``large`` asks for ``co64``."""
        count = np.diff(self.first_sample)
        chunk = np.repeat(np.arange(len(count), dtype=np.int32), count)
        before = np.cumsum(self.samples.size) - self.samples.size
        table = SampleTable(
            offset=chunk_offset[chunk] + before - before[self.first_sample[:-1]][chunk],
            size=self.samples.size,
            duration=self.times.duration,
            composition_offset=self.times.composition_offset,
            is_sync=self.samples.is_sync,
            chunk_index=chunk,
            description_index=self.description_index,
        )
        old = self.track.stbl
        boxes = compact(
            table,
            ctts_version=self.ctts_version,
            has_cslg=old.find(b"cslg") is not None,
            large_offsets=large or old.find(b"co64") is not None,
        )
        end = int(table.total_duration)
        return rebuild_track(
            self.track.trak,
            stbl_children=(self._descriptions(old), *boxes),
            media_duration=self.track.duration if end == self.old_times.end else end,
            movie_duration=int(parse_payload(b"tkhd", self.track.trak.get(b"tkhd").payload).duration),
            edit_list=self._edits(),
        ).trak

    @property
    def ctts_version(self) -> int:
        """The version of ``ctts``: the source's, or 1 where only the new offsets are negative (8.6.1.3)."""
        ctts = self.track.stbl.find(b"ctts")
        version = ctts.payload[0] if ctts is not None and ctts.payload else 0
        return 1 if self.times.composition_offset.min() < 0 and not self.old_times.signed else version

    def _descriptions(self, stbl: Box) -> Box:
        stsd = stbl.get(b"stsd")
        fields = SampleDescription.parse(stsd.prefix)
        prefix = build_payload(b"stsd", {**fields, "entry_count": len(self.entries)})
        return Box(b"stsd", children=self.entries, prefix=prefix, size_form=stsd.size_form)

    def _edits(self) -> tuple[Edit, ...] | None:
        """Return the edit list that undoes the shift; None keeps the source's, or its want of one."""
        shift, first = self.times.shift, int((self.times.decode + self.times.composition_offset).min())
        clocks = {"timescale": self.track.timescale, "movie_timescale": self.movie.timescale}
        if not self.track.edit_list:
            told = int(parse_payload(b"tkhd", self.track.trak.get(b"tkhd").payload).duration)
            return whole_media(self.composition_end, shift, told=told, **clocks) if shift else None
        was_first = int(self.old_times.composition.min())
        edits = begun_late(self.track.edit_list, first=first - shift, was_first=was_first, **clocks)
        return shifted_edits(edits, shift) if shift or edits != self.track.edit_list else None


def new_track(
    movie: Movie,
    track: Track,
    old: OldPictures,
    samples: EncodedSamples,
    pts: Int64Array,
    *,
    color: tuple[int, int, int, int] | None = None,
) -> NewTrack:
    """Lay out new pictures as chunks that take the places of the old ones.

    Parameters
    ----------
    movie : Movie
    track : Track
        The one whose pictures are replaced.
    old : OldPictures
    samples : EncodedSamples
    pts : ndarray of int64
        Ascending, media ticks, one a sample: when each picture is shown.
    color : (range, primaries, transfer, matrix), optional
        Code points of ITU-T H.273 of the decoded pictures, ``range`` 2 for full: for an entry that has to say them.

    Raises
    ------
    BoxError
        The numbers of samples and times differ, there are none, or a sample entry cannot be read.
    """
    if len(samples) != len(pts) or not len(pts):
        raise BoxError(f"the encoder made {len(samples)} pictures of {len(pts)}")
    composition = composition_times(old.times, pts)
    times = picture_times(old.times, composition, samples.rank)
    if times.shift and composition[0] > 0 and not track.edit_list:
        # FFmpeg begins an edit with its first picture, wherever that is: what has no edit list shall not get one.
        times = picture_times(replace(old.times, signed=True), composition, samples.rank)
    rates = _bit_rates(samples, times, track.timescale)
    source = track.sample_entries[min(old.entry, len(track.sample_entries) - 1)].box
    grafted = [graft_entry(source, entry, bit_rates=rates, color=color) for entry in samples.entries]
    entries, which = distinct([entry.box for entry in grafted])
    description = np.array(which, np.int32)[samples.piece]
    chunk = old.chunk if len(old.chunk) == len(samples) else _by_time(old, times)
    starts = np.ones(len(samples), np.bool_)
    starts[1:] = (np.diff(chunk) != 0) | (np.diff(description) != 0)
    first = np.flatnonzero(starts)
    before = np.concatenate(([0], np.cumsum(samples.size)))
    bounds = np.append(first, len(samples))
    return NewTrack(
        track,
        movie,
        samples,
        times,
        description,
        entries,
        first_sample=bounds,
        size=np.diff(before[bounds]),
        anchor=old.chunk_offset[chunk[first]],
        old_times=old.times,
        composition_end=max(old.times.end, int(composition[-1]) + _last_shown(old, times)),
        lost=tuple(dict.fromkeys(sentence for entry in grafted for sentence in entry.lost)),
    )


def _last_shown(old: OldPictures, times: PictureTimes) -> int:
    """Return how long the last picture is shown, in ticks: some writers say 0 of it, where the one before it tells."""
    last = old.times.end - int(old.times.decode[-1])
    return last or int(times.duration[-2:-1].sum()) or 1


def _by_time(old: OldPictures, times: PictureTimes) -> Int64Array:
    """Return the chunk of each new sample: that of the old one decoded at its time, or last before it."""
    at = np.searchsorted(old.times.decode, times.decode + old.times.decode[0], side="right") - 1
    chunk: Int64Array = old.chunk[np.maximum(at, 0)]
    return chunk


def _bit_rates(samples: EncodedSamples, times: PictureTimes, timescale: int) -> tuple[int, int, int]:
    """Return the largest sample in bytes, and the greatest and mean bits a second (``btrt``, 8.5.2.2)."""
    seconds = (times.decode - times.decode[0]) // max(timescale, 1)
    _, second = np.unique(seconds, return_inverse=True)
    most = int(np.bincount(second, weights=samples.size).max()) * 8
    length = max(int(times.decode[-1] + times.duration[-1] - times.decode[0]), 1)
    mean = int(samples.size.sum()) * 8 * timescale // length
    limit = 0xFFFFFFFF
    return min(int(samples.size.max()), limit), min(max(most, mean), limit), min(mean, limit)
