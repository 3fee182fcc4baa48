"""The ``extract`` command: the tracks of a file as elementary streams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mediarescue.cli import _options
from mediarescue.cli._candidates import one_or_all, showing_candidates
from mediarescue.cli._exit import as_text, write_stdout
from mediarescue.cli._options import ProgressMode
from mediarescue.cli._progress import renderer
from mediarescue.cli._text import duration, labelled, table_text, text_width
from mediarescue.folders import made_folder
from mediarescue.output import readable_size
from mediarescue.reports import ExtractReport, as_json

COMMAND = "extract"
HELP = """Write each track of an MP4 or MOV file as a stream of its own.

The last resort where no player takes the rescued film: Annex B .h264 and .h265, .aac, .wav, .mp3 and the like; \
what has no form of its own as raw samples (.bin) with a table of them (.csv). FILE may be healthy, cut, or broken: \
without an index of its own it needs --ref GOOD, a healthy recording of the same camera."""
EPILOG = "Exit codes: 0 ok, 10 ok with reservations (parts are missing), others as for untrunc."

File = Annotated[
    Path, typer.Argument(metavar="FILE", show_default=False, readable=False, help="The file to take apart.")
]
Reference = Annotated[
    list[Path] | None,
    typer.Option(
        "--ref", metavar="GOOD", readable=False, help="A healthy file of the same camera and mode, a profile, a folder."
    ),
]
OutDir = Annotated[Path, typer.Option("--out-dir", metavar="DIR", help="Write to this folder (made where missing).")]


def extract_command(
    file: File,
    out_dir: OutDir,
    reference: Reference = None,
    overwrite: _options.Overwrite = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = False,
    progress: _options.Progress = ProgressMode.AUTO,
) -> int:
    """Write the streams and list them; returns the report's exit code."""
    with made_folder(out_dir):
        with showing_candidates(json=json, quiet=quiet), renderer(progress, quiet=quiet) as listener:
            # brings numpy and construct with it, which --help must not wait for
            from mediarescue.streams import extract

            report = extract(
                file, out_dir=out_dir, reference=one_or_all(reference), overwrite=overwrite, listener=listener
            )
        if json:
            write_stdout(as_text(as_json(report, command=COMMAND)))
        elif not quiet:
            write_stdout(extract_text(report))
    return report.exit_code


def extract_text(report: ExtractReport) -> str:
    """Return the result as text for stdout."""
    from rich.table import Column

    width = text_width()
    columns = (
        Column("track", justify="right", no_wrap=True),
        Column("kind"),
        Column("codec", no_wrap=True),
        Column("samples", justify="right", no_wrap=True),
        Column("duration", justify="right", no_wrap=True),
        Column("bytes", justify="right", no_wrap=True),
    )
    rows = [
        (
            str(stream.track_id),
            stream.kind,
            stream.codec,
            str(stream.samples),
            duration(stream.duration_seconds),
            readable_size(stream.bytes),
        )
        for stream in report.streams
    ]
    parts = [table_text(columns, rows, width)]
    for stream in report.streams:
        if stream.note:
            parts.append(labelled("raw", f"track {stream.track_id}: {stream.note}", width))
    for place, stream in enumerate(report.streams):
        beside = f" ({Path(stream.table).name} lists its samples)" if stream.table else ""
        parts.append(labelled("" if place else "output", f"{stream.path}{beside}", width))
    parts += [labelled("but", reservation, width) for reservation in report.reservations]
    return "".join(parts)
