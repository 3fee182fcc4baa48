"""What a process that died left beside the output it was to write, told from what was there before."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mediarescue.errors import OutputError
from mediarescue.output import temporary_files


def has_finished_pieces(target: Path) -> bool:
    """Whether a run of this output could go on from finished pieces of its film."""
    return any(_work_path(target).glob("*.pts"))


class Leftovers:
    """Made before the work begins; asked, and removed, once its process is gone.

    Parameters
    ----------
    target : Path
        The output.

    Attributes
    ----------
    had_pieces : bool
        Whether an earlier run left finished pieces.
    """

    def __init__(self, target: Path) -> None:
        self.had_pieces = has_finished_pieces(target)
        self._target = target
        self._before = _identity(target)

    @property
    def was_written(self) -> bool:
        """Whether the output took its name since; outputs do so whole."""
        return _identity(self._target) not in (None, self._before)

    @property
    def has_pieces(self) -> bool:
        """Whether there are finished pieces now, of whichever run."""
        return has_finished_pieces(self._target)

    def remove(self, *, pieces: bool) -> None:
        """Remove temporary files, and the work folder where it holds no finished piece or ``pieces`` may go, too."""
        for path in temporary_files(self._target):
            with contextlib.suppress(OSError):
                path.unlink()
        if os.path.lexists(_work_path(self._target)) and (pieces or not self.has_pieces):
            from mediarescue.pipeline.work_folder import WorkFolder

            # It leaves alone what is no work folder, or another run's.
            with contextlib.suppress(OutputError):
                WorkFolder(self._target, {}, resume=False, overwrite=True).close()


def _work_path(target: Path) -> Path:
    # It brings numpy with it, which `mediarescue --help` does not need.
    from mediarescue.pipeline.work_folder import work_path

    return work_path(target)


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    # Some file systems number files anew or not at all.
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
