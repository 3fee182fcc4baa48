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
        Replace the files of an earlier export.

    Attributes
    ----------
    path : Path
        ``.{name}.{random}.rescuing`` beside the target, or in it where it exists: a folder that the user stands in,
        or where a disk is mounted, must stay the same folder.

    Raises
    ------
    OutputError
        On entering: the target is a file, or a folder with something in it and ``overwrite`` is not set; a folder
        with files that no export wrote is never written to. In the block: what the system says of a full disk and
        the like.
    """

    def __init__(self, target: Path, *, overwrite: bool) -> None:
        self.target = target.resolve()
        self._shown = target
        self.overwrite = overwrite
        name = f".{self.target.name[:60]}.{secrets.token_hex(4)}.rescuing"
        self._inside = self.target.is_dir()
        self.path = (self.target if self._inside else self.target.parent) / name

    def check(self) -> None:
        """Raise OutputError where the target cannot be made."""
        target, shown = self.target, self._shown
        if self._inside:
            self._old_files()
        elif os.path.lexists(target):
            raise OutputError(f"cannot write the folder {shown}: there is a file of that name")
        elif not target.parent.is_dir():
            raise OutputError(f"cannot make the folder {shown}: the folder {target.parent} does not exist")
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise OutputError(f"cannot make the folder {shown}: no permission to write in {self.path.parent}")

    def __enter__(self) -> Self:
        self.check()
        try:
            self.path.mkdir()
        except OSError as error:
            raise output_error(error, self._shown) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise output_error(error, self._shown) from error

    def commit(self) -> None:
        """Give the folder its name, or its files their place; the list of frames comes last.

        Raises
        ------
        OutputError
            The system refuses, or something came into the target meanwhile.
        """
        try:
            if not self._inside:
                self.path.rename(self.target)
                return
            for name in self._old_files():
                (self.target / name).unlink()
            moved: list[Path] = []
            try:
                for name in sorted(_names(self.path), key=lambda name: (name == FRAMES_FILE, name)):
                    moved.append(self.target / name)
                    (self.path / name).rename(moved[-1])
            except BaseException:
                for path in moved:
                    path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise output_error(error, self._shown) from error

    def _old_files(self) -> list[str]:
        """Return the files that are to be replaced; raises OutputError where others, or any without ``overwrite``."""
        folder = self.target
        try:
            found = _names(folder) - {self.path.name}
        except OSError as error:
            raise output_error(error, self._shown) from error
        if not found:
            return []
        if not self.overwrite:
            raise OutputError(
                f"{self._shown} is not empty; name a new folder, or replace an earlier export with --overwrite"
            )
        try:
            known = {FRAMES_FILE} | {name for row in read_list(folder / FRAMES_FILE).rows for name in row.files}
        except InputError as error:
            raise OutputError(f"{self._shown} holds files and no earlier export; name a new folder") from error
        if foreign := sorted(found - known):
            raise OutputError(
                f"{self._shown} holds more than an earlier export ({', '.join(foreign[:3])}"
                f"{' ...' if foreign[3:] else ''}), and is not replaced; name a new folder"
            )
        # The list goes first: a folder without it does not pass for a whole export.
        return sorted(found, key=lambda name: (name != FRAMES_FILE, name))


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
