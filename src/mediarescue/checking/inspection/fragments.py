"""How much of a fragmented file is whole, and how many samples its fragments list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mediarescue.checking.structure import FragmentExtent, fragment_extent
from mediarescue.inspection import FragmentInfo
from mediarescue.isobmff import BoxError, BoxHeader, ByteSource, Movie, Track
from mediarescue.isobmff.fragments import Fragments, Run, read_track_extends

_MOST_READ = 20_000
"""Of more fragments only the ends are read: the time they reach is known, the number of their samples is not."""
_LARGEST_READ = 1 << 24
_DECODE_TIME = Run._fields.index("decode_time")


@dataclass(frozen=True, slots=True)
class FragmentSummary:
    """All fragments of a file.

    Attributes
    ----------
    info : FragmentInfo
    samples : mapping of int to int
        By track id; empty where there are too many fragments to count them.
    seconds : mapping of int to float
        How long the whole fragments of each track last, by track id; where that is known.
    """

    info: FragmentInfo
    samples: Mapping[int, int] = field(default_factory=dict)
    seconds: Mapping[int, float] = field(default_factory=dict)


def read_fragments(source: ByteSource, headers: Sequence[BoxHeader], movie: Movie | None) -> FragmentSummary | None:
    """Read the whole fragments of a file (ISO/IEC 14496-12 8.8); None where it has none.

    Notes
    -----
    Damaged fragments are left out of the count. A recording's clock may start anywhere: times are those of the last
    fragment less those of the first.
    """
    extent = fragment_extent(source)
    if extent is None:
        return None
    moofs = [header for header in headers if header.kind == b"moof" and header.end <= extent.end]
    if movie is None or not moofs:
        return FragmentSummary(FragmentInfo(extent.count, extent.end, None, extent.is_cut))
    counted = extent.count <= _MOST_READ
    first = _collected(source, moofs if counted else moofs[:1], movie)
    last = first if counted else _collected(source, moofs[-1:], movie)
    samples: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for track in movie.tracks:
        length = _seconds(first, last, track)
        if length is not None:
            seconds[track.track_id] = length
        if counted:
            samples[track.track_id] = int(first.runs(track.track_id)[:, Run._fields.index("sample_count")].sum())
    return FragmentSummary(_info(extent, movie, seconds), samples, seconds)


def _collected(source: ByteSource, moofs: Sequence[BoxHeader], movie: Movie) -> Fragments:
    try:
        extends = read_track_extends(movie.moov)
    except BoxError:
        extends = {}
    fragments = Fragments(extends)
    for header in moofs:
        if header.size <= _LARGEST_READ:
            try:
                fragments.add(source.read(header.offset, header.size), header.offset)
            except BoxError:
                continue
    return fragments


def _seconds(first: Fragments, last: Fragments, track: Track) -> float | None:
    """Return the time from a track's first fragment to the end of its last; None where that is not known."""
    if track.timescale <= 0:
        return None
    try:
        begin, end = first.samples(track.track_id), last.samples(track.track_id)
    except BoxError:
        return None
    if not len(begin.decode_time) or not len(end.decode_time):
        return None
    if first is not last and (last.runs(track.track_id)[:, _DECODE_TIME] < 0).all():
        return None
    ticks = int(end.decode_time[-1]) + int(end.samples.duration[-1]) - int(begin.decode_time[0])
    return ticks / track.timescale if ticks >= 0 else None


def _info(extent: FragmentExtent, movie: Movie, seconds: Mapping[int, float]) -> FragmentInfo:
    """Return up to where the fragments can be read: the longest video track's end, else the longest track's."""
    video = [seconds[t.track_id] for t in movie.tracks if t.handler == b"vide" and t.track_id in seconds]
    reached = max(video or seconds.values(), default=None)
    return FragmentInfo(extent.count, extent.end, reached, extent.is_cut)
