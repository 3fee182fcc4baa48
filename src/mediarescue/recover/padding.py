"""Padding between chunks: some writers start each chunk at a multiple of a block and fill with zeros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mediarescue.recover.candidate import Gap
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_LARGEST = 1 << 20
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class Padding:
    """Bytes that chunks are aligned to in the file; 1 where they follow each other directly."""

    alignment: int = 1

    def behind(self, window: MediaWindow, pos: int) -> int:
        """Return where the next chunk may start: ``pos``, or the next multiple when only zeros lie between."""
        ahead = -pos % self.alignment
        if not ahead or pos + ahead > window.end or any(window.peek(pos, ahead)):
            return pos
        return pos + ahead

    def match(self, window: MediaWindow, pos: int) -> Gap | None:
        """Return the padding at ``pos`` as an expected gap, or None."""
        after = self.behind(window, pos)
        return Gap(pos, after - pos, "padding between chunks", expected=True) if after > pos else None


def learn_padding(tracks: Sequence[TrackProfile]) -> Padding:
    """Learn the alignment from the gaps between the reference's chunks."""
    runs = [track.runs() for track in tracks]
    if not sum(len(offset) for offset, _, _ in runs):
        return Padding()
    offset = np.concatenate([offset for offset, _, _ in runs])
    size = np.concatenate([size for _, size, _ in runs])
    order = np.argsort(offset, kind="stable")
    offset, size = offset[order], size[order]
    gap = offset[1:] - offset[:-1] - size[:-1]
    padded = offset[1:][(gap > 0) & (gap < _LARGEST)]
    if len(padded) < 3 or len(padded) < len(gap) / 8:
        return Padding()
    alignment = _LARGEST
    while alignment > 1 and (padded % alignment == 0).mean() < _MOSTLY:
        alignment //= 2
    fits = alignment >= 4 and int(np.percentile(gap[gap > 0], 90)) < alignment
    return Padding(alignment if fits else 1)
