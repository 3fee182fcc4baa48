"""What a healthy file of the same camera teaches: its tracks, their samples, and the order they stand in."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import (
    TRACK_KINDS,
    ByteSource,
    ChunkTable,
    Leniency,
    Movie,
    SampleTable,
    Track,
    expand,
    expand_chunks,
    is_constant_size,
    read_fragmented,
    read_movie,
)
from mediarescue.isobmff.indexed import IndexedSamples, indexed_samples
from mediarescue.isobmff.sound_packets import is_packed, with_packets
from mediarescue.recover.models import OrderModel
from mediarescue.recover.timing.edits import learn_start

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEARNED_RUNS = 200_000
_CODED_FRAMES = frozenset(b"samr sawb sawp sevc ssmv sqcp mp4a ac-3 ec-3 sac3 alac fLaC Opus".split())
"""Sound whose samples are coded frames, though they may all be of one size and last one tick (phones' AMR)."""


@dataclass(frozen=True, slots=True)
class TrackProfile:
    """One track of the reference.

    Attributes
    ----------
    index : int
        0-based place in the moov.
    track : Track
    kind : str
        ``video``, ``audio``, ``timecode``, ``metadata``, ``text`` or ``other``.
    samples : SampleTable or None
        Its samples; None for constant-size audio.
    chunks : ChunkTable or None
        The chunks of constant-size audio (PCM), else None.
    start_seconds : float
        Where its media begins in the presentation by its edit list; negative where some is skipped.
    entry : int
        0-based sample entry that tells codec and configuration.
    """

    index: int
    track: Track
    kind: str
    samples: SampleTable | None
    chunks: ChunkTable | None
    start_seconds: float = 0.0
    entry: int = 0

    @property
    def codec(self) -> bytes:
        """The sample entry's four characters."""
        entries = self.track.sample_entries
        return entries[self.entry].kind if entries else b""

    def configuration(self, kind: bytes) -> bytes | None:
        """Return the payload of a box in the sample entry (``avcC``), None where there is none."""
        entries = self.track.sample_entries
        return entries[self.entry].configuration(kind) if entries else None

    def has_table(self, kind: bytes) -> bool:
        """Whether the sample table has a box of that type, or fragments say what it would."""
        if self.track.stbl.find(kind) is not None:
            return True
        if self.samples is None:
            return False
        fragmented = {b"stss": not self.samples.is_sync.all(), b"ctts": self.samples.composition_offset.any()}
        return bool(fragmented.get(kind, False))

    @property
    def sample_count(self) -> int:
        """Samples in the reference."""
        if self.samples is not None:
            return len(self.samples)
        return self.chunks.total_samples if self.chunks is not None else 0

    def runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return offset, size in bytes and sample count of each chunk, int64 (n,) each, in file order."""
        if self.chunks is not None:
            table = self.chunks
            return table.offset, table.size, table.sample_count
        assert self.samples is not None
        if not len(self.samples):
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty
        chunk = self.samples.chunk_index
        first = np.flatnonzero(np.diff(chunk, prepend=chunk[0] - 1))
        count = np.diff(first, append=len(chunk))
        return self.samples.offset[first], np.add.reduceat(self.samples.size, first), count


@dataclass(frozen=True, slots=True)
class ReferenceProfile:
    """A healthy file, read for rescue."""

    movie: Movie
    tracks: tuple[TrackProfile, ...]

    @property
    def parts(self) -> tuple[TrackProfile, ...]:
        """The tracks, those with samples of several entries divided into one part for each: no reader reads both.

        Each has another index; the first part of a track has the track's own.
        """
        parts: list[TrackProfile] = []
        further: list[TrackProfile] = []
        for track in self.tracks:
            for number, part in enumerate(_by_entry(track)):
                if number:
                    further.append(replace(part, index=len(self.tracks) + len(further)))
                else:
                    parts.append(part)
        return (*parts, *further)


def _by_entry(track: TrackProfile) -> list[TrackProfile]:
    """Divide a track by the sample entries its samples have; alike entries stay one."""
    samples, entries = track.samples, track.track.sample_entries
    if samples is None or not len(samples) or len(entries) < 2:
        return [track]
    first_alike = [next(i for i, other in enumerate(entries) if other.box == entry.box) for entry in entries]
    known = np.minimum(samples.description_index, len(entries) - 1)
    entry_of = np.array(first_alike)[known]
    used = np.unique(entry_of).tolist()
    if len(used) == 1:
        return [replace(track, entry=used[0])]
    return [replace(track, entry=entry, samples=samples.select(entry_of == entry)) for entry in used]


def whole_profile(parts: Sequence[TrackProfile]) -> TrackProfile:
    """Return the track that `ReferenceProfile.parts` divided; some parts may be left out."""
    first = min(parts, key=lambda part: part.index)
    samples = first.samples
    if samples is not None:
        tables = [part.samples for part in parts if part.samples is not None]
        order = np.argsort(np.concatenate([table.offset for table in tables]), kind="stable")
        samples = SampleTable(
            *(
                np.concatenate([getattr(table, item.name) for table in tables])[order]
                for item in fields(SampleTable)
                if item.init
            )
        )
    return replace(first, samples=samples)


def learn_reference(source: ByteSource) -> ReferenceProfile:
    """Read a reference strictly.

    Raises
    ------
    BoxError
        When the file's structure is not sound.
    NoMovieError
        When it has no moov.
    """
    movie = read_movie(source, leniency=Leniency.STRICT)
    file = read_fragmented(source) if movie.is_fragmented else None
    if file is not None and file.began:
        found = [indexed_samples(t, file.fragments, source.size, leniency=Leniency.STRICT) for t in movie.tracks]
        return indexed_profile(movie, found)
    tracks = []
    for index, track in enumerate(movie.tracks):
        chunks = constant_sound(track)
        samples = None if chunks is not None else expand(track.stbl, leniency=Leniency.STRICT)
        tracks.append(_profile(movie, index, track, samples, chunks))
    return ReferenceProfile(movie, tuple(tracks))


def indexed_profile(movie: Movie, found: Sequence[IndexedSamples]) -> ReferenceProfile:
    """Return the profile of a movie of whose tracks these samples are known, one for each track."""
    tracks = [
        _profile(movie, index, track, None if part.samples is None else part.samples.samples, part.chunks)
        for index, (track, part) in enumerate(zip(movie.tracks, found, strict=True))
    ]
    return ReferenceProfile(movie, tuple(tracks))


def _profile(
    movie: Movie, index: int, track: Track, samples: SampleTable | None, chunks: ChunkTable | None
) -> TrackProfile:
    start = learn_start(track.edit_list)
    seconds = start.empty / movie.timescale - start.media_time / track.timescale
    return TrackProfile(index, track, TRACK_KINDS.get(track.handler, "other"), samples, chunks, seconds)


def constant_sound(track: Track, *, leniency: Leniency = Leniency.STRICT) -> ChunkTable | None:
    """Return the chunks of a track of PCM frames, one a tick, or of packets that are all alike; None for others."""
    if track.handler != b"soun" or track.sample_entry_kind in _CODED_FRAMES or not is_constant_size(track.stbl):
        return None
    table = expand_chunks(track.stbl, leniency=leniency, problems=[])
    deltas = {int(delta) for _, delta in table.sample_delta}
    if deltas == {1}:
        return with_packets(table, track)
    last_is_short = len(table.sample_delta) == 2 and table.sample_delta[-1][0] == 1
    return table if is_packed(track.sample_entry_kind) and (len(deltas) == 1 or last_is_short) else None


def learn_lead(profile: ReferenceProfile) -> int:
    """Return the bytes between the start of the reference's media data and its first sample."""
    first = min((int(offset.min()) for offset, _, _ in (t.runs() for t in profile.tracks) if len(offset)), default=0)
    for mdat in profile.movie.mdats:
        if mdat.payload_offset <= first < mdat.end:
            return first - mdat.payload_offset
    return 0


def learn_order(tracks: Sequence[TrackProfile], family_of: Sequence[int], families: int) -> OrderModel:
    """Learn how families follow each other in the file; adjacent chunks of one family count as one run."""
    model = OrderModel(families)
    offsets, owners = [], []
    for track in tracks:
        offset, _, _ = track.runs()
        offsets.append(offset)
        owners.append(np.full(len(offset), family_of[track.index], dtype=np.int64))
    if offsets:
        offset, owner = np.concatenate(offsets), np.concatenate(owners)
        owner = owner[np.argsort(offset, kind="stable")]
        changes = np.flatnonzero(np.diff(owner, prepend=-1))[:_LEARNED_RUNS]
        model.learn(owner[changes].tolist())
    return model
