"""The file in a few cells: what each part of it mostly is, with damage that no average hides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.reporting.cover import Cover, Kind
from mediarescue.reports import CoverageReport

CELLS = 120
_LOUD = (Kind.GAP, Kind.UNKNOWN)
"""Shown wherever they are, however few their bytes."""


def bytes_by_cell(cover: Cover, borders: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many bytes of the chosen ranges lie between each border and the next, int64 (borders - 1,).

    Parameters
    ----------
    borders : int64 (n + 1,)
        Offsets in the file, rising.
    chosen : bool (ranges,)
    """
    offset, size = cover.offset[chosen], cover.size[chosen]
    if not len(offset):
        return np.zeros(len(borders) - 1, dtype=np.int64)
    before = np.cumsum(size) - size
    at = np.searchsorted(offset, borders, side="right") - 1
    reached = before[at] + np.clip(borders - offset[at], 0, size[at])
    return np.diff(np.where(at < 0, 0, reached))


def cell_borders(file_size: int, cells: int) -> NDArray[np.int64]:
    """Return the borders of equal parts of the file, int64 (cells + 1,); fewer parts where it has fewer bytes."""
    count = max(min(cells, file_size), 1)
    return np.array([file_size * at // count for at in range(count + 1)], dtype=np.int64)


def summarize(cover: Cover, *, cells: int = CELLS) -> CoverageReport:
    """Return what each of ``cells`` equal parts of the file is."""
    borders = cell_borders(cover.file_size, cells)
    names = [str(track.track_id) for track in cover.tracks]
    amounts = [bytes_by_cell(cover, borders, cover.track == at) for at in range(len(names))]
    for kind in Kind:
        if kind is not Kind.SAMPLES:
            names.append(kind.name.lower())
            amounts.append(bytes_by_cell(cover, borders, cover.kind == kind))
    table = np.array(amounts)
    most = table.argmax(axis=0)
    for kind in reversed(_LOUD):
        at = names.index(kind.name.lower())
        most[table[at] > 0] = at
    return CoverageReport(cover.file_size, tuple(names[at] for at in most.tolist()))
