"""A film whose pictures are to be replaced: its index, whole and without fragments, and what stands against it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace

import numpy as np

from mediarescue.errors import InputError
from mediarescue.isobmff import (
    Box,
    BoxError,
    ByteSource,
    FragmentedFile,
    Leniency,
    Movie,
    Track,
    expand,
    find_header,
    parse_boxes,
    read_fragmented,
    read_movie,
    scan_top_level,
)
from mediarescue.isobmff.film_tracks import chunk_extents
from mediarescue.isobmff.flatten import INDEX_OF_FRAGMENTS, flattened
from mediarescue.isobmff.new_track import OldPictures

_LARGEST_META = 64 << 20
_ADVICE = "run 'mediarescue untrunc' on it first"


@dataclass(frozen=True, slots=True, eq=False)
class FilmSource:
    """A film ready to have its pictures replaced.

    Attributes
    ----------
    movie : Movie
        All samples are in its tables.
    track : Track
        Whose pictures are replaced.
    pictures : OldPictures
    metas : dict of int to Box
        The ``meta`` boxes of the top level by their offset.
    without : frozenset of bytes
        Top-level boxes that do not hold for the output.
    notes : tuple of str
        What will be different, in sentences.
    """

    movie: Movie
    track: Track
    pictures: OldPictures
    metas: dict[int, Box] = field(default_factory=dict)
    without: frozenset[bytes] = frozenset()
    notes: tuple[str, ...] = ()


def read_film(source: ByteSource, track_id: int) -> FilmSource:
    """Read a film's index and hold it against the file.

    Raises
    ------
    InputError
        The index is missing, damaged or compressed, samples are behind the end of the file, or the pictures lie in
        another file.
    """
    try:
        file = read_fragmented(source, search=False)
        if file is not None and (file.began or file.unread):
            return _of_fragments(source, file, track_id)
        movie = read_movie(source, leniency=Leniency.PERMISSIVE)
        return _film(source, movie, track_id)
    except BoxError as error:
        raise InputError(f"the index of {source.path} cannot be read: {error}; {_ADVICE}") from error


def _of_fragments(source: ByteSource, file: FragmentedFile, track_id: int) -> FilmSource:
    if file.movie is None:
        raise InputError(f"{source.path} is a part of a fragmented film, without the moov box that describes it")
    if not file.is_whole:
        raise InputError(f"{source.path} is damaged or cut off: {file.cut or file.unread[0].reason}; {_ADVICE}")
    movie = flattened(file, scan_top_level(source), source.size)
    film = _film(source, movie, track_id)
    notes = [f"the film's {file.count} fragments became one film with a single index"]
    times = film.pictures.times
    if early := -min(int((times.composition - times.decode).min()), 0):
        notes.append(
            f"FFmpeg shows the pictures of the source {early / film.track.timescale:.3f} s late, as it misreads "
            "offsets below 0 in fragments; the copy has the times of the source's index"
        )
    return replace(film, without=INDEX_OF_FRAGMENTS, notes=(*notes, *film.notes))


def _film(source: ByteSource, movie: Movie, track_id: int) -> FilmSource:
    track = movie.track(track_id)
    if track is None:
        raise InputError(f"the index of {source.path} has no track {track_id} that can be read; {_ADVICE}")
    if track.is_encrypted:
        raise InputError(f"the pictures of {source.path} are encrypted; make a copy without protection first")
    _check_whole(source, movie)
    extents = chunk_extents(track.trak)
    if not extents.is_here.all():
        raise InputError(f"the pictures of {source.path} lie in another file; make a film of its own of it first")
    samples = expand(track.stbl, leniency=Leniency.NORMAL)
    if not len(samples):
        raise InputError(f"the index of {source.path} lists no pictures; {_ADVICE}")
    ctts = track.stbl.find(b"ctts")
    signed = bool((samples.composition_offset < 0).any()) or (ctts is not None and ctts.payload[:1] == b"\1")
    return FilmSource(
        movie,
        track,
        OldPictures.of(samples, samples.dts, signed=signed),
        _metas(source, movie),
        notes=_elsewhere(movie),
    )


def _elsewhere(movie: Movie) -> tuple[str, ...]:
    """Say which tracks have their media in other files, to which a copy in another folder may not find."""
    away = [track.track_id for track in movie.tracks if not chunk_extents(track.trak).is_here.all()]
    names = ", ".join(map(str, away))
    return (
        (f"the media of track {names} lie in another file, to which the copy refers as the source does",)
        if away
        else ()
    )


def has_compressed_index(source: ByteSource) -> bool:
    """Whether the ``moov`` is compressed (QuickTime File Format, "Compressed Movie Resources")."""
    moov = find_header(scan_top_level(source), b"moov")
    return moov is not None and source.read(moov.payload_offset + 4, 4) == b"cmov"


def _metas(source: ByteSource, movie: Movie) -> dict[int, Box]:
    """Return the ``meta`` boxes of the top level by their offset; one that cannot be read is copied as it is."""
    found = {}
    for header in movie.headers:
        if header.kind == b"meta" and header.size <= _LARGEST_META and header.end <= source.size:
            with contextlib.suppress(BoxError):
                boxes = parse_boxes(source.read(header.offset, header.size), base_offset=header.offset)
                found[header.offset] = boxes[0]
    return found


def _check_whole(source: ByteSource, movie: Movie) -> None:
    """Raise where samples of any track lie behind the end of the file."""
    missing = total = 0
    for track in movie.tracks:
        extents = chunk_extents(track.trak)
        outside = extents.is_here & (extents.offset + extents.size > source.size)
        count = int(extents.sample_count.sum())
        total += count
        if outside.any():
            missing += _missing(track, extents.sample_count[outside], source.size)
    if missing:
        raise InputError(
            f"{source.path} is cut off: {missing} of the {total} samples that its index lists are behind its end; "
            f"{_ADVICE}"
        )


def _missing(track: Track, in_chunks: np.ndarray, size: int) -> int:
    """Return how many samples lie behind the end of the file; those of whole chunks where the sizes are constant."""
    try:
        samples = expand(track.stbl, leniency=Leniency.PERMISSIVE, problems=[])
    except BoxError:
        return int(in_chunks.sum())
    return int((samples.offset + samples.size > size).sum())
