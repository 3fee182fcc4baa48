"""Arguments and options that the commands share, and where the output goes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mediarescue.errors import UsageError
from mediarescue.folders import made_folder
from mediarescue.output import default_target

_OUTPUT = "Output"
_DISPLAY = "Display"
_ENCODING = "Encoding of films"


class ProgressMode(StrEnum):
    """How progress is shown on stderr."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", rich_help_panel=_OUTPUT, help="Write to this file."),
]
OutDir = Annotated[
    Path | None,
    typer.Option(
        "--out-dir",
        metavar="DIR",
        rich_help_panel=_OUTPUT,
        help="Write to this folder (made where missing) under the input's name.",
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", rich_help_panel=_OUTPUT, help="Replace an output that exists. Never an input."),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", rich_help_panel=_OUTPUT, help="Do everything but write; say what would be written."),
]
Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="INPUT...", show_default=False, readable=False, help="Films, photos, folders of them."),
]
OutDirs = Annotated[
    Path | None,
    typer.Option(
        "--out-dir",
        metavar="DIR",
        rich_help_panel=_OUTPUT,
        help="Write to this folder (made where missing): the same names, below the same folders.",
    ),
]
SkipExisting = Annotated[
    bool,
    typer.Option("--skip-existing", rich_help_panel=_OUTPUT, help="Leave out files whose output exists."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        rich_help_panel=_OUTPUT,
        help="Go on where an interrupted run stopped in a film; if this one is, keep what is done.",
    ),
]
DryRunOfFiles = Annotated[
    bool,
    typer.Option("--dry-run", rich_help_panel=_OUTPUT, help="Say what would be done with each file; write nothing."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        min=1,
        show_default=False,
        help="Files at a time; else one film (it uses all cores), or a photo for each core.",
    ),
]
Crf = Annotated[
    float | None,
    typer.Option(
        "--crf",
        metavar="N",
        show_default=False,
        rich_help_panel=_ENCODING,
        help="Constant quality on the encoder's scale, smaller is finer; else as fine as the source.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        show_default=False,
        rich_help_panel=_ENCODING,
        help="The encoder's balance of speed and size (fast, medium, slow).",
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME",
        show_default=False,
        rich_help_panel=_ENCODING,
        help="An encoder of FFmpeg (libx265, h264_nvenc); else one of the source's codec.",
    ),
]
Lossless = Annotated[
    bool,
    typer.Option("--lossless", rich_help_panel=_ENCODING, help="Keep every sample of every picture; files get large."),
]
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE.json", rich_help_panel=_OUTPUT, help="Write the result as JSON there too."),
]
Json = Annotated[
    bool,
    typer.Option("--json", rich_help_panel=_DISPLAY, help="Print the result as one JSON document."),
]
Quiet = Annotated[
    bool,
    typer.Option("-q", "--quiet", rich_help_panel=_DISPLAY, help="Print only errors (and what --json asks for)."),
]
Verbose = Annotated[
    bool,
    typer.Option("-v", "--verbose", rich_help_panel=_DISPLAY, help="Show every gap, and where an error came from."),
]
BatchVerbose = Annotated[
    bool,
    typer.Option("-v", "--verbose", rich_help_panel=_DISPLAY, help="Show every note, and where an error came from."),
]
Progress = Annotated[
    ProgressMode,
    typer.Option("--progress", rich_help_panel=_DISPLAY, help="How to show progress on stderr."),
]


@contextlib.contextmanager
def chosen_target(source: Path, output: Path | None, out_dir: Path | None, *, suffix: str) -> Iterator[Path]:
    """Yield the output that ``-o`` or ``--out-dir`` asks for, else ``NAME<suffix>.EXT`` beside the input.

    Raises UsageError where both are given, and what `made_folder` raises.
    """
    if output is not None and out_dir is not None:
        raise UsageError("-o and --out-dir contradict each other; give one of them")
    if out_dir is None:
        yield default_target(source, suffix) if output is None else output
        return
    with made_folder(out_dir):
        yield out_dir / source.name
