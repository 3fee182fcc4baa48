"""Look at the media at a few hundred places of a file of any size: are they zeros, are they what the index says?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.checking.inspection.tracks import Int64Array, TrackLayout
from mediarescue.isobmff import ByteSource

_PLACES = 256
_BLOCK = 4096
_SHORTEST = 16
"""Bytes; a shorter sample may well be zeros."""
_AVC_LENGTH_SIZE, _HEVC_LENGTH_SIZE = 4, 21
"""Where avcC and hvcC say how many bytes a NAL unit's length has (ISO/IEC 14496-15 5.3.3, 8.3.3)."""
_PICTURES = 16
_ENOUGH = 4
COMPRESSED = frozenset(
    (b"avc1", b"avc2", b"avc3", b"avc4", b"dvav", b"dva1", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"vvc1", b"av01",
     b"vp08", b"vp09", b"mp4v", b"s263", b"h263", b"jpeg", b"mjpa", b"mjpb", b"apch", b"apcn", b"apcs", b"apco",
     b"ap4h", b"ap4x", b"AVdn", b"AVdh", b"CFHD", b"mp4a", b"ac-3", b"ec-3", b"alac", b"fLaC", b"Opus")
)  # fmt: skip
"""Codings whose samples are never all zeros; silence in PCM and blanks in telemetry are."""


def zeros_between(source: ByteSource, start: int, end: int) -> float:
    """Return which part of the places looked at between two offsets holds only zeros; all of it where it is short."""
    if end <= start:
        return 0.0
    if end - start <= _PLACES * _BLOCK:
        places = list(range(start, end, _BLOCK))
    else:
        step = (end - start - _BLOCK) // (_PLACES - 1)
        places = [start + i * step for i in range(_PLACES)]
    zeros = sum(not any(source.read(at, min(_BLOCK, end - at))) for at in places)
    return zeros / len(places)


def zero_samples(source: ByteSource, layouts: Sequence[TrackLayout]) -> float:
    """Return which part of the compressed samples looked at holds only zeros, in their first 4 KiB.

    Only samples that lie in the file are looked at, evenly along each track.
    """
    looked = zeros = 0
    chosen = [
        layout
        for layout in layouts
        if layout.track.sample_entry_kind in COMPRESSED and not layout.is_elsewhere and not layout.info.encryption
    ]
    for layout in chosen:
        offset, size = layout.sample_offset, layout.sample_size
        if not len(offset):
            offset, size = layout.chunk_offset, layout.chunk_size
        inside = _inside(source, offset, size)
        step = max(1, len(inside) // max(1, _PLACES // len(chosen)))
        for index in inside[::step].tolist():
            looked += 1
            zeros += not any(source.read(int(offset[index]), min(int(size[index]), _BLOCK)))
    return zeros / looked if looked else 0.0


def misplaced_pictures(source: ByteSource, layout: TrackLayout) -> tuple[int, int]:
    """Return how many samples of an H.264 or HEVC track cannot be pictures, and how many were looked at.

    Notes
    -----
    Samples begin with the length of a NAL unit (ISO/IEC 14496-15 4.3.3) that fits into them. Where most do not, the
    index belongs to other media, or they were moved and it was not told; ``(0, 0)`` is returned where it is less than
    half. Zeros tell nothing of that.
    """
    entry = layout.track.sample_entries[0] if layout.track.sample_entries else None
    if entry is None or layout.is_elsewhere or layout.info.encryption:
        return 0, 0
    avcc, hvcc = entry.configuration(b"avcC"), entry.configuration(b"hvcC")
    if avcc is not None and len(avcc) > _AVC_LENGTH_SIZE:
        width = 1 + (avcc[_AVC_LENGTH_SIZE] & 3)
    elif hvcc is not None and len(hvcc) > _HEVC_LENGTH_SIZE:
        width = 1 + (hvcc[_HEVC_LENGTH_SIZE] & 3)
    else:
        return 0, 0
    offset, size = layout.sample_offset, layout.sample_size
    inside = _inside(source, offset, size)
    looked = wrong = 0
    for index in inside[:: max(1, len(inside) // _PICTURES)].tolist():
        length = int.from_bytes(source.read(int(offset[index]), width), "big")
        looked += length > 0
        wrong += length > int(size[index]) - width
    return (wrong, looked) if looked >= _ENOUGH and 2 * wrong > looked else (0, 0)


def _inside(source: ByteSource, offset: Int64Array, size: Int64Array) -> NDArray[np.intp]:
    """Return the rows of samples, not too short to tell anything, that lie in the file."""
    return np.flatnonzero((size >= _SHORTEST) & (offset >= 0) & (offset <= source.size - size))
