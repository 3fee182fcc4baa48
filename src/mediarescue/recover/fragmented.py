"""Rescue a fragmented file by its own index: what its fragments list, as far as it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import BoxError, ByteSource, ChunkTable, FragmentedFile, Fragments, Movie, TimedSamples, Track
from mediarescue.isobmff.indexed import IndexedSamples, indexed_samples
from mediarescue.recover.candidate import CUT_SHORT, Gap
from mediarescue.recover.profile import ReferenceProfile, TrackProfile, indexed_profile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.survey import written_end
from mediarescue.recover.timing.edits import EditStart, learn_start
from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]
LAST_FRAGMENT = "the last fragment is cut short"
_HEADERS = 24
"""Bytes between samples that are no loss: what is left of an ``mdat`` header or a terminator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedTrack(RescuedTrack):
    """A track whose times, order and sample entries stand in the file's own index.

    Attributes
    ----------
    decode_time : int64 (n,)
        Ticks on the recording's clock; empty for constant-size audio.
    composition : int64 (n,)
        Composition minus decode time in ticks.
    entries : int32 (n,)
        0-based sample entry of each sample or chunk.
    begins : EditStart
    """

    decode_time: Int64Array
    composition: Int64Array
    entries: NDArray[np.int32]
    begins: EditStart

    @property
    def composition_offset(self) -> Int64Array:
        """Composition minus decode time of each sample in ticks, int64 (n,)."""
        return self.composition

    @property
    def description_index(self) -> NDArray[np.int32]:
        """0-based sample entry of each sample or chunk, int32 (n,)."""
        return self.entries

    @property
    def start(self) -> EditStart:
        """Where the media begin in the presentation."""
        return self.begins


@dataclass(frozen=True, slots=True)
class FragmentRescue:
    """What a fragmented file gives.

    Attributes
    ----------
    profile : ReferenceProfile
        The recording's movie with the samples that were found.
    tracks : tuple of IndexedTrack
        Those that have samples.
    gaps : tuple of Gap
        In file order.
    end : int
        First byte after the last sample.
    """

    profile: ReferenceProfile
    tracks: tuple[IndexedTrack, ...]
    gaps: tuple[Gap, ...]
    end: int

    @property
    def recovered_bytes(self) -> int:
        """Bytes that belong to samples."""
        return sum(int(track.size.sum()) for track in self.tracks)


def rescue_fragments(
    source: ByteSource, file: FragmentedFile, movie: Movie, *, only_whole: bool = False
) -> FragmentRescue:
    """Return all samples that the file's index lists and whose bytes are there.

    Parameters
    ----------
    source : ByteSource
    file : FragmentedFile
    movie : Movie
        The file's own, or one adopted from a reference.
    only_whole : bool
        Leave out the samples of a fragment that is cut.
    """
    limit = file.end if only_whole else source.size
    # of PCM, zeros are silence as well
    written = limit if file.is_whole else min(written_end(source), limit)
    found = [_samples(track, file, written, limit) for track in movie.tracks]
    profile, tracks = indexed_tracks(movie, found)
    end = max((int((track.offset + track.size).max()) for track in tracks), default=file.start)
    return FragmentRescue(profile, tracks, _gaps(file, tracks, end, source.size, only_whole), end)


def indexed_tracks(movie: Movie, found: Sequence[IndexedSamples]) -> tuple[ReferenceProfile, tuple[IndexedTrack, ...]]:
    """Return the profile of a movie whose samples are ``found``, one item a track, and the tracks that have any."""
    profile = indexed_profile(movie, found)
    tracks = []
    for track_profile, part, begins in zip(profile.tracks, found, _starts(movie, found), strict=True):
        if part.chunks is not None and len(part.chunks):
            tracks.append(_pcm_track(track_profile, part.chunks, begins))
        elif part.samples is not None and len(part.samples.samples):
            tracks.append(_track(track_profile, part.samples, begins))
    return profile, tuple(tracks)


def _samples(track: Track, file: FragmentedFile, written: int, limit: int) -> IndexedSamples:
    """Return what the index lists of a track, less what it places in bytes that were never written."""
    try:
        part = indexed_samples(track, file.fragments, written)
        return part if part.chunks is None else indexed_samples(track, file.fragments, limit)
    except BoxError:
        return indexed_samples(track, Fragments(), 0)


def _track(profile: TrackProfile, timed: TimedSamples, begins: EditStart) -> IndexedTrack:
    samples = timed.samples
    return IndexedTrack(
        profile=profile,
        offset=samples.offset,
        size=samples.size,
        duration=_durations(timed.decode_time, samples.duration),
        ranks=None,
        shift=0,
        is_sync=samples.is_sync,
        source=TimingSource.INDEX,
        error=0.0,
        decode_time=timed.decode_time,
        composition=samples.composition_offset,
        entries=_known_entries(profile.track, samples.description_index),
        begins=begins,
    )


def _pcm_track(profile: TrackProfile, chunks: ChunkTable, begins: EditStart) -> IndexedTrack:
    none = np.zeros(0, np.int64)
    return IndexedTrack(
        profile=profile,
        offset=chunks.offset,
        size=chunks.size,
        duration=none,
        ranks=None,
        shift=0,
        is_sync=np.zeros(0, np.bool_),
        source=TimingSource.INDEX,
        error=0.0,
        decode_time=none,
        composition=none,
        entries=_known_entries(profile.track, chunks.description_index),
        begins=begins,
    )


def _known_entries(track: Track, index: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return sample entries that the track has: a damaged number is taken for the last one."""
    return np.minimum(index, max(len(track.sample_entries) - 1, 0)).astype(np.int32)


def _durations(decode_time: Int64Array, told: Int64Array) -> Int64Array:
    """Return the durations that lead from each decode time to the next, int64 (n,); the last lasts what it says.

    Notes
    -----
    Programs that write each sample as it comes do not know how long the last one lasts, and leave 0.
    """
    steps = np.diff(decode_time)
    last = int(told[-1]) or (int(np.median(steps)) if len(steps) else 0)
    out: Int64Array = np.append(steps, last)
    return out


def _starts(movie: Movie, found: Sequence[IndexedSamples]) -> list[EditStart]:
    """Return where each track begins in the presentation, all moved together so that the first begins at once.

    Notes
    -----
    A recording may begin at any time of its clock (a part of a stream, the last minutes of a loop). The rescued
    tracks' clocks begin at 0, and their distances are kept by the edit lists.
    """
    edits = [learn_start(track.edit_list) for track in movie.tracks]
    if not any(part.start for part in found):
        return edits
    firsts = [_first_shown(part) for part in found]
    # where each track's first sample is shown on the recording's clock, in ticks of its own and in seconds
    ticks = [part.start + first - edit.media_time for part, first, edit in zip(found, firsts, edits, strict=True)]
    seconds = [
        edit.empty / movie.timescale + tick / track.timescale
        for edit, tick, track in zip(edits, ticks, movie.tracks, strict=True)
    ]
    there = [part.chunks is not None or (part.samples is not None and len(part.samples.samples)) for part in found]
    earliest = max(min((second for second, is_there in zip(seconds, there, strict=True) if is_there), default=0.0), 0.0)
    starts = []
    for edit, tick, first, second in zip(edits, ticks, firsts, seconds, strict=True):
        if tick >= 0:
            starts.append(EditStart(max(round((second - earliest) * movie.timescale), 0), first, True))
        else:
            starts.append(EditStart(max(edit.empty - round(earliest * movie.timescale), 0), first - tick, True))
    return starts


def _first_shown(part: IndexedSamples) -> int:
    """Return the composition time of the sample shown first, in ticks behind the decode time of the first one."""
    if part.samples is None or not len(part.samples.samples):
        return 0
    times = part.samples.decode_time - part.start + part.samples.samples.composition_offset
    return max(int(times.min()), 0)


def _gaps(
    file: FragmentedFile, tracks: Sequence[IndexedTrack], end: int, size: int, only_whole: bool
) -> tuple[Gap, ...]:
    """Return what no sample holds: the ranges nothing describes, and the last sample where it is cut short."""
    gaps = []
    for part in file.unread:
        for offset, count in _uncovered(part.offset, part.offset + part.size, tracks):
            if count > _HEADERS or part.reason == file.cut:
                gaps.append(Gap(offset, count, part.reason, expected=part.reason.startswith("a ")))
    behind = max(end, file.end)
    if file.cut and not file.unread_at(size) and behind < size:
        gaps.append(Gap(behind, size - behind, LAST_FRAGMENT if only_whole else CUT_SHORT, expected=True))
    return tuple(gaps)


def _uncovered(start: int, end: int, tracks: Sequence[IndexedTrack]) -> list[tuple[int, int]]:
    """Return offset and size of the parts of ``[start, end)`` in which no sample lies."""
    offset = np.concatenate([track.offset for track in tracks]) if tracks else np.zeros(0, np.int64)
    size = np.concatenate([track.size for track in tracks]) if tracks else np.zeros(0, np.int64)
    inside = (offset < end) & (offset + size > start)
    order = np.argsort(offset[inside], kind="stable")
    begins, ends = offset[inside][order], np.maximum.accumulate((offset + size)[inside][order])
    begins, ends = np.append(begins, end), np.concatenate(([start], ends))
    holes = np.flatnonzero(begins > ends)
    return [(int(ends[at]), int(min(begins[at], end) - ends[at])) for at in holes.tolist()]
