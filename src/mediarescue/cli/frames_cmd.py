"""The ``frames`` commands: a film as pictures for another program, and back."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mediarescue.cli import _options
from mediarescue.cli._exit import as_text, noticing_what_is_written, write_stdout
from mediarescue.cli._options import ProgressMode
from mediarescue.cli._progress import renderer
from mediarescue.cli._text import labelled, text_width
from mediarescue.errors import UsageError
from mediarescue.folders import made_folder
from mediarescue.options import (
    EncodeOptions,
    FramesExportOptions,
    FramesImportOptions,
    MissingPictures,
    PictureFormat,
)
from mediarescue.output import default_target, readable_size
from mediarescue.reports import SCHEMA_VERSION

if TYPE_CHECKING:
    from mediarescue.frames_reports import FramesReport
    from mediarescue.media_reports import VideoReport

COMMAND = "frames"
HELP = """The frames of a film as pictures for another program, and back.

Export them, work on the pictures in GIMP, Photoshop, G'MIC or a neural network, and import them: times, sound and all \
else stay as in the original. The film is encoded again; what was not changed comes out exactly only with --lossless."""
EXPORT_HELP = """Write the frames of CLIP as pictures into the new folder DIR, with a list of their times (frames.json).

\b
mediarescue frames export clip.mp4 pictures/
mediarescue frames export clip.mov pictures/ --start 1:05 --end 1:20
mediarescue frames export clip.mp4 pictures/ --format tiff --depth 16"""
IMPORT_HELP = """Write CLIP anew with what was changed in the pictures of DIR.

\b
mediarescue frames import pictures/ --like clip.mp4 -o clean.mp4
mediarescue frames import denoised/ --like clip.mp4 --times pictures/frames.json

The result is CLIP_edited.EXT beside CLIP, or -o FILE."""
EXPORT_EPILOG = "Exit codes: 0 ok, 10 ok with reservations, 2 usage, 3 input, 6 output, 1 bug, 130/143 interrupted."
IMPORT_EPILOG = (
    "Exit codes: 0 ok, 10 ok with reservations, 2 usage, 3 input, 6 output, 7 check failed, 8 no such encoder, 1 bug, "
    "130/143 interrupted."
)
_PICTURES = "Pictures"
_PART = "Part of the film"
_EXPORT = FramesExportOptions()
_IMPORT = FramesImportOptions()
_ENCODE = EncodeOptions()

Clip = Annotated[Path, typer.Argument(metavar="CLIP", show_default=False, readable=False, help="A film; only read.")]
NewFolder = Annotated[
    Path, typer.Argument(metavar="DIR", show_default=False, readable=False, help="A new or empty folder.")
]
Folder = Annotated[
    Path, typer.Argument(metavar="DIR", show_default=False, readable=False, help="The pictures' folder.")
]
Format = Annotated[PictureFormat, typer.Option("--format", rich_help_panel=_PICTURES, help="What to write.")]
Depth = Annotated[
    int | None,
    typer.Option(
        "--depth",
        metavar="8|16",
        show_default=False,
        rich_help_panel=_PICTURES,
        help="Bits of a channel; else 8 for films of 8 bits, 16 for deeper ones.",
    ),
]
Quality = Annotated[
    int, typer.Option("--quality", metavar="N", min=1, max=100, rich_help_panel=_PICTURES, help="Of JPEG, 1 to 100.")
]
Compression = Annotated[
    int,
    typer.Option(
        "--compression",
        metavar="N",
        min=0,
        max=9,
        rich_help_panel=_PICTURES,
        help="Of PNG, 0 (none, fast) to 9 (small, slow); of TIFF 0 for none.",
    ),
]
Planes = Annotated[
    bool,
    typer.Option(
        "--planes", rich_help_panel=_PICTURES, help="A grey picture for each of Y, Cb and Cr, exact to the last bit."
    ),
]
AsStored = Annotated[
    bool, typer.Option("--as-stored", rich_help_panel=_PICTURES, help="Do not turn the pictures upright.")
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start", metavar="TIME", show_default=False, rich_help_panel=_PART, help="From this time on (1:05.5, 65.5)."
    ),
]
End = Annotated[
    str | None,
    typer.Option("--end", metavar="TIME", show_default=False, rich_help_panel=_PART, help="Up to this time."),
]
Numbers = Annotated[
    str | None,
    typer.Option(
        "--frames",
        metavar="A-B",
        show_default=False,
        rich_help_panel=_PART,
        help="Only these frames, from 1 (100-250, 100-, -250, 17).",
    ),
]
Every = Annotated[
    int, typer.Option("--every", metavar="N", min=1, rich_help_panel=_PART, help="Only every so many frames.")
]
Like = Annotated[
    Path, typer.Option("--like", metavar="CLIP", readable=False, help="The film that the pictures are of; only read.")
]
Times = Annotated[
    Path | None,
    typer.Option(
        "--times",
        metavar="FILE",
        show_default=False,
        readable=False,
        help="The export's frames.json, where it is not in DIR.",
    ),
]
Missing = Annotated[
    MissingPictures, typer.Option("--missing", help="What a missing picture is: an error, or its original frame.")
]
Tolerance = Annotated[
    int,
    typer.Option(
        "--tolerance",
        metavar="N",
        min=0,
        max=254,
        help="Take pixels for unchanged that differ by up to N levels of 255 (JPEG saved again: 8 to 16).",
    ),
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", rich_help_panel="Display", help="Show where an error came from.")
]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("export", help=EXPORT_HELP, epilog=EXPORT_EPILOG)
def export_command(
    clip: Clip,
    folder: NewFolder,
    format: Format = _EXPORT.format,
    depth: Depth = _EXPORT.depth,
    quality: Quality = _EXPORT.quality,
    compression: Compression = _EXPORT.compression,
    planes: Planes = _EXPORT.planes,
    as_stored: AsStored = _EXPORT.as_stored,
    start: Start = None,
    end: End = None,
    numbers: Numbers = None,
    every: Every = _EXPORT.every,
    overwrite: _options.Overwrite = _EXPORT.overwrite,
    dry_run: _options.DryRun = _EXPORT.dry_run,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: Verbose = False,
    progress: _options.Progress = ProgressMode.AUTO,
) -> int:
    """Export and say what was written; returns the report's exit code."""
    first, last = _numbers(numbers)
    options = FramesExportOptions(
        format=format,
        depth=depth,
        quality=quality,
        compression=compression,
        start=_seconds(start),
        end=_seconds(end),
        first=first,
        last=last,
        every=every,
        planes=planes,
        as_stored=as_stored,
        overwrite=overwrite,
        dry_run=dry_run,
    )
    # brings numpy and PyAV with it, which --help must not wait for
    from mediarescue.frames_api import export_frames

    with (
        made_folder(folder.absolute().parent),
        noticing_what_is_written(folder),
        renderer(progress, quiet=quiet) as listener,
    ):
        report = export_frames(clip, folder, options=options, listener=listener)
    _show(report, export_text(report), "frames export", json=json, quiet=quiet)
    return report.exit_code


@app.command("import", help=IMPORT_HELP, epilog=IMPORT_EPILOG, options_metavar="--like CLIP [OPTIONS]")
def import_command(
    folder: Folder,
    like: Like,
    times: Times = _IMPORT.times,
    missing: Missing = _IMPORT.missing,
    tolerance: Tolerance = _IMPORT.tolerance,
    output: _options.Output = None,
    overwrite: _options.Overwrite = _IMPORT.overwrite,
    dry_run: _options.DryRun = _IMPORT.dry_run,
    resume: _options.Resume = _IMPORT.resume,
    crf: _options.Crf = _ENCODE.crf,
    preset: _options.Preset = _ENCODE.preset,
    encoder: _options.Encoder = _ENCODE.encoder,
    lossless: _options.Lossless = _ENCODE.lossless,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: Verbose = False,
    progress: _options.Progress = ProgressMode.AUTO,
) -> int:
    """Import and say what became of the film; returns the report's exit code."""
    options = FramesImportOptions(
        encode=EncodeOptions(crf=crf, preset=preset, encoder=encoder, lossless=lossless),
        times=times,
        missing=missing,
        tolerance=tolerance,
        overwrite=overwrite,
        dry_run=dry_run,
        resume=resume,
    )
    # brings numpy and PyAV with it, which --help must not wait for
    from mediarescue.frames_api import SUFFIX, import_frames

    target = default_target(like, SUFFIX) if output is None else output
    with noticing_what_is_written(target), renderer(progress, quiet=quiet) as listener:
        report = import_frames(folder, like, target, options=options, listener=listener)
    _show(report, import_text(report), "frames import", json=json, quiet=quiet)
    return report.exit_code


def export_text(report: FramesReport) -> str:
    """Return what an export did as text for stdout."""
    width = text_width()
    kind = f"{report.width}x{report.height}, {report.format.upper()}, {report.bit_depth} bits"
    planes = f" in {report.files} files, one a plane" if report.planes else ""
    which = f"numbers {report.first} to {report.last}" if report.frames > 1 else f"number {report.first}"
    about = "about " if report.dry_run else ""
    parts = [
        labelled("frames", f"{about}{report.frames}, {which}{planes}", width),
        labelled("pictures", f"{kind}, {about}{readable_size(report.output_bytes)}", width),
    ]
    parts += [labelled("note", note, width) for note in report.notes]
    parts += [labelled("but", warning, width) for warning in report.warnings]
    parts.append(labelled("output", report.output or "nothing was written (--dry-run)", width))
    return "".join(parts)


def import_text(report: VideoReport) -> str:
    """Return what an import did as text for stdout."""
    width = text_width()
    done = report.summary
    if report.dry_run:
        done = f"would be encoded with {report.encoder}" if report.changed else "would be copied as it is"
    parts = [labelled("film", done, width)]
    parts += [labelled("note", note, width) for note in report.notes]
    parts += [labelled("lost", what, width) for what in report.lost]
    parts += [labelled("but", warning, width) for warning in report.warnings]
    where = f"{report.output} ({readable_size(report.output_bytes)})" if report.output else None
    parts.append(labelled("output", where or "nothing was written (--dry-run)", width))
    return "".join(parts)


def _show(report: FramesReport | VideoReport, text: str, command: str, *, json: bool, quiet: bool) -> None:
    if json:
        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "exit_code": report.exit_code,
            "reservations": list(report.reservations),
            **asdict(report),
        }
        write_stdout(as_text(document))
    elif not quiet:
        write_stdout(text)


def _seconds(text: str | None) -> float | None:
    """Read ``65.5``, ``1:05.5`` or ``0:01:05.5``; raises UsageError for anything else."""
    if text is None:
        return None
    match = re.fullmatch(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)", text.strip())
    if match is None:
        raise UsageError(f"{text} is no time; write 65.5 or 1:05.5")
    hours, minutes, seconds = match.groups()
    return 3600.0 * int(hours or 0) + 60.0 * int(minutes or 0) + float(seconds)


def _numbers(text: str | None) -> tuple[int | None, int | None]:
    """Read ``100-250``, ``100-``, ``-250`` or ``17``; raises UsageError for anything else."""
    if text is None:
        return None, None
    match = re.fullmatch(r"(\d*)(-?)(\d*)", text.strip())
    if match is None or not (match.group(1) or match.group(3)):
        raise UsageError(f"{text} are no numbers of frames; write 100-250, 100-, -250 or 17")
    first, dash, last = match.groups()
    low, high = int(first) if first else None, int(last) if last else None
    if low == 0 or high == 0:
        raise UsageError("frames are numbered from 1")
    return low, (high if dash else low)
