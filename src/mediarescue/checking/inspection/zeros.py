"""Look for zeros where media should be, at a few hundred places of a file of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mediarescue.checking.inspection.tracks import TrackLayout
from mediarescue.isobmff import ByteSource

_PLACES = 256
_BLOCK = 4096
_SHORTEST = 16
"""Bytes; a shorter sample may well be zeros."""
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
        inside = np.flatnonzero((size >= _SHORTEST) & (offset >= 0) & (offset < source.size - size))
        step = max(1, len(inside) // max(1, _PLACES // len(chosen)))
        for index in inside[::step].tolist():
            looked += 1
            zeros += not any(source.read(int(offset[index]), min(int(size[index]), _BLOCK)))
    return zeros / looked if looked else 0.0
