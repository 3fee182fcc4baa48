"""The Python way to photos: open one, look at its samples, write it anew with some of them changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mediarescue.events import Listener, ignore
from mediarescue.media.orientation import to_stored, upright, upright_size
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoInfo, PhotoPlanes
from mediarescue.media_reports import PhotoReport
from mediarescue.output import check_target
from mediarescue.pipeline.photo import PhotoFunction, PhotoJob, run_photo
from mediarescue.pipeline.photo_formats import check_ending, open_still

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray


class Photo:
    """A photo open for reading, as `open_photo` gives it; a context manager.

    Attributes
    ----------
    info : PhotoInfo
        Format, size, depth, orientation, what metadata there is.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._still = open_still(Path(path))
        self._planes: PhotoPlanes | None = None
        self._closed = False

    def __enter__(self) -> Photo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def info(self) -> PhotoInfo:
        """What the file says of its picture."""
        return self._still.info

    @property
    def planes(self) -> PhotoPlanes:
        """The samples, decoded at the first look.

        Raises
        ------
        InputError
            The file is damaged or cut short.
        ValueError
            The photo is closed.
        """
        if self._closed:
            raise ValueError("the photo is closed")
        if self._planes is None:
            info = self.info
            self._planes = PhotoPlanes(
                self._still.read_planes(), info.pix_fmt, info.bit_depth, info.channels, info.color
            )
        return self._planes

    def close(self) -> None:
        """Release the file; a photo that is closed cannot be written any more."""
        self._closed = True
        self._still.close()

    def to_stored(self, x: float, y: float) -> tuple[float, float]:
        """Map a pixel of the upright picture, as a viewer shows it, to (column, row) of the stored one."""
        return to_stored(x, y, self.info.orientation, self.info.width, self.info.height)

    def upright(self, plane: NDArray[np.generic]) -> NDArray[np.generic]:
        """Turn a plane as a viewer shows it; a view."""
        return upright(plane, self.info.orientation)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height as a viewer shows it."""
        return upright_size(self.info.width, self.info.height, self.info.orientation)

    def write(
        self,
        output: str | os.PathLike[str],
        planes: Sequence[Plane] | None = None,
        *,
        filter: PhotoFunction | None = None,
        overwrite: bool = False,
        dry_run: bool = False,
        listener: Listener = ignore,
    ) -> PhotoReport:
        """Write the photo with ``planes`` in place of its own, or with what ``filter`` makes of them.

        Raises
        ------
        ValueError
            Both are given, planes have other shapes or dtypes, or the photo is closed.
        UsageError, InputError, OutputError, MissingDependencyError, VerificationError
            As `mediarescue.errors` describes them; nothing is left half-written.
        """
        if planes is not None and filter is not None:
            raise ValueError("give planes or a filter, not both")
        job = PhotoJob(self._still, Path(output), overwrite, dry_run)
        check_target(job.target, inputs=[self.info.path], overwrite=overwrite)
        check_ending(job.target, self.info.path, self.info.format)
        own = self.planes
        return run_photo(job, own, filter(own) if filter is not None else planes, listener=listener)


def open_photo(path: str | os.PathLike[str]) -> Photo:
    """Open a photo for reading.

    Raises
    ------
    InputError
        No such file, no permission, damaged, or of a format that is not worked on.
    """
    return Photo(path)


def process_photo(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    filter: PhotoFunction | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    listener: Listener = ignore,
) -> PhotoReport:
    """Put a photo through a filter, and leave everything but the changed pixels as it was.

    Parameters
    ----------
    filter : callable, optional
        A function from `PhotoPlanes` to a sequence of planes of the same shapes and dtypes, or to None for a photo that
        stays as it is. Where no sample differs, the output is the input byte for byte.
    overwrite, dry_run : bool
    listener : callable
        Told of progress.

    Returns
    -------
    PhotoReport

    Raises
    ------
    UsageError, InputError, OutputError, MissingDependencyError, VerificationError
        As `mediarescue.errors` describes them; nothing is left half-written, and the source is never written to.
    """
    with open_photo(source) as photo:
        return photo.write(target, filter=filter, overwrite=overwrite, dry_run=dry_run, listener=listener)
