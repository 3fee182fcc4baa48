"""``frames``: a film as pictures for another program, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mediarescue.events import Listener, ignore
from mediarescue.options import FramesExportOptions, FramesImportOptions
from mediarescue.output import default_target
from mediarescue.pipeline.frames_export import ExportJob, run_export
from mediarescue.pipeline.frames_import import ImportJob, run_import

if TYPE_CHECKING:
    from mediarescue.frames_reports import FramesReport
    from mediarescue.media_reports import VideoReport

SUFFIX = "_edited"


def export_frames(
    clip: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    options: FramesExportOptions | None = None,
    listener: Listener = ignore,
) -> FramesReport:
    """Write the frames of a film as pictures, with a list of their times (``frames.json``).

    Parameters
    ----------
    clip : path-like
        A film.
    folder : path-like
        New or empty; there whole or not at all.
    options : FramesExportOptions, optional
    listener : callable
        Told of progress.

    Returns
    -------
    FramesReport

    Raises
    ------
    UsageError, InputError, OutputError
        As `mediarescue.errors` describes them; UsageError also where no frame lies in the part asked for.
    """
    return run_export(ExportJob(Path(clip), Path(folder), options or FramesExportOptions()), listener=listener)


def import_frames(
    folder: str | os.PathLike[str],
    like: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    options: FramesImportOptions | None = None,
    listener: Listener = ignore,
) -> VideoReport:
    """Write a film anew with what another program changed in its exported pictures.

    Frames and pixels without a change go into the encoder as they were decoded (lossless encoding keeps them exactly);
    times, sound and all else stay as they were.

    Parameters
    ----------
    folder : path-like
        Of the pictures.
    like : path-like
        The film that they were exported from.
    output : path-like, optional
        Default: ``NAME_edited.EXT`` beside the film.
    options : FramesImportOptions, optional
    listener : callable
        Told of progress.

    Returns
    -------
    VideoReport

    Raises
    ------
    UsageError, InputError, OutputError, MissingDependencyError, VerificationError
        As `mediarescue.errors` describes them; nothing is left half-written, and the film is never written to.
    """
    target = default_target(Path(like), SUFFIX) if output is None else Path(output)
    job = ImportJob(Path(folder), Path(like), target, options or FramesImportOptions())
    return run_import(job, listener=listener)
