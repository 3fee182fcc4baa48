"""The ``profile`` commands: save, show and test what a rescue needs of a healthy film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mediarescue.cli import _options
from mediarescue.cli._exit import as_text, write_stdout
from mediarescue.cli._options import ProgressMode
from mediarescue.cli._progress import renderer
from mediarescue.output import readable_size
from mediarescue.reference_reports import ProfileReport, ProfileTestReport, reference_document

COMMAND = "profile"
HELP = """Camera profiles: what a rescue needs of a healthy film.

Save one while you have a film that plays, and use it as --ref later; test what a rescue by a film would reach."""
SAVE_HELP = """Save what a rescue needs of GOOD, without the film, as a small JSON file.

`mediarescue untrunc BROKEN --ref camera.json` then gives the same as with the film. Place, title and dates are left \
out, and pictures are blanked."""
SHOW_HELP = "Say what camera and mode a saved profile is of."
TEST_HELP = """Break GOOD in memory and rescue it by itself: what would a rescue with it reach?

Without index, cut, with a hole, without its beginning; nothing is written. Of a large film a part is tried."""
EPILOG = "Exit codes: 0 ok, 10 something would be lost, others as for untrunc."

Good = Annotated[
    Path, typer.Argument(metavar="GOOD", show_default=False, readable=False, help="A film that plays; only read.")
]
Saved = Annotated[
    Path, typer.Argument(metavar="FILE.json", show_default=False, readable=False, help="A saved camera profile.")
]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE.json", help="The profile to write.")]
WithPictures = Annotated[
    bool,
    typer.Option(
        "--with-pictures", help="Keep pictures where the codec cannot be learned without (MPEG-4 Visual, H.263)."
    ),
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", rich_help_panel="Display", help="Show where an error came from.")
]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("save", help=SAVE_HELP, options_metavar="-o FILE.json [OPTIONS]")
def save_command(
    good: Good,
    output: Output,
    with_pictures: WithPictures = False,
    overwrite: _options.Overwrite = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: Verbose = False,
    progress: _options.Progress = ProgressMode.AUTO,
) -> int:
    """Write the profile and say what is in it."""
    with renderer(progress, quiet=quiet) as listener:
        # brings numpy and construct with it, which --help must not wait for
        from mediarescue.profiles import save_profile

        report = save_profile(good, output, pictures=with_pictures, overwrite=overwrite, listener=listener)
    return _told(report, "profile save", json=json, quiet=quiet)


@app.command("show", help=SHOW_HELP)
def show_command(
    profile: Saved, json: _options.Json = False, quiet: _options.Quiet = False, verbose: Verbose = False
) -> int:
    """Say what a profile is of."""
    from mediarescue.profiles import show_profile

    return _told(show_profile(profile), "profile show", json=json, quiet=quiet)


@app.command("test", help=TEST_HELP, epilog=EPILOG)
def try_command(
    good: Good,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: Verbose = False,
    progress: _options.Progress = ProgressMode.AUTO,
) -> int:
    """Break the film in memory, rescue it by itself, and show what came back."""
    with renderer(progress, quiet=quiet) as listener:
        from mediarescue.rehearsal import try_reference

        report = try_reference(good, listener=listener)
    if json:
        write_stdout(as_text(reference_document(report, command="profile test")))
    elif not quiet:
        write_stdout(trials_text(report))
    return report.exit_code


def _told(report: ProfileReport, command: str, *, json: bool, quiet: bool) -> int:
    if json:
        write_stdout(as_text(reference_document(report, command=command)))
    elif not quiet:
        write_stdout(profile_text(report))
    return report.exit_code


def profile_text(report: ProfileReport) -> str:
    """Return what a profile is of, for people."""
    from rich.table import Column

    from mediarescue.cli._text import labelled, table_text, text_width

    width = text_width()
    columns = (
        Column("track", justify="right", no_wrap=True),
        Column("kind"),
        Column("codec", no_wrap=True),
        Column("mode"),
        Column("samples", justify="right", no_wrap=True),
    )
    rows = []
    for track in report.tracks:
        mode = f"{track.width}x{track.height}" if track.width else f"{track.sample_rate} Hz" * bool(track.sample_rate)
        rate = f", {track.frames_per_second:g} frames/s" if track.frames_per_second else ""
        rows.append((str(track.track_id), track.kind, track.codec, mode + rate, str(track.samples)))
    camera = " ".join((report.camera or {}).get(word, "") for word in ("make", "model")).strip()
    parts = [table_text(columns, rows, width)]
    parts.append(labelled("camera", camera or "not named in the film", width))
    parts.append(labelled("of", f"a film of {readable_size(report.film_bytes)}", width))
    if report.holds_pictures:
        parts.append(labelled("warning", "it holds pictures of the film, which can be viewed", width))
    parts.append(labelled("profile", f"{report.path} ({readable_size(report.bytes)})", width))
    return "".join(parts)


def trials_text(report: ProfileTestReport) -> str:
    """Return what came back of each damage, for people."""
    from rich.table import Column

    from mediarescue.cli._text import labelled, table_text, text_width

    width = text_width()
    columns = (
        Column("damage"),
        Column("track", justify="right", no_wrap=True),
        Column("codec", no_wrap=True),
        Column("samples", justify="right", no_wrap=True),
        Column("found", justify="right", no_wrap=True),
        Column("missed", justify="right", no_wrap=True),
        Column("wrong", justify="right", no_wrap=True),
        Column("times off", justify="right", no_wrap=True),
    )
    rows = [
        (
            "" if place else trial.damage,
            str(track.track_id),
            track.codec,
            *(str(count) for count in (track.samples, track.found, track.missed, track.wrong)),
            f"{track.time_error_seconds:.3f} s",
        )
        for trial in report.trials
        for place, track in enumerate(trial.tracks)
    ]
    parts = [table_text(columns, rows, width)]
    tested, whole = readable_size(report.tested_bytes), readable_size(report.media_bytes)
    parts.append(labelled("tried", f"{tested} of {whole} media data, rescued by the film itself", width))
    parts += [labelled("but", reservation, width) for reservation in report.reservations]
    if not report.reservations:
        parts.append(labelled("result", "all samples come back at their times", width))
    return "".join(parts)
