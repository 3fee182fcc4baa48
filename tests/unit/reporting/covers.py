"""Covers made of a few numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mediarescue.reporting.cover import Cover, CoverTrack, Kind

VIDEO, AUDIO = CoverTrack(1, "video", "avc1", 10.0, 300), CoverTrack(2, "audio", "mp4a", 10.0, 430)
Part = tuple[int, Kind, int]


def cover(parts: Sequence[Part], *, notes: tuple[str, ...] = ("not recognised",)) -> Cover:
    """Return a cover of parts (size, kind, track's index or -1), one sample each, a tenth of a second apart."""
    sizes = np.array([size for size, _, _ in parts], dtype=np.int64)
    kinds = np.array([kind for _, kind, _ in parts], dtype=np.uint8)
    tracks = np.array([track for _, _, track in parts], dtype=np.int16)
    first = np.zeros(len(parts), dtype=np.int64)
    for track in (0, 1):
        mine = tracks == track
        first[mine] = np.arange(np.count_nonzero(mine))
    return Cover(
        int(sizes.sum()),
        (VIDEO, AUDIO),
        np.cumsum(sizes) - sizes,
        sizes,
        kinds,
        tracks,
        (tracks >= 0).astype(np.int64),
        first,
        (first * 0.1).astype(np.float64),
        np.where(kinds == Kind.GAP, 0, -1).astype(np.int32),
        notes,
    )
