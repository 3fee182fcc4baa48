"""Make the folders of outputs, and take away again those that stayed empty."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mediarescue.errors import OutputError
from mediarescue.output import output_error


class MadeFolders:
    """Folders made for outputs; a context manager that removes those into which nothing was written."""

    def __init__(self) -> None:
        self._made: list[Path] = []

    def __enter__(self) -> MadeFolders:
        return self

    def __exit__(self, *_: object) -> None:
        for step in reversed(self._made):
            with contextlib.suppress(OSError):
                step.rmdir()

    def make(self, folder: Path) -> None:
        """Make a folder and those above it; raises OutputError where that cannot be done."""
        for step in (*reversed(folder.parents), folder):
            try:
                if step.is_dir():
                    continue
                step.mkdir()
            except FileExistsError as error:
                if step.is_dir():  # made meanwhile by another program
                    continue
                raise OutputError(f"cannot make the folder {folder}: {step} is a file") from error
            except OSError as error:
                raise output_error(error, step) from error
            self._made.append(step)


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder for outputs; those made are removed again where nothing was written into them.

    Raises OutputError when it cannot be made.
    """
    with MadeFolders() as folders:
        folders.make(folder)
        yield
