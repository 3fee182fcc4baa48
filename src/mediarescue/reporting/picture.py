"""The map as a picture: the file in rows, coloured by track, then the film in time, and what each colour is.

Notes
-----
The picture is of one size whatever the file's: ranges are added up in some thousand cells. Damage is never averaged
away: any cell that holds a byte of it is marked over its whole height.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mediarescue.output import readable_size, write_text_atomic
from mediarescue.reporting.cover import Cover, Kind
from mediarescue.reporting.coverage import bytes_by_cell, cell_borders
from mediarescue.reporting.style import STYLE, TRACK_CLASSES, box_path, text, xml

_WIDTH = 1200
_LEFT, _RIGHT = 150, 42
_ROWS = 12
_SPAN = _WIDTH - _LEFT - _RIGHT
_CELLS = 168
"""Cells of a row, of whole pixels, so that neighbours meet without a seam."""
_FINE = 3
"""Marks of damage are placed this many times as finely as cells."""
_ROW, _STEP = 20, 34
_LEVELS = 10
_SHOWN_GAPS = 12
_LOUD = ((Kind.UNKNOWN, "unknown"), (Kind.GAP, "gap"))
_NAMES = {
    Kind.GAP: "gap: damaged, belongs to no sample",
    Kind.UNKNOWN: "unknown: reads as something, of no track",
    Kind.PADDING: "padding",
    Kind.BOX: "boxes",
    Kind.HEADER: "header",
    Kind.CUT: "last sample, cut",
    Kind.OTHER: "not part of this recording",
}


def write_picture(path: Path, cover: Cover, *, name: str, overwrite: bool) -> None:
    """Write the picture as an SVG, whole or not at all; raises OutputError."""
    write_text_atomic(path, svg(cover, name=name), overwrite=overwrite)


def svg(cover: Cover, *, name: str) -> str:
    """Return the picture of the file called ``name``."""
    gaps = np.flatnonzero((cover.kind == Kind.GAP) | ((cover.kind == Kind.UNKNOWN) & (cover.note >= 0)))
    biggest = np.sort(gaps[np.argsort(-cover.size[gaps], kind="stable")][:_SHOWN_GAPS])
    parts = [*_heading(cover, name, gaps)]
    y = 118.0
    rows = min(_ROWS, max(cover.file_size // _CELLS, 1))
    parts += [text(40, y - 14, "In the file", "head"), *_file_rows(cover, rows, y, biggest)]
    y += rows * _STEP + 40
    if any(track.seconds > 0 for track in cover.tracks):
        parts += [text(40, y - 14, "In the film", "head"), *_time_rows(cover, gaps, y)]
        y += len(cover.tracks) * _STEP + 64
    parts += [text(40, y - 14, "What the colours are", "head"), *_legend(cover, y)]
    y += 26 * len(_legend_rows(cover)) + 44
    if len(biggest):
        word = "Gaps" if len(biggest) == len(gaps) else f"The largest {len(biggest)} of {len(gaps)} gaps"
        parts += [text(40, y - 14, word, "head"), *_gap_list(cover, biggest, y)]
        y += 22 * len(biggest) + 34
    height = round(y)
    title, said = f"Map of {name}", _summary(cover, gaps)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="title desc">\n<title id="title">{xml(title)}</title>\n'
        f'<desc id="desc">{xml(said)}</desc>\n{STYLE}'
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _heading(cover: Cover, name: str, gaps: NDArray[np.int64]) -> Iterator[str]:
    yield text(40, 48, name if len(name) <= 70 else f"{name[:34]} ... {name[-34:]}", "title")
    yield text(40, 74, _summary(cover, gaps), "said")


def _summary(cover: Cover, gaps: NDArray[np.int64]) -> str:
    found = int(cover.size[cover.track >= 0].sum())
    share = f"{1000 * found // max(cover.file_size, 1) / 10:g} %"
    said = f"{readable_size(cover.file_size)}, {share} of it in samples of {len(cover.tracks)} tracks; "
    if not len(gaps):
        return said + "no gaps"
    return said + f"{len(gaps)} gap{'s' if len(gaps) != 1 else ''}, {readable_size(int(cover.size[gaps].sum()))}"


def _keys(cover: Cover) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the classes that are stacked in a cell, from the top, and the ranges of each."""
    keys = [(TRACK_CLASSES[at % len(TRACK_CLASSES)], cover.track == at) for at in range(len(cover.tracks))]
    quiet = [kind for kind in Kind if kind not in (Kind.SAMPLES, Kind.GAP, Kind.UNKNOWN)]
    return [*keys, *((kind.name.lower(), cover.kind == kind) for kind in quiet)]


def _file_rows(cover: Cover, rows: int, top: float, numbered: NDArray[np.int64]) -> Iterator[str]:
    borders = cell_borders(cover.file_size, rows * _CELLS)
    cells = len(borders) - 1
    keys = _keys(cover)
    amounts = np.array([bytes_by_cell(cover, borders, chosen) for _, chosen in keys])
    levels = _stacked(amounts)
    width, across = _SPAN / _CELLS, _CELLS
    drawn: dict[str, list[str]] = {}
    for row in range(rows):
        y = top + row * _STEP
        yield text(_LEFT - 12, y + 14, readable_size(int(borders[min(row * across, cells)])), "axis end")
        columns = range(row * across, min((row + 1) * across, cells))
        for level, run in groupby(columns, key=lambda at: tuple(levels[:, at].tolist())):
            cell = list(run)
            x, wide, low = _LEFT + (cell[0] - row * across) * width, len(cell) * width, 0
            for (name, _), high in zip(keys, level, strict=True):
                if high:
                    place = box_path(x, y + low * _ROW / _LEVELS, wide, high * _ROW / _LEVELS)
                    drawn.setdefault(name, []).append(place)
                    low += high
    yield from (f'<path class="{name}" d="{"".join(places)}"/>' for name, places in drawn.items())
    yield from _file_marks(cover, rows, top)
    for number, at in enumerate(numbered.tolist(), 1):
        position = int(cover.offset[at]) * rows / max(cover.file_size, 1)
        row = min(int(position), rows - 1)
        yield text(_LEFT + (position - row) * _SPAN + 2, top + row * _STEP - 3, str(number), "number")


def _stacked(amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many tenths of a cell's height each key takes, int64 (keys, cells): at least one where it is there."""
    total = np.maximum(amounts.sum(axis=0), 1)
    levels = np.maximum(np.rint(amounts * _LEVELS / total).astype(np.int64), amounts > 0)
    most, cells = levels.argmax(axis=0), np.arange(levels.shape[1])
    levels[most, cells] += np.where(amounts.any(axis=0), _LEVELS - levels.sum(axis=0), 0)
    return np.asarray(np.maximum(levels, 0), dtype=np.int64)


def _file_marks(cover: Cover, rows: int, top: float) -> Iterator[str]:
    """Mark every place with damage, however small it is."""
    borders = cell_borders(cover.file_size, rows * _CELLS * _FINE)
    across, width = _CELLS * _FINE, _SPAN / _CELLS / _FINE
    for kind, name in _LOUD:
        marked = np.flatnonzero(bytes_by_cell(cover, borders, cover.kind == kind) > 0)
        places = []
        for row in np.unique(marked // across).tolist():
            for first, count in _runs(marked[marked // across == row] - row * across):
                y = top + row * _STEP - 2
                places.append(box_path(_LEFT + first * width, y, max(count * width, 2.5), _ROW + 4))
        if places:
            yield f'<path class="{name}" d="{"".join(places)}"/>'


def _runs(cells: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return first and count of each run of neighbouring cells."""
    if not len(cells):
        return []
    starts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 2) != 1)
    return list(zip(cells[starts].tolist(), np.diff(starts, append=len(cells)).tolist(), strict=True))


def gap_times(cover: Cover, track: int, gaps: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from when to when each gap leaves a track without samples, in seconds on the track's clock.

    Notes
    -----
    The beginning is estimated: the samples of the run in front of the gap last as long as the track's do on average.
    """
    runs = np.flatnonzero((cover.track == track) & (cover.count > 0))
    about = cover.tracks[track]
    if not len(runs):
        return np.zeros(len(gaps)), np.zeros(len(gaps))
    after = np.searchsorted(runs, gaps)
    until = np.where(after < len(runs), cover.seconds[runs[np.minimum(after, len(runs) - 1)]], about.seconds)
    before = runs[np.maximum(after - 1, 0)]
    mean = about.seconds / max(about.samples, 1)
    since = np.where(after > 0, cover.seconds[before] + cover.count[before] * mean, 0.0)
    return np.minimum(since, until), until


def _time_rows(cover: Cover, gaps: NDArray[np.int64], top: float) -> Iterator[str]:
    longest = max(track.seconds for track in cover.tracks)
    cells = _CELLS * _FINE
    for at, track in enumerate(cover.tracks):
        y = top + at * _STEP
        yield text(_LEFT - 12, y + 14, f"{track.track_id} {track.kind}", "axis end")
        name = TRACK_CLASSES[at % len(TRACK_CLASSES)]
        yield f'<path class="{name}" d="{box_path(_LEFT, y, _SPAN * track.seconds / longest, _ROW)}"/>'
        since, until = gap_times(cover, at, gaps)
        # A track that was over, or has one sample for all of the film, misses nothing there.
        goes_on = ((until > since) | (until < track.seconds)) & (track.seconds > 0) & (track.samples > 1)
        since, until = since[goes_on], until[goes_on]
        first = np.clip((since / longest * cells).astype(np.int64), 0, cells - 1)
        last = np.clip((until / longest * cells).astype(np.int64), first, cells - 1)
        edges = np.bincount(first, minlength=cells + 1) - np.bincount(last + 1, minlength=cells + 1)
        marked = _runs(np.flatnonzero(np.cumsum(edges)[:cells] > 0))
        width = _SPAN / cells
        if marked:
            places = (box_path(_LEFT + a * width, y - 2, max(n * width, 2.5), _ROW + 4) for a, n in marked)
            yield f'<path class="gap" d="{"".join(places)}"/>'
    y = top + len(cover.tracks) * _STEP + 6
    for part in range(5):
        anchor = ("axis", "axis middle", "axis middle", "axis middle", "axis end")[part]
        yield text(_LEFT + _SPAN * part / 4, y, clock(longest * part / 4, tenths=longest < 60), anchor)


def _legend_rows(cover: Cover) -> list[tuple[str, str, int]]:
    """Return class, words and bytes of each colour in use."""
    rows = [
        (
            TRACK_CLASSES[at % len(TRACK_CLASSES)],
            f"track {track.track_id}: {track.kind}, {track.codec}, {track.samples:,} samples, {clock(track.seconds)}",
            int(cover.size[cover.track == at].sum()),
        )
        for at, track in enumerate(cover.tracks)
    ]
    for kind, words in _NAMES.items():
        if (chosen := cover.kind == kind).any():
            rows.append((kind.name.lower(), words, int(cover.size[chosen].sum())))
    return rows


def _legend(cover: Cover, top: float) -> Iterator[str]:
    for at, (name, words, size) in enumerate(_legend_rows(cover)):
        y = top + 26 * at
        yield f'<path class="{name}" d="{box_path(40, y, 26, 16)}"/>'
        yield text(78, y + 13, words, "row")
        share = f"{100 * size / max(cover.file_size, 1):.2f} %"
        yield text(700, y + 13, readable_size(size), "row end")
        yield text(790, y + 13, share, "row end")


def _gap_list(cover: Cover, chosen: NDArray[np.int64], top: float) -> Iterator[str]:
    shown = next((at for at, track in enumerate(cover.tracks) if track.kind == "video"), 0)
    when = gap_times(cover, shown, chosen)[0].tolist() if cover.tracks else [0.0] * len(chosen)
    for number, (at, seconds) in enumerate(zip(chosen.tolist(), when, strict=True), 1):
        y = top + 22 * (number - 1)
        offset, note = int(cover.offset[at]), int(cover.note[at])
        yield text(60, y + 12, str(number), "number end")
        yield text(78, y + 12, f"at offset {offset:,} (0x{offset:X})", "row")
        yield text(460, y + 12, readable_size(int(cover.size[at])), "row end")
        yield text(560, y + 12, f"film at {clock(seconds, tenths=True)}", "row")
        yield text(720, y + 12, cover.notes[note] if note >= 0 else "", "row")


def clock(seconds: float, *, tenths: bool = False) -> str:
    """Return a time as ``h:mm:ss``, or ``m:ss`` below an hour."""
    whole = int(seconds * 10 + 0.5) if tenths else int(seconds + 0.5) * 10
    minutes, rest = divmod(whole, 600)
    hours, minutes = divmod(minutes, 60)
    end = f"{rest // 10:02d}" + (f".{rest % 10}" if tenths else "")
    return f"{hours}:{minutes:02d}:{end}" if hours else f"{minutes}:{end}"
