"""``reencode``: films and photos through the media core with nothing done to them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mediarescue.events import Listener, ignore
from mediarescue.options import ReencodeOptions
from mediarescue.output import default_target
from mediarescue.pipeline.inputs import MediaKind, check_input, media_kind
from mediarescue.pipeline.targets import Job

if TYPE_CHECKING:
    from mediarescue.media_reports import PhotoReport, VideoReport

SUFFIX = "_reencoded"


@dataclass(frozen=True, slots=True)
class Reencoder:
    """Works on one file of a batch; see `mediarescue.pipeline.batch`."""

    options: ReencodeOptions

    def __call__(self, job: Job, listener: Listener) -> VideoReport | PhotoReport:
        """Write the job's target, and report."""
        options = self.options
        if job.kind is MediaKind.PHOTO:
            from mediarescue.photo_api import process_photo

            return process_photo(
                job.source, job.target, overwrite=options.overwrite, dry_run=options.dry_run, listener=listener
            )
        # Brings PyAV and numpy with it, which the process that hands out the work need not have.
        from mediarescue.video_api import process_video

        return process_video(
            job.source,
            job.target,
            encode=options.encode,
            resume=options.resume,
            overwrite=options.overwrite,
            dry_run=options.dry_run,
            listener=listener,
        )


def reencode(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    options: ReencodeOptions | None = None,
    listener: Listener = ignore,
) -> VideoReport | PhotoReport:
    """Encode the pictures of a film again and leave all else as it is; of a photo copy the file.

    Parameters
    ----------
    source : path-like
        A film or a photo.
    output : path-like, optional
        Default: ``NAME_reencoded.EXT`` beside the source.
    options : ReencodeOptions, optional
    listener : callable
        Told of progress.

    Returns
    -------
    VideoReport or PhotoReport

    Raises
    ------
    UsageError, InputError, OutputError, MissingDependencyError, VerificationError
        As `mediarescue.errors` describes them; nothing is left half-written, and the source is never written to.
    """
    path = Path(source)
    target = default_target(path, SUFFIX) if output is None else Path(output)
    job = Job(path, target, media_kind(path), check_input(path))
    return Reencoder(options or ReencodeOptions())(job, listener)
