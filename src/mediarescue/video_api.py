"""The Python way to films: open one, look at its frames, write it anew through a filter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mediarescue.events import Listener, ignore
from mediarescue.media.info import VideoInfo
from mediarescue.media.planes import FramePlanes
from mediarescue.media.reader import VideoReader
from mediarescue.media_reports import VideoReport
from mediarescue.options import EncodeOptions
from mediarescue.pipeline.filter import FrameFilter, PlaneFunction, as_filter
from mediarescue.pipeline.video import VideoJob, run_video

if TYPE_CHECKING:
    from types import TracebackType


class Video:
    """A film open for reading, as `open_video` gives it; a context manager.

    Attributes
    ----------
    info : VideoInfo
        Size, codec, depth, rate, colour tags and more.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._reader = VideoReader(path)

    def __enter__(self) -> Video:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def info(self) -> VideoInfo:
        """What the film says of its pictures."""
        return self._reader.info

    def close(self) -> None:
        """Release the file; a film that is closed cannot be read any more."""
        self._reader.close()

    def frames(self, *, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[FramePlanes]:
        """Decode, and give the frames ``start``, ``start + step``, ... below ``stop``, in the order of presentation.

        Each call decodes from the beginning.

        Raises
        ------
        InputError
            Nothing decodes, or the file cannot be read any further.
        """
        return self._reader.frames(start=start, stop=stop, step=step)

    def write(
        self,
        output: str | os.PathLike[str],
        filter: FrameFilter | PlaneFunction | None = None,
        *,
        encode: EncodeOptions | None = None,
        resume: bool = False,
        overwrite: bool = False,
        listener: Listener = ignore,
    ) -> VideoReport:
        """Write the film anew through a filter; see `process_video`."""
        return process_video(
            self.info.path, output, filter=filter, encode=encode, resume=resume, overwrite=overwrite, listener=listener
        )


def open_video(path: str | os.PathLike[str]) -> Video:
    """Open a film for reading.

    Raises
    ------
    InputError
        No such file, no permission, not a film, or one without pictures that can be decoded.
    """
    return Video(path)


def process_video(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    filter: FrameFilter | PlaneFunction | None = None,
    encode: EncodeOptions | None = None,
    resume: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
    listener: Listener = ignore,
) -> VideoReport:
    """Decode a film, put each frame through a filter, encode it, and leave everything else as it was.

    Parameters
    ----------
    source, target : path-like
        The extension of the target says which container is written.
    filter : callable or FrameFilter, optional
        A function from `FramePlanes` to a sequence of planes of the same shapes and dtypes, or to None for a frame
        that stays as it is; or an object with ``radius``, ``fingerprint``, ``prepare`` and ``apply``. Without one the
        frames are encoded as they are.
    encode : EncodeOptions, optional
        Default: the source's codec at a quality that matches it.
    resume : bool
        Keep finished pieces if the run is interrupted, and go on from those an earlier one left.
    overwrite, dry_run : bool
    listener : callable
        Told of progress.

    Returns
    -------
    VideoReport

    Raises
    ------
    UsageError, InputError, OutputError, MissingDependencyError, VerificationError
        As `mediarescue.errors` describes them; nothing is left half-written, and the source is never written to.
    """
    asked = encode or EncodeOptions()
    job = VideoJob(Path(source), Path(target), as_filter(filter), asked, resume, overwrite, dry_run)
    return run_video(job, listener=listener).noting_growth(asked)
