"""What each byte of the broken file is: an ordered cover of the whole file, without holes, as flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import CUT_SHORT, Gap
from mediarescue.recover.foreign import LOOKS_LIKE
from mediarescue.recover.fragmented import LAST_FRAGMENT
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.runs import run_starts

Int64Array = NDArray[np.int64]


class Kind(IntEnum):
    """What a range of bytes is."""

    SAMPLES = 0
    """Samples of a rescued track."""
    GAP = 1
    """Damage: bytes that belong to no sample."""
    UNKNOWN = 2
    """Bytes that read as something, of none of the tracks."""
    PADDING = 3
    BOX = 4
    """A box inside or behind the media data, or between fragments."""
    HEADER = 5
    """What stands in front of the media data."""
    CUT = 6
    """The last sample, which the recording's end cuts."""
    OTHER = 7
    """What was left alone: another recording's clusters, the photo around a film."""


@dataclass(frozen=True, slots=True)
class CoverTrack:
    """A track of the cover: how it is called, and how long it lasts in seconds."""

    track_id: int
    kind: str
    codec: str
    seconds: float
    samples: int


@dataclass(frozen=True, slots=True)
class Cover:
    """Ranges in file order; each begins where the one before ends, the first at 0, the last ends the file.

    Attributes
    ----------
    file_size : int
    tracks : tuple of CoverTrack
    offset, size : int64 (n,)
    kind : uint8 (n,)
        Values of `Kind`.
    track : int16 (n,)
        Index into ``tracks``, -1 for what is no sample.
    count : int64 (n,)
        Samples that begin in the range (of PCM: frames).
    first : int64 (n,)
        0-based number in its track of the first of them.
    seconds : float64 (n,)
        When that one is decoded, on the track's clock.
    note : int32 (n,)
        Index into ``notes``, -1 where there is nothing to say.
    notes : tuple of str
    """

    file_size: int
    tracks: tuple[CoverTrack, ...]
    offset: Int64Array
    size: Int64Array
    kind: NDArray[np.uint8]
    track: NDArray[np.int16]
    count: Int64Array
    first: Int64Array
    seconds: NDArray[np.float64]
    note: NDArray[np.int32]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        ends = self.offset + self.size
        whole = len(ends) > 0 and self.offset[0] == 0 and ends[-1] == self.file_size
        if self.file_size and not (whole and bool((ends[:-1] == self.offset[1:]).all())):
            raise ValueError(f"the map does not cover the file of {self.file_size} bytes")

    def __len__(self) -> int:
        return len(self.offset)


_ROW = np.dtype(
    [
        ("offset", "i8"),
        ("size", "i8"),
        ("kind", "u1"),
        ("track", "i2"),
        ("count", "i8"),
        ("first", "i8"),
        ("seconds", "f8"),
        ("note", "i4"),
    ]
)
Rows = NDArray[np.void]


def cover_file(
    source: ByteSource,
    tracks: Sequence[RescuedTrack],
    gaps: Sequence[Gap],
    media: tuple[int, int],
    *,
    file_size: int,
    between: Kind = Kind.UNKNOWN,
) -> Cover:
    """Return what each byte of the file behind ``source`` is.

    Parameters
    ----------
    source : ByteSource
        What was searched: the file, a part of it, or parts joined; offsets of tracks and gaps count in it.
    tracks, gaps
        What was found there.
    media : (int, int)
        Begin and end of the media data in ``source``.
    file_size : int
        Bytes of the whole file.
    between : Kind
        What bytes of the media data are that are neither in a sample nor in a gap.
    """
    notes = list(dict.fromkeys(gap.reason for gap in gaps))
    parts = [_track_rows(number, track) for number, track in enumerate(tracks)]
    found = _settled(np.concatenate([*parts, _gap_rows(gaps, notes)]))
    whole = _filled(found, 0, source.size, media, (Kind.HEADER, between, Kind.BOX))
    placed = _settled(_in_file(whole, source.ranges(0, source.size)))
    rows = _filled(placed, 0, file_size, (0, file_size), (Kind.OTHER, Kind.OTHER, Kind.OTHER))
    return Cover(
        file_size,
        tuple(
            CoverTrack(
                t.profile.track.track_id, t.profile.kind, t.profile.codec.decode("latin-1"), t.seconds, t.sample_count
            )
            for t in tracks
        ),
        rows["offset"].copy(),
        rows["size"].copy(),
        rows["kind"].copy(),
        rows["track"].copy(),
        rows["count"].copy(),
        rows["first"].copy(),
        rows["seconds"].copy(),
        rows["note"].copy(),
        tuple(notes),
    )


def kind_of(gap: Gap) -> Kind:
    """Return what the bytes of a gap are."""
    if gap.reason in (CUT_SHORT, LAST_FRAGMENT):
        return Kind.CUT
    if gap.expected:
        return Kind.BOX if gap.reason.startswith("a ") else Kind.PADDING
    return Kind.UNKNOWN if gap.reason.startswith(LOOKS_LIKE) else Kind.GAP


def decode_ticks(track: RescuedTrack) -> Int64Array:
    """Return when each sample (of constant-size audio: each chunk) is decoded, in ticks from the first, int64 (n,)."""
    if track.profile.chunks is not None:
        counts = track.profile.chunks.samples_in(track.size)
        return (np.cumsum(counts) - counts) * track.profile.chunks.delta
    return np.asarray(np.cumsum(track.duration) - track.duration, dtype=np.int64)


def _track_rows(number: int, track: RescuedTrack) -> Rows:
    """Return a row for each run of samples that touch, in the order of the samples."""
    starts = run_starts(track.offset, track.size)
    silent = np.zeros(0, dtype=np.int64) if track.stand_in is None else np.flatnonzero(track.stand_in)
    behind = silent[silent + 1 < len(track.size)] + 1
    starts = np.union1d(starts, np.concatenate((silent, behind))) if len(silent) else starts
    rows = np.zeros(len(starts), dtype=_ROW)
    if not len(starts):
        return rows
    rows["offset"], rows["size"] = track.offset[starts], np.add.reduceat(track.size, starts)
    rows["kind"], rows["track"], rows["note"] = Kind.SAMPLES, number, -1
    rows["seconds"] = decode_ticks(track)[starts] / track.profile.track.timescale
    if track.profile.chunks is None:
        rows["first"], rows["count"] = starts, np.diff(starts, append=len(track.size))
    else:
        rows["count"] = np.add.reduceat(track.profile.chunks.samples_in(track.size), starts)
        rows["first"] = np.cumsum(rows["count"]) - rows["count"]
    return rows[~np.isin(starts, silent)]


def _gap_rows(gaps: Sequence[Gap], notes: Sequence[str]) -> Rows:
    rows = np.zeros(len(gaps), dtype=_ROW)
    index = {note: at for at, note in enumerate(notes)}
    for row, gap in enumerate(gaps):
        rows[row] = (gap.offset, gap.size, int(kind_of(gap)), -1, 0, 0, 0.0, index[gap.reason])
    return rows


def _settled(rows: Rows) -> Rows:
    """Return the rows in file order, none overlapping: where an index claims bytes twice, the first claim stands."""
    rows = rows[rows["size"] > 0]
    rows = rows[np.argsort(rows["offset"], kind="stable")]
    if not len(rows):
        return rows
    ends = rows["offset"] + rows["size"]
    before = np.concatenate(([0], np.maximum.accumulate(ends)[:-1]))
    covered = np.maximum(before - rows["offset"], 0)
    rows["offset"] += covered
    rows["size"] -= covered
    return rows[rows["size"] > 0]


def _filled(rows: Rows, start: int, end: int, media: tuple[int, int], kinds: tuple[Kind, Kind, Kind]) -> Rows:
    """Return the rows with what lies between them: in front of the media, in them, and behind."""
    begins = np.append(rows["offset"], end)
    ends = np.concatenate(([start], rows["offset"] + rows["size"]))
    holes = np.flatnonzero(begins > ends)
    first, last = media
    fill = []
    for kind, low, high in zip(kinds, (start, first, last), (first, last, end), strict=True):
        part = np.zeros(len(holes), dtype=_ROW)
        part["offset"] = np.clip(ends[holes], low, high)
        part["size"] = np.clip(begins[holes], low, high) - part["offset"]
        part["kind"], part["track"], part["note"] = kind, -1, -1
        fill.append(part[part["size"] > 0])
    every = np.concatenate([rows, *fill])
    return every[np.argsort(every["offset"], kind="stable")]


def _in_file(rows: Rows, ranges: Sequence[tuple[int, int]]) -> Rows:
    """Return the rows where they lie in the file; one that spans ranges becomes several.

    Notes
    -----
    The first part of a run keeps its samples; the others begin none that could be told, and have a count of 0.
    """
    if not ranges or not len(rows):
        return rows[:0]
    sizes = np.array([size for _, size in ranges], dtype=np.int64)
    places = np.array([offset for offset, _ in ranges], dtype=np.int64)
    borders = np.cumsum(sizes) - sizes
    cuts = np.union1d(rows["offset"], borders[borders < rows["offset"][-1] + rows["size"][-1]])
    row = np.searchsorted(rows["offset"], cuts, side="right") - 1
    out = rows[row]
    ends = np.append(cuts[1:], rows["offset"][-1] + rows["size"][-1])
    later = cuts > out["offset"]
    out["first"][later] += out["count"][later]
    out["count"][later] = 0
    piece = np.searchsorted(borders, cuts, side="right") - 1
    out["offset"] = places[piece] + cuts - borders[piece]
    out["size"] = ends - cuts
    return out
