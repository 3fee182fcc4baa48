"""The folder in which a film is encoded piece by piece, and from which an interrupted run goes on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import OutputError
from mediarescue.output import output_error

_JOB = "job.json"
_LOCK = "lock"
_SAMPLE = 1 << 20
_MOST_BYTES = 200
"""Of the output's name in that of the folder; file systems hold names of up to 255 bytes."""


def file_fingerprint(path: Path) -> dict[str, Any]:
    """Tell a file from others without reading it whole: size, date, and a hash of its first and last MiB."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        digest.update(file.read(_SAMPLE))
        file.seek(max(0, size - _SAMPLE))
        digest.update(file.read(_SAMPLE))
    return {"size": size, "mtime_ns": path.stat().st_mtime_ns, "sha256": digest.hexdigest()}


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished piece: its film, and when each of its frames is shown."""

    path: Path
    pts: NDArray[np.int64]


class WorkFolder:
    """``.NAME.mediarescue-work`` beside an output.

    Parameters
    ----------
    target : Path
        The output.
    job : dict
        All that decides how the pieces come out: input, settings, versions. Written as JSON.
    resume : bool
        Go on from what an interrupted run of the same job left; keep the finished pieces on failure.

    Attributes
    ----------
    path : Path
    pieces : list of Piece
        Finished, in order.

    Raises
    ------
    OutputError
        The folder cannot be made, another run uses it, or an interrupted run left pieces and ``resume`` is not set
        (unless ``overwrite``).
    """

    def __init__(self, target: Path, job: dict[str, Any], *, resume: bool, overwrite: bool = False) -> None:
        self.path = work_path(target)
        self.resume = resume
        self.pieces: list[Piece] = []
        self._lock: int | None = None
        self._done = False
        try:
            found = self._found()
            if found is not None and found[0] == job and resume:
                self.pieces = found[1]
            elif found is not None and found[1] and not (resume or overwrite):
                raise OutputError(
                    f"an interrupted run left {len(found[1])} finished pieces in {self.path}: "
                    "add --resume to go on from them, or --overwrite to begin anew"
                )
            else:
                shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(exist_ok=True)
            self._take()
            self._sweep()
            if not (self.path / _JOB).exists():
                _write_whole(self.path / _JOB, json.dumps(job, indent=1, sort_keys=True).encode())
        except OSError as error:
            self._release()
            raise output_error(error, target) from error
        except BaseException:
            self._release()
            raise

    @property
    def frames(self) -> int:
        """Frames in the finished pieces."""
        return sum(len(piece.pts) for piece in self.pieces)

    def add(self, number: int, path: Path, pts: list[int]) -> None:
        """Take note of a finished piece; from now on it survives a crash."""
        times = np.array(pts, dtype=np.int64)
        try:
            _write_whole(path.with_suffix(".pts"), times.astype("<i8").tobytes())
        except OSError as error:
            raise output_error(error, path) from error
        self.pieces.append(Piece(path, times))

    def finish(self) -> None:
        """Everything has been used: the folder may go."""
        self._done = True

    def close(self) -> bool:
        """Remove the folder, unless it is to be resumed from; return whether it stays."""
        self._release()
        stays = self.resume and bool(self.pieces) and not self._done
        if not stays:
            shutil.rmtree(self.path, ignore_errors=True)
        return stays

    def _found(self) -> tuple[dict[str, Any] | None, list[Piece]] | None:
        if not self.path.is_dir():
            return None
        self._take()
        job = None
        with contextlib.suppress(OSError, ValueError):
            job = json.loads((self.path / _JOB).read_bytes())
        return job, _finished_pieces(self.path)

    def _take(self) -> None:
        """Hold the folder for this process; the system lets go of it when the process ends, however it ends."""
        try:
            import fcntl
        except ImportError:
            return
        self._release()
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._release()
            raise OutputError(f"another run is at work on this output already ({self.path})") from error

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _sweep(self) -> None:
        """Remove what was being written when the run was interrupted."""
        keep = {_JOB, _LOCK}
        for piece in self.pieces:
            keep |= {piece.path.name, piece.path.with_suffix(".pts").name}
        for path in self.path.iterdir():
            if path.name not in keep:
                path.unlink()


def work_path(target: Path) -> Path:
    """Where the pieces of an output are."""
    stem = os.fsencode(target.name)[:_MOST_BYTES].decode("utf-8", "ignore")
    return target.with_name(f".{stem}.mediarescue-work")


def _finished_pieces(folder: Path) -> list[Piece]:
    pieces: list[Piece] = []
    for times in sorted(folder.glob("*.pts")):
        film = [p for p in folder.glob(f"{times.stem}.*") if p.suffix in (".mp4", ".mov", ".mkv")]
        if times.stem != f"{len(pieces):06d}" or len(film) != 1:
            break
        pieces.append(Piece(film[0], np.frombuffer(times.read_bytes(), "<i8").astype(np.int64)))
    return pieces


def _write_whole(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
