"""The ``untrunc`` command: arguments to the API, its report to a table or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mediarescue.cli import _options
from mediarescue.cli._candidates import one_or_all, showing_candidates
from mediarescue.cli._exit import as_text, noticing_what_is_written, write_stdout
from mediarescue.cli._options import ProgressMode, chosen_target
from mediarescue.cli._progress import renderer
from mediarescue.errors import OutputError, UsageError
from mediarescue.events import Artifact
from mediarescue.options import CheckMode, GapMode, UntruncOptions
from mediarescue.output import check_target, film_name, is_same_place, write_text_atomic
from mediarescue.reports import UntruncReport, as_json

COMMAND = "untrunc"
HELP = """Rebuild an MP4 or MOV file that was never finished.

BROKEN is a recording whose index (the moov box) is missing; GOOD is a healthy recording of the same camera \
in the same mode. A fragmented recording that was cut needs no GOOD while its beginning is there. The result \
plays from the first to the last recorded sample."""
EPILOG = (
    "Exit codes: 0 ok, 10 ok with reservations (gaps, estimated times), 9 the file is healthy, 2 usage, 3 input, "
    "4 reference does not fit, 5 nothing recoverable, 6 output, 7 check failed, 1 bug, 130/143 interrupted."
)

_DEFAULTS = UntruncOptions()
_SUFFIX = "_rescued"

Broken = Annotated[
    list[Path],
    typer.Argument(
        metavar="BROKEN...",
        show_default=False,
        readable=False,
        help="The file to rescue; several are pieces of one recording, in order.",
    ),
]
Reference = Annotated[
    list[Path] | None,
    typer.Option(
        "--ref",
        metavar="GOOD",
        show_default=False,
        readable=False,
        help="A healthy file of the same camera and mode, or a saved profile of one; of several, or of a folder's "
        "films, the best is taken.",
    ),
]
KeepFragments = Annotated[
    bool,
    typer.Option("--keep-fragments", help="Leave a fragmented file fragmented: its whole fragments as they are."),
]

Gaps = Annotated[
    GapMode,
    typer.Option("--gaps", help="What becomes of the time that damage took: keep it as a pause, or close the film up."),
]

Faststart = Annotated[
    bool,
    typer.Option("--faststart", help="Put the index in front of the media, for playing while it loads."),
]

Check = Annotated[
    CheckMode,
    typer.Option(
        "--check", help="Decode frames of the result before it gets its name: some in every part, all, or none."
    ),
]
MapFile = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE", help="Write what each byte of BROKEN is to this file, as text."),
]
MapPicture = Annotated[
    Path | None,
    typer.Option("--map-picture", metavar="FILE.svg", help="Draw what each byte of BROKEN is, and where gaps are."),
]


IgnoreMoov = Annotated[
    bool,
    typer.Option("--ignore-moov", help="Take BROKEN for a file without an index, though it has one."),
]


def untrunc_command(
    broken: Broken,
    reference: Reference = None,
    keep_fragments: KeepFragments = _DEFAULTS.keep_fragments,
    faststart: Faststart = _DEFAULTS.faststart,
    gaps: Gaps = _DEFAULTS.gaps,
    ignore_moov: IgnoreMoov = _DEFAULTS.ignore_moov,
    check: Check = _DEFAULTS.check,
    map_file: MapFile = _DEFAULTS.map_file,
    map_picture: MapPicture = _DEFAULTS.map_picture,
    output: _options.Output = None,
    out_dir: _options.OutDir = None,
    overwrite: _options.Overwrite = _DEFAULTS.overwrite,
    dry_run: _options.DryRun = _DEFAULTS.dry_run,
    report_file: _options.Report = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = False,
    progress: _options.Progress = ProgressMode.AUTO,
) -> int:
    """Run the rescue and show its result; returns the report's exit code."""
    options = UntruncOptions(
        overwrite=overwrite,
        dry_run=dry_run,
        keep_fragments=keep_fragments,
        faststart=faststart,
        gaps=gaps,
        ignore_moov=ignore_moov,
        check=check,
        map_file=map_file,
        map_picture=map_picture,
    )
    inputs = [*broken, *(reference or ())]
    with chosen_target(film_name(broken[0]), output, out_dir, suffix=_SUFFIX) as target:
        written = [target]
        if report_file is not None:
            _refuse_one_name_for_two(report_file, target, map_file, map_picture)
            check_target(report_file, inputs=inputs, overwrite=overwrite)
            written.append(report_file)
        with noticing_what_is_written(*written):
            with showing_candidates(json=json, quiet=quiet), renderer(progress, quiet=quiet) as listener:
                # The API brings numba, numpy and construct with it, which --help must not wait for.
                from mediarescue import api

                report = api.untrunc(
                    broken[0] if len(broken) == 1 else broken,
                    reference=one_or_all(reference),
                    output=target,
                    options=options,
                    listener=listener,
                )
                if report_file is not None:
                    _write_report(report_file, report, overwrite=overwrite)
                    listener(Artifact(str(report_file), "report"))
            if json:
                write_stdout(as_text(as_json(report, command=COMMAND)))
            elif not quiet:
                from mediarescue.cli._table import untrunc_text

                write_stdout(untrunc_text(report, every_gap=verbose, already_said=listener.warned))
    return report.exit_code


def _write_report(path: Path, report: UntruncReport, *, overwrite: bool) -> None:
    try:
        # Asked again: whether two new names are one file, only the file system knows (it may ignore case).
        if report.output is not None and is_same_place(path, Path(report.output)):
            raise OutputError(f"cannot write the report {path}: it is the rescued file itself")
        write_text_atomic(path, as_text(as_json(report, command=COMMAND)), overwrite=overwrite)
    except OutputError as error:
        if report.output is None or report.dry_run:
            raise
        raise OutputError(
            f"{error} (the rescued file {report.output} is complete, only the report is missing)"
        ) from error


def _refuse_one_name_for_two(report_file: Path, target: Path, *maps: Path | None) -> None:
    if is_same_place(report_file, target):
        raise UsageError(f"{report_file} is named for the report, and is the output {target} too; give two names")
    if any(path is not None and is_same_place(report_file, path) for path in maps):
        raise UsageError(f"{report_file} is named for the report, and for the map too; give two names")
