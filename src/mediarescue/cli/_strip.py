"""The broken file as a strip of blocks across the terminal: which part of it is what, and where it is damaged."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mediarescue.reports import CoverageReport, TrackReport

_COLOURS = ("34", "36", "33", "35", "32", "37")
"""Of the tracks: blue, cyan, yellow, magenta, green, white."""
_GAP, _UNKNOWN = "31;1", "33;1"
_LETTERS = {"video": "v", "audio": "a", "metadata": "m", "timecode": "t", "text": "s"}
_LOUD = {"gap": "!", "unknown": "?"}
_QUIET = "."
_BLOCK = "█"
_SHADE, _LIGHT = "▒", "░"


def strip_lines(coverage: CoverageReport, tracks: Sequence[TrackReport], width: int) -> tuple[str, str] | None:
    """Return the strip and the words that explain it; None where all of the file belongs to samples as it should.

    Parameters
    ----------
    coverage : CoverageReport
    tracks : sequence of TrackReport
    width : int
        Columns there are.

    Notes
    -----
    Blocks where the terminal shows colours, letters elsewhere: a strip that is piped, or read by a machine, stays
    readable.
    """
    if not any(cell in _LOUD for cell in coverage.cells):
        return None
    cells = fitted(coverage.cells, width)
    kinds = {str(track.track_id): track.kind for track in tracks}
    ids = {track: at for at, track in enumerate(kinds)}
    coloured = _shows_colours()
    marks = {cell: _mark(cell, ids, kinds, coloured=coloured) for cell in dict.fromkeys(cells)}
    words = {**{track: f"track {track}, {kind}" for track, kind in kinds.items()}, "gap": "gap", "unknown": "unknown"}
    said = [f"{marks[cell]} {words[cell]}" for cell in (*kinds, *_LOUD) if cell in marks]
    if any(cell not in words for cell in marks):
        said.append(f"{_mark('', ids, kinds, coloured=coloured)} other")
    return "".join(marks[cell] for cell in cells), "  ".join(dict.fromkeys(said))


def fitted(cells: Sequence[str], width: int) -> list[str]:
    """Return the cells in at most ``width`` columns: damage wherever there is some, else what most are."""
    count = min(len(cells), max(width, 1))
    out = []
    for at in range(count):
        part = cells[at * len(cells) // count : (at + 1) * len(cells) // count]
        loud = [name for name in _LOUD if name in part]
        out.append(loud[0] if loud else max(dict.fromkeys(part), key=part.count))
    return out


def _mark(cell: str, ids: dict[str, int], kinds: dict[str, str], *, coloured: bool) -> str:
    if not coloured:
        return _LOUD.get(cell) or (_LETTERS.get(kinds[cell], "o") if cell in kinds else _QUIET)
    if cell in _LOUD:
        return f"\x1b[{_GAP}m{_BLOCK}\x1b[0m" if cell == "gap" else f"\x1b[{_UNKNOWN}m{_SHADE}\x1b[0m"
    if cell in ids:
        return f"\x1b[{_COLOURS[ids[cell] % len(_COLOURS)]}m{_BLOCK}\x1b[0m"
    return f"\x1b[2m{_LIGHT}\x1b[0m"


def _shows_colours() -> bool:
    """Whether stdout is a terminal that shows colours and blocks, and nobody asked for none (no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        (_BLOCK + _SHADE + _LIGHT).encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
