"""The ``inspect`` command: what a file holds, what is wrong with it, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mediarescue.cli import _options
from mediarescue.cli._exit import PROGRAM, as_text, printable, write_stderr, write_stdout
from mediarescue.errors import MediaRescueError, worst
from mediarescue.inspection import InspectReport, report_document
from mediarescue.reports import SCHEMA_VERSION

COMMAND = "inspect"
HELP = """Say what is in a file and what is wrong with it.

Boxes, tracks, how their chunks lie, the problems found, and a verdict in one sentence, with the command that \
helps where one does. Files of any size are quick: only headers and the index are read."""
EPILOG = (
    "Exit codes: 0 healthy, 10 something is wrong with it, 5 nothing to rescue in it (empty, zeros), 3 no MP4 or MOV "
    "file, or not readable; of several files the worst."
)

_SHOWN_DEPTH = 2

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", show_default=False, readable=False, help="The files to look at.")
]
Depth = Annotated[int, typer.Option("--depth", metavar="N", min=1, help="Levels of boxes to show.")]
All = Annotated[bool, typer.Option("--all", help="Show every box: all levels, no rows folded.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", rich_help_panel="Display", help="Show where an error came from.")
]


def inspect_command(
    files: Files,
    depth: Depth = _SHOWN_DEPTH,
    every_box: All = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Show the reports of all files; returns the worst exit code."""
    # The API brings numpy and construct with it, which --help must not wait for.
    from mediarescue import api

    documents: list[dict[str, Any]] = []
    codes: list[int] = []
    for path in files:
        try:
            report = api.inspect(path, every_box=every_box)
        except MediaRescueError as error:
            if len(files) == 1:
                raise
            codes.append(error.exit_code)
            documents.append(_failed(path, error))
            write_stderr(f"{PROGRAM}: {printable(str(error))}\n")
            continue
        codes.append(report.exit_code)
        documents.append(report_document(report))
        if not json and not quiet:
            _show(report, depth=None if every_box else depth, is_first=len(codes) == 1)
    code = worst(codes)
    if json:
        document = {"schema_version": SCHEMA_VERSION, "command": COMMAND, "exit_code": code, "files": documents}
        write_stdout(as_text(document))
    return code


def _failed(path: Path, error: MediaRescueError) -> dict[str, Any]:
    return {
        "path": str(path),
        "exit_code": error.exit_code,
        "error": {"type": type(error).__name__, "message": str(error)},
    }


def _show(report: InspectReport, *, depth: int | None, is_first: bool) -> None:
    from mediarescue.cli._inspection import inspection_text

    write_stdout(("" if is_first else "\n") + inspection_text(report, depth=depth))
