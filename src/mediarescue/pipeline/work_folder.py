"""The folder in which a film is encoded piece by piece, and from which an interrupted run goes on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import OutputError
from mediarescue.output import output_error

_JOB = "job.json"
_LOCK = "lock"
_OWN_NAME = re.compile(r"\d{6}\.\w+(\.part)?|job\.json\.part")
_MEANING = {"input": "film", "plan": "encoding", "filter": "filter", "versions": "version of mediarescue or FFmpeg"}
"""What the parts of a job are called in a sentence."""
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
        The folder cannot be made, its name is taken by something else, another run uses it, or an interrupted run left
        pieces and ``resume`` is not set, or they are those of another job (unless ``overwrite``).
    """

    def __init__(self, target: Path, job: dict[str, Any], *, resume: bool, overwrite: bool = False) -> None:
        self.path = work_path(target)
        self.resume = resume
        self.pieces: list[Piece] = []
        self._lock: int | None = None
        self._done = False
        try:
            self._open(job, overwrite=overwrite)
        except OSError as error:
            self.close()
            raise output_error(error, target) from error
        except BaseException:
            self._release()
            raise

    def _open(self, job: dict[str, Any], *, overwrite: bool) -> None:
        """Find what an interrupted run left, or begin anew; raises before anything of value is removed."""
        if not os.path.lexists(self.path):
            self.path.mkdir()
        elif not _is_ours(self.path):
            raise OutputError(
                f"{self.path} is in the way, and no work folder of mediarescue: move it or name another output"
            )
        self._take()
        left = _finished_pieces(self.path)
        differs = _differences(_read_job(self.path), json.loads(json.dumps(job)))
        if left and not overwrite and not (self.resume and not differs):
            pieces = f"an interrupted run left {len(left)} finished piece{'s'[: len(left) > 1]} in {self.path}"
            if not self.resume:
                raise OutputError(f"{pieces}: add --resume to go on from them, or --overwrite to begin anew")
            told = ", ".join(differs)
            raise OutputError(
                f"{pieces}, but not of this job ({told}): go on as that run began, or begin anew with --overwrite"
            )
        if self.resume and not differs:
            self.pieces = left
        self._sweep()
        if not self.pieces:
            _write_whole(self.path / _JOB, json.dumps(job, indent=1, sort_keys=True).encode())

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
        stays = self.resume and bool(self.pieces) and not self._done
        if not stays:
            self.pieces = []
            with contextlib.suppress(OSError):
                self._sweep()
                (self.path / _JOB).unlink(missing_ok=True)
                (self.path / _LOCK).unlink(missing_ok=True)
                self.path.rmdir()
        self._release()
        return stays

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
        """Remove what the run does not go on from: names that only mediarescue gives, nothing else."""
        keep = {name for piece in self.pieces for name in (piece.path.name, piece.path.with_suffix(".pts").name)}
        for path in self.path.iterdir():
            if _OWN_NAME.fullmatch(path.name) and path.name not in keep:
                path.unlink()


def work_path(target: Path) -> Path:
    """Where the pieces of an output are."""
    name = os.fsencode(target.name)
    stem = target.name
    if len(name) > _MOST_BYTES:
        stem = name[:_MOST_BYTES].decode("utf-8", "ignore") + "." + hashlib.sha256(name).hexdigest()[:8]
    return target.with_name(f".{stem}.mediarescue-work")


def _is_ours(folder: Path) -> bool:
    """Whether a folder may be worked in: not a link to another, and with nothing in it but what mediarescue writes."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return all(path.name in (_JOB, _LOCK) or _OWN_NAME.fullmatch(path.name) for path in folder.iterdir())


def _read_job(folder: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        job = json.loads((folder / _JOB).read_bytes())
        if isinstance(job, dict):
            return job
    return {}


def _differences(found: dict[str, Any], job: dict[str, Any]) -> list[str]:
    """Name what is not as it was when the pieces were encoded."""
    return [f"another {_MEANING.get(key, key)}" for key in job if found.get(key) != job[key]]


def _finished_pieces(folder: Path) -> list[Piece]:
    pieces: list[Piece] = []
    for times in sorted(folder.glob("*.pts")):
        film = [path for path in folder.glob(f"{times.stem}.*") if path.suffix not in (".pts", ".part")]
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
