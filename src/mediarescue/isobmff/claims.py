"""What a ``moov`` claims, held against the file: do its samples lie where it says, and do the media end with them?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.chunk_table import expand_chunks, is_constant_size
from mediarescue.isobmff.errors import BoxError, Leniency
from mediarescue.isobmff.movie import Movie, Track
from mediarescue.isobmff.sample_table import expand
from mediarescue.isobmff.sound_packets import with_packets
from mediarescue.isobmff.source import ByteSource

Int64Array = NDArray[np.int64]
_LOOKED_AT = 24
_MOST_UNITS = 512
_PLACES, _BLOCK = 16, 256
_MOSTLY = 0.5
_SOME = 0.1
_LEAST_BEHIND = 1 << 16
_PART_BEHIND = 0.02
_HEADERS = 1024
_LENGTH_BYTES = {b"avcC": 4, b"hvcC": 21}
"""Where the configuration of H.264 and HEVC keeps the size of a unit's length field (ISO/IEC 14496-15 5.3.3, 8.3.3)."""


@dataclass(frozen=True, slots=True)
class IndexClaims:
    """How a ``moov`` agrees with its file.

    Attributes
    ----------
    listed_end : int
        Where the last listed sample ends, be that in the file or not.
    media_end : int
        Where the media data end that hold the listed samples; the end of the file where no box says another, and
        that of the last sample where zeros follow.
    misplaced : float
        Part of the looked-at pictures that do not begin and end where the index says; 0 where none can be judged.
    """

    listed_end: int
    media_end: int
    misplaced: float

    @property
    def is_elsewhere(self) -> bool:
        """Whether the samples do not lie where the index says: it is another file's, or the file has moved."""
        return self.misplaced > _MOSTLY

    @property
    def is_doubtful(self) -> bool:
        """Whether some of the samples do not lie where the index says: its tables, or the media, are damaged."""
        return self.misplaced > _SOME

    @property
    def behind(self) -> int:
        """Bytes of media data behind the last listed sample."""
        return max(self.media_end - self.listed_end, 0)

    @property
    def is_short(self) -> bool:
        """Whether much more media follow than a finished recording leaves behind its last sample."""
        many = min(_LEAST_BEHIND, self.media_end // 5)
        return self.behind >= max(many, int(_PART_BEHIND * self.media_end), _HEADERS)


def read_claims(source: ByteSource, movie: Movie) -> IndexClaims:
    """Hold a movie's sample tables against the file's boxes and bytes; quick at any size.

    Tables that cannot be read count for nothing.
    """
    listed, misplaced = 0, list[float]()
    for track in movie.tracks:
        try:
            offset, size = sample_ranges(track)
        except BoxError:
            continue
        if not len(offset):
            continue
        listed = max(listed, int((offset + size).max()))
        fraction = misplaced_fraction(source, track, offset, size)
        if fraction is not None:
            misplaced.append(fraction)
    end = _media_end(source, movie, listed)
    if not _is_written(source, listed, end):
        end = listed
    return IndexClaims(listed, end, max(misplaced, default=0.0))


def _is_written(source: ByteSource, start: int, end: int) -> bool:
    """Whether most of the places looked at in a range hold anything but zeros."""
    step = max((end - start) // _PLACES, 1)
    places = range(start, end, step)[:_PLACES]
    written = sum(any(source.read(at, min(_BLOCK, end - at))) for at in places)
    return written > len(places) // 2


def sample_ranges(track: Track) -> tuple[Int64Array, Int64Array]:
    """Return offset and size of each sample (of PCM: each chunk), int64 (n,); BoxError where the tables are damaged."""
    if is_constant_size(track.stbl):
        chunks = with_packets(expand_chunks(track.stbl, leniency=Leniency.PERMISSIVE, problems=[]), track)
        return chunks.offset, chunks.size
    samples = expand(track.stbl, leniency=Leniency.PERMISSIVE, problems=[])
    return samples.offset, samples.size


def misplaced_fraction(source: ByteSource, track: Track, offset: Int64Array, size: Int64Array) -> float | None:
    """Return which part of some pictures are not the whole units that H.264 and HEVC samples are made of.

    None where the track is of another codec, or none of its samples is in the file with more than zeros in it.
    """
    length_size = unit_length_size(track)
    there = np.flatnonzero((offset >= 0) & (offset + size <= source.size) & (size > 0))
    if not length_size or track.is_encrypted or not len(there):
        return None
    tried = there[:: max(1, len(there) // _LOOKED_AT)][:_LOOKED_AT]
    places = list(zip(offset[tried].tolist(), size[tried].tolist(), strict=True))
    written = [place for place in places if any(source.read(place[0], min(place[1], 64)))]
    if not written:
        return None
    return sum(not is_units(source, *place, length_size) for place in written) / len(written)


def unit_length_size(track: Track) -> int:
    """Return the bytes of a unit's length field in H.264 and HEVC tracks, 0 for other ones."""
    for entry in track.sample_entries:
        for kind, at in _LENGTH_BYTES.items():
            config = entry.configuration(kind)
            if config is not None and len(config) > at:
                return (config[at] & 3) + 1
    return 0


def is_units(source: ByteSource, offset: int, size: int, length_size: int) -> bool:
    """Whether ``size`` bytes are a row of units with their lengths in front, the last one ending with them."""
    pos, end = offset, offset + size
    for _ in range(_MOST_UNITS):
        if pos == end:
            return True
        head = source.read(pos, length_size + 1)
        length = int.from_bytes(head[:length_size], "big")
        if len(head) <= length_size or not length or head[length_size] & 0x80 or pos + length_size + length > end:
            return False
        pos += length_size + length
    return True


def _media_end(source: ByteSource, movie: Movie, listed: int) -> int:
    """Return the end of the ``mdat`` that the last listed sample lies in."""
    holding = [
        header.end
        for header in movie.mdats
        if header.payload_offset <= listed <= header.end and not header.to_end and header.end <= source.size
    ]
    if holding:
        return max(holding)
    return source.size if any(header.payload_offset <= listed for header in movie.mdats) else listed
