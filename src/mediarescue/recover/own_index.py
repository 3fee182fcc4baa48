"""The broken file's own ``moov``: find it, whole or not, and keep of it what the bytes bear out."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import ReferenceMismatchError
from mediarescue.events import Listener, ignore
from mediarescue.isobmff import (
    Box,
    BoxError,
    ByteSource,
    Fragments,
    Leniency,
    Movie,
    TimedSamples,
    Track,
    expand,
    find_header,
    parse_boxes,
    read_movie,
    scan_top_level,
)
from mediarescue.isobmff.claims import is_units, unit_length_size
from mediarescue.isobmff.indexed import IndexedSamples, indexed_samples
from mediarescue.isobmff.movie import MAX_MOVIE_SIZE, movie_of
from mediarescue.recover.families import make_families
from mediarescue.recover.hidden import find_hidden
from mediarescue.recover.listed import byte_ranges, in_order, leading, sample_count, shifted, up_to
from mediarescue.recover.locate import MediaLocation
from mediarescue.recover.profile import constant_sound, indexed_profile
from mediarescue.recover.window import MediaWindow

Int64Array = NDArray[np.int64]
_TAIL = 64 << 20
_ANYWHERE = 1 << 62
_TRIED = 256
_MOSTLY = 0.5
_ENOUGH_MISSES = 4
_NEARLY_ALL = 0.8
_SCANNED = 16 << 20
_ANCHORS = 6


@dataclass(frozen=True, slots=True, eq=False)
class OwnIndex:
    """What can be trusted of a file's own ``moov``.

    Attributes
    ----------
    movie : Movie
    found : tuple of IndexedSamples
        Those of each track that lie in the file, where they truly lie.
    listed : int
        Samples that the tables list (PCM: chunks).
    listed_end : int
        Where the last listed sample ends, be that in the file or not.
    shift : int
        Bytes by which the samples lie behind the places in the tables.
    is_cut : bool
        Whether the ``moov`` itself is not whole: tracks may be missing.
    distrusted : int
        Listed samples that are not where the tables say, from some place on.
    """

    movie: Movie
    found: tuple[IndexedSamples, ...]
    listed: int
    listed_end: int
    shift: int
    is_cut: bool
    distrusted: int = 0

    @property
    def used(self) -> int:
        """Samples that are taken from the tables (PCM: chunks)."""
        return sum(sample_count(part) for part in self.found)

    @property
    def bytes(self) -> int:
        """Bytes of the samples that are taken from the tables."""
        return sum(int(byte_ranges(part)[1].sum()) for part in self.found)

    @property
    def missing(self) -> int:
        """Listed samples that are not in the file."""
        return self.listed - self.used - self.distrusted


def read_own_index(source: ByteSource, location: MediaLocation) -> OwnIndex | None:
    """Return what a file's own ``moov`` is good for; None where there is none, or none of it fits the bytes.

    Parameters
    ----------
    source : ByteSource
    location : MediaLocation
        Where the media data are.

    Notes
    -----
    Some of the listed samples are read: pictures of H.264 and HEVC must be whole units, other samples must end
    where the tables say. Where they do not, all may have been moved by one distance, which is looked for; and the
    tables may be true up to some place only.
    """
    read = _find_movie(source)
    if read is None:
        return None
    movie, is_cut = read
    if movie.is_fragmented or not movie.tracks or any(track.is_encrypted for track in movie.tracks):
        return None
    return _trusted(source, movie, [_listed(track) for track in movie.tracks], is_cut, location)


def read_hidden_index(source: ByteSource, location: MediaLocation, *, listener: Listener = ignore) -> OwnIndex | None:
    """Return what an index inside the media data is good for, as `read_own_index`; the media data are read for it."""
    hidden = find_hidden(source, location.start, location.end, listener=listener)
    if hidden is None or any(track.is_encrypted for track in hidden.movie.tracks):
        return None
    listed = [_hidden_samples(track, hidden.fragments) for track in hidden.movie.tracks]
    return _trusted(source, hidden.movie, listed, False, location)


def _hidden_samples(track: Track, fragments: Fragments) -> IndexedSamples | None:
    try:
        return indexed_samples(track, fragments, _ANYWHERE)
    except BoxError:
        return None


def _trusted(
    source: ByteSource,
    movie: Movie,
    listed: Sequence[IndexedSamples | None],
    is_cut: bool,
    location: MediaLocation,
) -> OwnIndex | None:
    """Return what the bytes bear out of the samples listed for each track."""
    kept = [(track, part) for track, part in zip(movie.tracks, listed, strict=True) if part is not None]
    parts = [part for _, part in kept]
    if not any(sample_count(part) for part in parts):
        return None
    movie = replace(movie, tracks=tuple(track for track, _ in kept))
    shift = _shift(source, movie, parts, location)
    if shift is None:
        return None
    moved = [shifted(part, shift) for part in parts]
    inside = [up_to(part, source.size) for part in moved]
    end = _trusted_end(source, movie, inside)
    found = tuple(inside if end is None else _beside_pictures(movie, [in_order(up_to(p, end)) for p in inside]))
    total = sum(map(sample_count, parts))
    within = sum(map(sample_count, inside))
    used = sum(map(sample_count, found))
    listed_end = max(int((offset + size).max()) for offset, size in map(byte_ranges, moved) if len(offset))
    if not used:
        return None
    is_cut = is_cut or len(kept) < len(listed)
    return OwnIndex(movie, found, total, listed_end if end is None else end, shift, is_cut, within - used)


def _find_movie(source: ByteSource) -> tuple[Movie, bool] | None:
    """Return the file's movie, and whether its ``moov`` is cut off or damaged."""
    try:
        movie = read_movie(source, leniency=Leniency.PERMISSIVE)
        sound = [child for child in movie.moov.children or () if not _is_torn(child)]
        if len(sound) == len(movie.moov.children or ()):
            return movie, len(movie.tracks) < len(movie.moov.find_all(b"trak"))
        left = movie_of(
            movie.moov.replace(children=sound),
            headers=scan_top_level(source),
            file_type=movie.file_type,
            leniency=Leniency.PERMISSIVE,
            problems=[],
        )
        return left, any(child.kind in (b"", b"trak") and _is_torn(child) for child in movie.moov.children or ())
    except BoxError:
        pass
    headers = scan_top_level(source)
    header = find_header(headers, b"ftyp")
    file_type = None
    if header is not None and header.size <= 4096 and header.end <= source.size:
        file_type = parse_boxes(
            source.read(header.offset, header.size), base_offset=header.offset, leniency=Leniency.PERMISSIVE
        )[0]
    for at, size in _moov_places(source):
        data = source.read(at, min(size, source.size - at))
        data = struct.pack(">I4s", len(data), b"moov") + data[8:]
        try:
            moov = parse_boxes(data, base_offset=at, leniency=Leniency.PERMISSIVE, problems=[])[0]
            moov = moov.replace(children=[child for child in moov.children or () if child.kind])
            movie = movie_of(moov, headers=headers, file_type=file_type, leniency=Leniency.PERMISSIVE, problems=[])
        except BoxError:
            continue
        if movie.tracks:
            return movie, at + size > source.size or len(movie.tracks) < len(moov.find_all(b"trak"))
    return None


def _is_torn(box: Box) -> bool:
    """Whether bytes that are no box stand in it, or it is such; zeros at a container's end are none."""
    if not box.kind:
        return any(box.payload)
    return any(map(_is_torn, box.children or ()))


def _moov_places(source: ByteSource) -> Iterator[tuple[int, int]]:
    """Yield place and size of what begins like a ``moov`` in the last 64 MiB of a file, the last one first."""
    begin = max(source.size - _TAIL, 0)
    data = source.read(begin, source.size - begin)
    at = data.rfind(b"moov")
    while at >= 0:
        if at >= 4 and data[at + 8 : at + 12] == b"mvhd":
            size = int.from_bytes(data[at - 4 : at], "big")
            if 16 <= size <= MAX_MOVIE_SIZE:
                yield begin + at - 4, size
        at = data.rfind(b"moov", 0, at)


def _listed(track: Track) -> IndexedSamples | None:
    """Return all that the tables of a track list; None where they cannot be read."""
    try:
        chunks = constant_sound(track, leniency=Leniency.PERMISSIVE)
        if chunks is not None:
            return IndexedSamples(None, chunks, 0)
        samples = expand(track.stbl, leniency=Leniency.PERMISSIVE, problems=[])
    except BoxError:
        return None
    return IndexedSamples(TimedSamples(samples, samples.dts), None, 0)


def _shift(source: ByteSource, movie: Movie, parts: Sequence[IndexedSamples], location: MediaLocation) -> int | None:
    """Return by how many bytes the samples lie behind their places in the tables; None where nothing tells."""
    pictures = [
        (*byte_ranges(part), length_size)
        for track, part in zip(movie.tracks, parts, strict=True)
        if (length_size := unit_length_size(track)) and sample_count(part)
    ]
    ranges = [byte_ranges(part) for part in parts if sample_count(part)]
    first = min(int(offset.min()) for offset, _ in ranges)
    last = max(int((offset + size).max()) for offset, size in ranges)
    at = movie.moov.offset
    likely = [0, location.start - first, *([at - last] if at > location.start else [])]
    if pictures:
        offset, size, length_size = max(pictures, key=lambda each: len(each[0]))
        scanned = _scanned_shifts(source, offset, size, length_size)
        tried = dict.fromkeys([*likely, *scanned] if _hits(source, offset, size, length_size) <= _MOSTLY else likely)
        best = max(tried, key=lambda shift: (_hits(source, offset + shift, size, length_size), -abs(shift)))
        return best if _hits(source, offset + best, size, length_size) > _MOSTLY else None
    for shift in dict.fromkeys(likely):
        if _reads(source, movie, [up_to(shifted(part, shift), source.size) for part in parts]):
            return shift
    return None


def _tried(source: ByteSource, offset: Int64Array, size: Int64Array, most: int) -> Int64Array:
    """Return some of the samples that lie in the file, evenly spread, int64 (n,)."""
    there = np.flatnonzero((offset >= 0) & (offset + size <= source.size) & (size > 0))
    if len(there) <= most:
        return there
    return there[np.linspace(0, len(there) - 1, most).astype(np.int64)]


def _hits(source: ByteSource, offset: Int64Array, size: Int64Array, length_size: int) -> float:
    """Return which part of some pictures are whole units where they should lie.

    The first ones count as much as all: the tables may be true of the first part only.
    """
    best = 0.0
    for until in (len(offset), max(len(offset) // 8, 1)):
        tried = _tried(source, offset[:until], size[:until], 24)
        hits = [is_units(source, int(offset[i]), int(size[i]), length_size) for i in tried]
        best = max(best, sum(hits) / len(hits) if hits else 0.0)
    return best


def _scanned_shifts(source: ByteSource, offset: Int64Array, size: Int64Array, length_size: int) -> list[int]:
    """Return distances at which one of the first or last pictures is a whole unit of its size near a file's ends.

    Notes
    -----
    A picture of one unit has its own size in front of it, less the length field; that number is looked for.
    """
    found: list[int] = []
    large = np.flatnonzero(size > 256)
    for picked, at in ((large[:_ANCHORS], 0), (large[-_ANCHORS:], max(source.size - _SCANNED, 0))):
        data = source.read(at, _SCANNED)
        for index in picked.tolist():
            mark = (int(size[index]) - length_size).to_bytes(length_size, "big")
            hit = data.find(mark)
            tries = 0
            while hit >= 0 and tries < 64:
                found.append(at + hit - int(offset[index]))
                hit, tries = data.find(mark, hit + 1), tries + 1
    return found


def _reads(source: ByteSource, movie: Movie, parts: Sequence[IndexedSamples]) -> bool:
    """Whether most of some samples, as far as they can be known, end where the tables say."""
    if not any(map(sample_count, parts)):
        return False
    profile = indexed_profile(movie, parts)
    window = MediaWindow(source, 0, source.size)
    try:
        families = make_families(profile, window)
    except ReferenceMismatchError:
        return False
    known = False
    for family in families.families:
        for track in family.tracks:
            if family.matcher.blind or track.samples is None or not len(track.samples):
                continue
            offset, size = track.samples.offset, track.samples.size
            tried = _tried(source, offset, size, 24).tolist()
            if not tried:
                continue
            known = True
            hits = 0
            for begin, count in zip(offset[tried].tolist(), size[tried].tolist(), strict=True):
                match = family.matcher.match(MediaWindow(source, begin, begin + count), begin)
                hits += match is not None and match.size == count and len(match.sizes) == 1
            if hits > _MOSTLY * len(tried):
                return True
    return not known  # PCM alone: nothing speaks against it


def _beside_pictures(movie: Movie, parts: Sequence[IndexedSamples]) -> Iterator[IndexedSamples]:
    """Yield the samples of each track up to the first that lies where a picture does, which has been read."""
    pictures = [
        byte_ranges(part)
        for track, part in zip(movie.tracks, parts, strict=True)
        if unit_length_size(track) and sample_count(part)
    ]
    for track, part in zip(movie.tracks, parts, strict=True):
        offset, size = byte_ranges(part)
        wrong = np.zeros(len(offset), np.bool_)
        for begins, sizes in () if unit_length_size(track) else pictures:
            at = np.searchsorted(begins, offset + size, side="left") - 1
            wrong |= (at >= 0) & ((begins + sizes)[np.maximum(at, 0)] > offset)
        yield leading(part, int(np.argmax(wrong))) if wrong.any() else part


def _trusted_end(source: ByteSource, movie: Movie, parts: Sequence[IndexedSamples]) -> int | None:
    """Return up to where in the file the tables are true, as they may be of an earlier state or overwritten; else None.

    Notes
    -----
    Pictures are read in the order of the tables: as many as possible before that place are right, and as many as
    possible from there on are wrong.
    """
    ends = []
    for track, part in zip(movie.tracks, parts, strict=True):
        length_size = unit_length_size(track)
        offset, size = byte_ranges(part)
        if not length_size or not len(offset):
            continue

        def hit(index: int, offset: Int64Array = offset, size: Int64Array = size, unit: int = length_size) -> bool:
            return is_units(source, int(offset[index]), int(size[index]), unit)

        tried = _tried(source, offset, size, _TRIED)
        hits = np.array([hit(index) for index in tried.tolist()], np.int64)
        if not len(hits) or hits.all():
            continue
        before = np.concatenate(([0], np.cumsum(hits)))
        behind = np.concatenate((np.cumsum((1 - hits)[::-1])[::-1], [0]))
        split = int(np.argmax(before + behind))
        misses = int(behind[split])
        if misses < _ENOUGH_MISSES or misses <= _NEARLY_ALL * (len(hits) - split):
            continue
        good = int(tried[split - 1]) if split else -1
        while good + 1 < int(tried[split]) and hit(good + 1):
            good += 1
        ends.append(int(offset[good] + size[good]) if good >= 0 else 0)
    return min(ends, default=None)
