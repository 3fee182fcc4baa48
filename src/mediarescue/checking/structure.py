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
    Leniency,
    Track,
    expand,
    expand_chunks,
    is_constant_size,
    read_header,
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
    FRAGMENTS_CUT = "a fragment that the file does not hold whole"
    SOUND = "all samples are in the file"


@dataclass(frozen=True, slots=True)
class FragmentExtent:
    """The movie fragments of a file, by the headers of its top-level boxes.

    Attributes
    ----------
    count : int
        Fragments that are whole: a ``moof`` and the ``mdat`` behind it.
    end : int
        Offset of the first byte after the last whole one; 0 where none is whole.
    is_cut : bool
        Whether more was begun behind it, or something stands there that is no box.
    """

    count: int
    end: int
    is_cut: bool


def fragment_extent(source: ByteSource) -> FragmentExtent | None:
    """Return how far a file's fragments are whole (ISO/IEC 14496-12 8.8); None where it has no ``moof``.

    An ``mdat`` of size 0 behind a ``moof`` counts as cut: writers of fragments put the size there at the end.
    """
    pos = count = end = 0
    begun = pending = is_cut = False
    while pos < source.size:
        header = read_header(source.read(pos, 32), 0, limit=source.size - pos)
        if header is None or not all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in header.kind):
            is_cut = True
            break
        begun = begun or header.kind == b"moof"
        pos += header.size
        if pos > source.size or (begun and header.kind == b"mdat" and header.to_end):
            is_cut = True
            break
        if header.kind == b"moof":
            pending = True
        elif header.kind == b"mdat" and pending:
            pending, count, end = False, count + 1, pos
    return FragmentExtent(count, end, is_cut or pending) if begun else None


def index_state(path: Path) -> IndexState:
    """Judge a file by its ``moov``; fragments count as samples by their boxes' headers alone."""
    with ByteSource.open(path) as source:
        try:
            movie = read_movie(source, leniency=Leniency.PERMISSIVE)
        except BoxError:
            return IndexState.MISSING
        try:
            count = sum(_samples_inside(track, source.size) for track in movie.tracks)
        except BoxError:
            return IndexState.POINTS_OUTSIDE
        fragments = fragment_extent(source) if movie.is_fragmented else None
    if fragments is not None and fragments.is_cut:
        return IndexState.FRAGMENTS_CUT
    return IndexState.SOUND if count or fragments is not None else IndexState.EMPTY
