"""``frames.json``: which picture is which frame, and all that the way back needs; described in docs/frames.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mediarescue.errors import InputError

FRAMES_FILE = "frames.json"
KIND = "mediarescue frames"
VERSION = 1


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A frame and its pictures.

    Attributes
    ----------
    number : int
        Of the frame in the clip, from 1.
    files, sha256 : tuple of str
        Names in the folder and hashes of the files: one, or one a plane.
    pts : int
        In ticks of the clip.
    seconds : float
        Since the clip's first frame.
    key : bool
        A key frame.
    """

    number: int
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    pts: int
    seconds: float
    key: bool


@dataclass(frozen=True, slots=True)
class FramesList:
    """What a ``frames.json`` says.

    Attributes
    ----------
    source : dict
        The clip: ``name``, ``size``, ``sha256`` of its first and last MiB, and of its pictures ``width``, ``height``,
        ``pix_fmt``, ``time_base`` and more.
    pictures : dict
        How they were made: ``format``, ``bit_depth``, ``planes``, ``orientation``, ``sizes`` and more.
    rows : tuple of FrameRow
    """

    source: dict[str, Any]
    pictures: dict[str, Any]
    rows: tuple[FrameRow, ...]


class ListWriter:
    """Writes the rows of a `FramesList` one by one; see `writing_list`."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._rows = 0

    def add(self, row: FrameRow) -> None:
        """Write a row, on a line of its own."""
        text = json.dumps(
            {
                "number": row.number,
                "files": list(row.files),
                "pts": row.pts,
                "seconds": row.seconds,
                "key": row.key,
                "sha256": list(row.sha256),
            }
        )
        self._file.write(f"{',' if self._rows else ''}\n    {text}")
        self._rows += 1


@contextmanager
def writing_list(path: Path, source: dict[str, Any], pictures: dict[str, Any]) -> Iterator[ListWriter]:
    """Write a ``frames.json`` whose rows come one by one, so that a long clip's need no memory."""
    from importlib.metadata import version

    head = {
        "kind": KIND,
        "schema_version": VERSION,
        "made_by": f"mediarescue {version('mediarescue')}",
        "source": source,
        "pictures": pictures,
    }
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(head, indent=2)[:-2] + ',\n  "frames": [')
        yield ListWriter(file)
        file.write("\n  ]\n}\n")


def read_list(path: Path) -> FramesList:
    """Read a ``frames.json``.

    Raises
    ------
    InputError
        It cannot be read, or is none of ours.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not whole: {error}; export the frames again") from error
    try:
        if document["kind"] != KIND:
            raise KeyError(KIND)
        if document["schema_version"] > VERSION:
            raise InputError(f"{path} was written by a newer mediarescue ({document['made_by']}); use that one")
        rows = tuple(_row(entry) for entry in document["frames"])
        _check(document["source"], document["pictures"])
        return FramesList(document["source"], document["pictures"], rows)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is not a list of frames that mediarescue wrote; export the frames again") from error


def _row(entry: Any) -> FrameRow:
    files, hashes = tuple(map(str, entry["files"])), tuple(map(str, entry["sha256"]))
    if not files or len(files) != len(hashes) or any(Path(name).name != name for name in files):
        raise ValueError(files)
    return FrameRow(int(entry["number"]), files, hashes, int(entry["pts"]), float(entry["seconds"]), bool(entry["key"]))


def _check(source: Any, pictures: Any) -> None:
    for name in ("name", "size", "sha256", "width", "height"):
        source[name]
    for name in ("format", "bit_depth", "planes", "orientation", "quality"):
        pictures[name]
    if pictures["orientation"] not in range(1, 9) or pictures["bit_depth"] not in (8, 16):
        raise ValueError(pictures)
