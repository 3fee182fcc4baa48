"""The table of references that were tried: which is the best for the broken file, and why."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from mediarescue.cli._exit import write_stdout
from mediarescue.errors import ReferenceMismatchError
from mediarescue.reference_reports import CandidateReport

_SHOWN = 5


@overload
def one_or_all(paths: list[Path]) -> Path | list[Path]: ...
@overload
def one_or_all(paths: list[Path] | None) -> Path | list[Path] | None: ...
def one_or_all(paths: list[Path] | None) -> Path | list[Path] | None:
    """Return what was named as the library takes it: one path where it is one."""
    return paths[0] if paths and len(paths) == 1 else paths


def candidates_text(candidates: Sequence[CandidateReport], width: int, *, every: bool = False) -> str:
    """Return the table, the best reference first; the first five unless ``every``."""
    from rich.table import Column

    from mediarescue.cli._text import labelled, table_text

    shown = candidates if every else candidates[:_SHOWN]
    names = _short([Path(candidate.path) for candidate in shown])
    widest = min(max(map(len, names), default=0), width * 2 // 5)
    columns = (
        Column("rank", justify="right", no_wrap=True),
        Column("reference", overflow="fold", ratio=3, min_width=widest),
        Column("mode", no_wrap=True),
        Column("read", justify="right", no_wrap=True),
        Column("keys", justify="right", no_wrap=True),
        Column("verdict", ratio=4),
    )
    rows = [
        (
            str(candidate.rank),
            name,
            f"{candidate.codec} {candidate.width}x{candidate.height}" if candidate.width else candidate.codec,
            f"{100 * candidate.recovered_bytes // max(candidate.tried_bytes, 1)} %",
            f"{candidate.key_frames_decoded}/{candidate.key_frames_tried}" if candidate.key_frames_tried else "-",
            candidate.verdict or "fits",
        )
        for candidate, name in zip(shown, names, strict=True)
    ]
    more = len(candidates) - len(shown)
    return table_text(columns, rows, width) + (
        labelled("", f"and {more} more (-v lists them, --json too)", width) if more else ""
    )


def _short(paths: Sequence[Path]) -> list[str]:
    """Return the names, with the folder in front where two are alike."""
    names = [path.name for path in paths]
    return [path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}" for path in paths]


@contextlib.contextmanager
def showing_candidates(*, json: bool, quiet: bool) -> Iterator[None]:
    """Show how each candidate did where none fits; the error goes on to where errors are told."""
    try:
        yield
    except ReferenceMismatchError as error:
        if error.candidates and not json and not quiet:
            from mediarescue.cli._text import text_width

            write_stdout(candidates_text(error.candidates, text_width()))
        raise
