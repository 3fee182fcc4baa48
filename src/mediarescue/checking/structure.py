"""Check a written file: its index reads strictly, and every sample lies inside the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mediarescue.errors import VerificationError
from mediarescue.isobmff import (
    BoxError,
    ByteSource,
    FragmentedFile,
    Leniency,
    Track,
    expand,
    expand_chunks,
    is_constant_size,
    read_fragmented,
    read_movie,
)
from mediarescue.isobmff.sound_packets import with_packets


def check_structure(path: Path, sample_counts: Mapping[int, int]) -> None:
    """Read a movie back as strictly as a reference.

    Parameters
    ----------
    path : Path
    sample_counts : mapping of int to int
        Samples by track id that must be there.

    Raises
    ------
    VerificationError
        When it is not what was meant to be written.
    """
    with ByteSource.open(path) as source:
        try:
            movie = read_movie(source, leniency=Leniency.STRICT)
            found = {track.track_id: _samples_inside(track, source.size) for track in movie.tracks}
        except BoxError as error:
            raise VerificationError(f"the written file does not read back ({error}); it was removed") from error
    if found != dict(sample_counts):
        raise VerificationError(f"the written file has other samples than found ({found}, {dict(sample_counts)})")


def _samples_inside(track: Track, size: int) -> int:
    """Return the number of samples; raises BoxError when one lies outside the file."""
    if is_constant_size(track.stbl):
        chunks = with_packets(expand_chunks(track.stbl), track)
        ends, count = chunks.offset + chunks.size, chunks.total_samples
    else:
        samples = expand(track.stbl, leniency=Leniency.STRICT)
        ends, count = samples.offset + samples.size, len(samples)
    if len(ends) and int(ends.max()) > size:
        raise BoxError(f"track {track.track_id} has samples behind the end of the file")
    return count


class IndexState(Enum):
    """What a file's own index is worth."""

    MISSING = "no readable moov"
    EMPTY = "a moov without samples"
    POINTS_OUTSIDE = "samples behind the end of the file"
    FRAGMENTS_CUT = "a fragment that the file does not hold whole"
    SOUND = "all samples are in the file"
    CONTRADICTED = "samples that are not where it says, or media that it does not list"


@dataclass(frozen=True, slots=True)
class FragmentExtent:
    """The movie fragments of a file.

    Attributes
    ----------
    count : int
        Fragments that are whole: a ``moof`` whose samples are all in the file.
    end : int
        Offset of the first byte after the last whole one; where the media begin where none is whole.
    is_cut : bool
        Whether more was begun behind it, something stands there that is no box, or a ``moof`` is damaged.
    """

    count: int
    end: int
    is_cut: bool


def fragment_extent(source: ByteSource) -> FragmentExtent | None:
    """Return how far a file's fragments are whole (ISO/IEC 14496-12 8.8); None where it has no ``moof``."""
    return _extent(read_fragmented(source, search=False))


def _extent(file: FragmentedFile | None) -> FragmentExtent | None:
    if file is None or not (file.began or file.unread):
        return None
    return FragmentExtent(file.count, file.end, not file.is_whole)


def index_state(source: ByteSource | Path, *, file: FragmentedFile | None = None) -> IndexState:
    """Judge a file by its ``moov`` and its ``moof`` boxes; ``file`` is what `read_fragmented` said, if it was asked."""
    if not isinstance(source, ByteSource):
        with ByteSource.open(source) as opened:
            return index_state(opened)
    try:
        movie = read_movie(source, leniency=Leniency.PERMISSIVE)
    except BoxError:
        return IndexState.MISSING
    try:
        count = sum(_samples_inside(track, source.size) for track in movie.tracks)
    except BoxError:
        return IndexState.POINTS_OUTSIDE
    fragments = (_extent(file) if file is not None else fragment_extent(source)) if movie.is_fragmented else None
    if fragments is not None and fragments.is_cut:
        return IndexState.FRAGMENTS_CUT
    return IndexState.SOUND if count or fragments is not None else IndexState.EMPTY
