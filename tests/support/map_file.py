"""Read a map back by its documentation (docs/map.md), knowing nothing of the package under test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One range; ``track`` and what follows are None where it holds no samples of a track."""

    offset: int
    size: int
    kind: str
    track: int | None
    samples: int | None
    first: int | None
    seconds: float | None
    note: str


@dataclass(frozen=True, slots=True)
class MapFile:
    """The header's facts and the ranges."""

    name: str
    size: int
    lines: tuple[Line, ...]


def parse_map(text: str) -> MapFile:
    """Return what a map says; fails where it is none."""
    rows = text.splitlines()
    assert rows[0] == "# mediarescue map, format 1"
    assert rows[1].startswith("# file: ")
    assert rows[2].startswith("# size: ")
    lines = tuple(_line(row) for row in rows if not row.startswith("#"))
    return MapFile(rows[1][8:], int(rows[2][8:]), lines)


def _line(row: str) -> Line:
    facts, _, note = row.partition("#")
    offset, size, kind, *rest = facts.split()
    track, samples, first, seconds = (None if word == "-" else word for word in rest)
    return Line(
        int(offset, 16),
        int(size, 16),
        kind,
        None if track is None else int(track),
        None if samples is None else int(samples),
        None if first is None else int(first),
        None if seconds is None else float(seconds),
        note.strip(),
    )
