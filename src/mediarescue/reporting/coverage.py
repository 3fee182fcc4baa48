"""The file in a few cells: what each part of it mostly is, with damage that no average hides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import Gap
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.reporting.cover import Cover, Kind, kind_of
from mediarescue.reports import CoverageReport

CELLS = 120
_LOUD = ((Kind.GAP, 0.0), (Kind.UNKNOWN, 0.1))
"""Shown wherever they are more than this part of a cell: damage however small, unknown bytes where they are many."""


def bytes_by_cell(cover: Cover, borders: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many bytes of the chosen ranges lie between each border and the next, int64 (borders - 1,).

    Parameters
    ----------
    borders : int64 (n + 1,)
        Offsets in the file, rising.
    chosen : bool (ranges,)
    """
    return _between_borders(cover.offset[chosen], cover.size[chosen], borders)


def cell_borders(file_size: int, cells: int) -> NDArray[np.int64]:
    """Return the borders of equal parts of the file, int64 (cells + 1,); fewer parts where it has fewer bytes."""
    count = max(min(cells, file_size), 1)
    return np.array([file_size * at // count for at in range(count + 1)], dtype=np.int64)


def summarize_found(
    tracks: Sequence[RescuedTrack],
    gaps: Sequence[Gap],
    media: tuple[int, int],
    *,
    file_size: int,
    between: Kind = Kind.UNKNOWN,
    cells: int = CELLS,
) -> CoverageReport:
    """Return what `summarize` does of a cover, without making one: a long film has millions of ranges.

    Parameters
    ----------
    tracks, gaps, media, between
        As for `cover_file`; offsets count from the beginning of the file.
    """
    borders = cell_borders(file_size, cells)
    names = [str(track.profile.track.track_id) for track in tracks]
    amounts = [_between_borders(t.offset[t.recorded], t.size[t.recorded], borders) for t in tracks]
    for kind in _REST:
        names.append(kind.name.lower())
        mine = [gap for gap in gaps if kind_of(gap) is kind]
        offset, size = ([gap.offset for gap in mine], [gap.size for gap in mine])
        amounts.append(_between_borders(np.array(offset, dtype=np.int64), np.array(size, dtype=np.int64), borders))
    inside = np.diff(np.clip(borders, *media))
    amounts[len(tracks) + _REST.index(between)] += np.maximum(inside - sum(amounts), 0)
    amounts[len(tracks) + _REST.index(Kind.HEADER)] += np.diff(np.minimum(borders, media[0]))
    amounts[len(tracks) + _REST.index(Kind.BOX)] += np.diff(np.maximum(borders, media[1]))
    return _report(file_size, names, np.array(amounts))


_REST: list[Kind] = [kind for kind in Kind if kind is not Kind.SAMPLES]


def _between_borders(
    offset: NDArray[np.int64], size: NDArray[np.int64], borders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many bytes of some ranges lie between each border and the next, int64 (borders - 1,)."""
    if not len(offset):
        return np.zeros(len(borders) - 1, dtype=np.int64)
    if (offset[1:] < offset[:-1]).any():
        order = np.argsort(offset, kind="stable")
        offset, size = offset[order], size[order]
    before = np.cumsum(size) - size
    at = np.searchsorted(offset, borders, side="right") - 1
    reached = before[at] + np.clip(borders - offset[at], 0, size[at])
    return np.diff(np.where(at < 0, 0, reached))


def summarize(cover: Cover, *, cells: int = CELLS) -> CoverageReport:
    """Return what each of ``cells`` equal parts of the file is."""
    borders = cell_borders(cover.file_size, cells)
    names = [str(track.track_id) for track in cover.tracks]
    amounts = [bytes_by_cell(cover, borders, cover.track == at) for at in range(len(names))]
    for kind in _REST:
        names.append(kind.name.lower())
        amounts.append(bytes_by_cell(cover, borders, cover.kind == kind))
    return _report(cover.file_size, names, np.array(amounts))


def _report(file_size: int, names: Sequence[str], table: NDArray[np.int64]) -> CoverageReport:
    most = table.argmax(axis=0)
    whole = table.sum(axis=0)
    for kind, least in reversed(_LOUD):
        at = names.index(kind.name.lower())
        most[table[at] > least * whole] = at
    return CoverageReport(file_size, tuple(names[at] for at in most.tolist()))
