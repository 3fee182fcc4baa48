"""A folder of new files that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from mediarescue.errors import InputError, OutputError
from mediarescue.output import output_error
from mediarescue.pipeline.frames_list import FRAMES_FILE, read_list


class NewFolder:
    """Context manager: a temporary folder that takes the target's name on `commit` or disappears.

    Parameters
    ----------
    target : Path
    overwrite : bool
        Replace the folder of an earlier export.

    Attributes
    ----------
    path : Path
        ``.{name}.{random}.rescuing`` beside the target.

    Raises
    ------
    OutputError
        On entering: the target is a file, or a folder with something in it and ``overwrite`` is not set; a folder
        with files that no export wrote is never replaced.
    """

    def __init__(self, target: Path, *, overwrite: bool) -> None:
        self.target = target.absolute()
        self.overwrite = overwrite
        self.path = self._beside()

    def check(self) -> None:
        """Raise OutputError where the target cannot be made."""
        target = self.target
        if target.is_dir():
            _check_contents(target, overwrite=self.overwrite)
        elif os.path.lexists(target):
            raise OutputError(f"cannot write the folder {target}: there is a file of that name")
        if not target.parent.is_dir():
            raise OutputError(f"cannot make the folder {target}: the folder {target.parent} does not exist")
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise OutputError(f"cannot make the folder {target}: no permission to write in {target.parent}")

    def __enter__(self) -> Self:
        self.check()
        try:
            self.path.mkdir()
        except OSError as error:
            raise output_error(error, self.target) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, (FileNotFoundError, PermissionError)):
            raise output_error(error, self.target) from error

    def commit(self) -> None:
        """Give the folder its name.

        Raises
        ------
        OutputError
            The system refuses, or something came into the target meanwhile.
        """
        old = self._beside()
        try:
            if self.target.is_dir():
                _check_contents(self.target, overwrite=self.overwrite)
                self.target.rename(old)
                try:
                    self.path.rename(self.target)
                except BaseException:
                    old.rename(self.target)
                    raise
                shutil.rmtree(old)
            else:
                self.path.rename(self.target)
        except OSError as error:
            raise output_error(error, self.target) from error

    def _beside(self) -> Path:
        return self.target.with_name(f".{self.target.name[:60]}.{secrets.token_hex(4)}.rescuing")


def _check_contents(folder: Path, *, overwrite: bool) -> None:
    try:
        found = {entry.name for entry in os.scandir(folder)}
    except OSError as error:
        raise output_error(error, folder) from error
    if not found:
        return
    if not overwrite:
        raise OutputError(f"{folder} is not empty; name a new folder, or replace an earlier export with --overwrite")
    try:
        known = {FRAMES_FILE} | {name for row in read_list(folder / FRAMES_FILE).rows for name in row.files}
    except InputError as error:
        raise OutputError(f"{folder} holds files and no earlier export; name a new folder") from error
    if foreign := sorted(found - known):
        raise OutputError(
            f"{folder} holds more than an earlier export ({', '.join(foreign[:3])}{' ...' if foreign[3:] else ''}), "
            "and is not replaced; name a new folder"
        )
