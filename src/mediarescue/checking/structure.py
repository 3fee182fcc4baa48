"""Check a written file: its index reads strictly, and every sample lies inside the file."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from mediarescue.errors import VerificationError
from mediarescue.isobmff import (
    BoxError,
    ByteSource,
    Leniency,
    Track,
    expand,
    expand_chunks,
    is_constant_size,
    read_movie,
)


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
        chunks = expand_chunks(track.stbl)
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
    SOUND = "all samples are in the file"


def index_state(path: Path) -> IndexState:
    """Judge a file by its ``moov``; fragments count as samples without being read."""
    with ByteSource.open(path) as source:
        try:
            movie = read_movie(source, leniency=Leniency.PERMISSIVE)
        except BoxError:
            return IndexState.MISSING
        try:
            count = sum(_samples_inside(track, source.size) for track in movie.tracks)
        except BoxError:
            return IndexState.POINTS_OUTSIDE
    return IndexState.SOUND if count or movie.is_fragmented else IndexState.EMPTY
