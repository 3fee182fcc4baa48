"""Silence for sound that damage took: constant-size audio has no sample that could last longer, so it needs bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import mdat_header
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack

Int64Array = NDArray[np.int64]

_LONGEST = 64 << 10
"""Bytes of silence that stand in the file; longer silence is the same bytes again."""
_SILENT = {b"ulaw": 0xFF, b"alaw": 0xD5}
"""Codes of no amplitude (ITU-T G.711); those of signed numbers and of floating point are zeros."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A second ``mdat`` with a block of silence for each track that needs one.

    Attributes
    ----------
    box : bytes
        Empty where no track needs any.
    place, length : dict of int to int
        Of each track's block, by the track's index: offset within the box, and bytes.
    """

    box: bytes
    place: dict[int, int]
    length: dict[int, int]


def make_silence(tracks: Sequence[RescuedTrack]) -> Silence:
    """Return the silence that the tracks' stand-ins need."""
    blocks: list[bytes] = []
    place, length = {}, {}
    at = 0
    for track in tracks:
        chunks = track.profile.chunks
        if chunks is None or track.stand_in is None or not track.stand_in.any():
            continue
        longest = int(track.size[track.stand_in].max())
        size = min(longest, max(_LONGEST // chunks.block, 1) * chunks.block)
        place[track.profile.index], length[track.profile.index] = at, size
        blocks.append(bytes([_code(track.profile)]) * size)
        at += size
    header = mdat_header(at) if at else b""
    return Silence(header + b"".join(blocks), {index: len(header) + p for index, p in place.items()}, length)


def _code(profile: TrackProfile) -> int:
    """Return the byte that silence is made of."""
    if profile.codec in _SILENT:
        return _SILENT[profile.codec]
    # 'raw ' is offset binary (QuickTime File Format, sound sample descriptions); so are 8 bits of the oldest files,
    # whose type is 0 or NONE
    bits = profile.track.sample_entries[profile.entry].fields.get("sample_size", 16)
    return 0x80 if profile.codec in (b"raw ", b"NONE", b"\0\0\0\0") and bits == 8 else 0


def silent_chunks(
    track: RescuedTrack, silence: Silence, offset: int
) -> tuple[Int64Array, Int64Array, NDArray[np.int32]]:
    """Return offset, size and sample entry of a track's chunks with its stand-ins made of silence.

    Parameters
    ----------
    track : RescuedTrack
        Of constant-size audio.
    silence : Silence
    offset : int
        Where its box will be, in the count of the track's offsets.
    """
    entries = track.description_index
    if track.stand_in is None or track.profile.index not in silence.place:
        return track.offset, track.size, entries
    place, length = silence.place[track.profile.index], silence.length[track.profile.index]
    pieces = np.where(track.stand_in, -(-track.size // length), 1)
    first = np.cumsum(pieces) - pieces
    index = np.repeat(np.arange(len(pieces)), pieces)
    stand_in = track.stand_in[index]
    size = np.where(stand_in, length, track.size[index])
    last = first + pieces - 1
    size[last] = np.where(track.stand_in, track.size - (pieces - 1) * length, track.size)
    return np.where(stand_in, offset + place, track.offset[index]), size, entries[index]
