"""``frames.json``: which picture is which frame, and all that the way back needs; described in docs/frames.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mediarescue.errors import InputError
from mediarescue.options import PictureFormat

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
    except RecursionError as error:
        raise _foreign(path, "nested deeply") from error
    try:
        _check(document, _DOCUMENT, "the document")
        if document["schema_version"] > VERSION:
            raise InputError(f"{path} was written by a newer mediarescue ({document['made_by']}); use that one")
        _check(document["source"], _SOURCE, "source")
        _check(document["pictures"], _PICTURES, "pictures")
        if document["pictures"]["format"] == PictureFormat.JPEG and document["pictures"]["bit_depth"] != 8:
            raise ValueError("pictures: bit_depth")
        rows = _rows(document["frames"], by_plane=document["pictures"]["planes"])
    except ValueError as error:
        raise _foreign(path, str(error)) from error
    return FramesList(document["source"], document["pictures"], rows)


def _foreign(path: Path, why: str) -> InputError:
    return InputError(f"{path} is not a list of frames that mediarescue wrote ({why}); export the frames again")


def _rows(entries: list[Any], *, by_plane: bool) -> tuple[FrameRow, ...]:
    rows, numbers = [], set()
    for place, entry in enumerate(entries, 1):
        where = f"entry {place} of frames"
        _check(entry, _ROW, where)
        row = FrameRow(
            entry["number"],
            tuple(entry["files"]),
            tuple(entry["sha256"]),
            entry["pts"],
            float(entry["seconds"]),
            entry["key"],
        )
        if len(row.files) != len(row.sha256) or (len(row.files) > 1 and not by_plane):
            raise ValueError(f"{where}: files and sha256")
        if row.number in numbers:
            raise ValueError(f"{where}: number {row.number} for the second time")
        numbers.add(row.number)
        rows.append(row)
    return tuple(rows)


_Check = Callable[[Any], bool]


def _check(entry: Any, checks: dict[str, _Check], where: str) -> None:
    """Raise ValueError where a field is missing or is not what it must be."""
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: no object")
    for name, is_right in checks.items():
        if not is_right(entry.get(name)):
            raise ValueError(f"{where}: {name}")


def _whole(least: int, most: int) -> _Check:
    return lambda value: type(value) is int and least <= value <= most


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_names(value: Any) -> bool:
    return _are_texts(value) and bool(value) and all(map(_is_name, value))


def _is_name(text: str) -> bool:
    """Whether it names something in the folder, and nothing above or below."""
    return text not in ("", "..") and Path(text).name == text and "\0" not in text


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= _MOST


def _are_code_points(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(_whole(0, 255), value)))


_MOST = 2**63 - 1

_DOCUMENT: dict[str, _Check] = {
    "kind": lambda value: value == KIND,
    "schema_version": _whole(1, _MOST),
    "made_by": _is_text,
    "frames": lambda value: isinstance(value, list),
}
_SOURCE: dict[str, _Check] = {
    "name": _is_text,
    "size": _whole(0, _MOST),
    "sha256": _is_text,
    "width": _whole(1, _MOST),
    "height": _whole(1, _MOST),
    "frame_count": lambda value: value is None or _whole(0, _MOST)(value),
}
_PICTURES: dict[str, _Check] = {
    "format": lambda value: value in tuple(PictureFormat),
    "bit_depth": lambda value: type(value) is int and value in (8, 16),
    "quality": _whole(0, 100),
    "planes": _is_flag,
    "orientation": _whole(1, 8),
    "cicp": _are_code_points,
}
_ROW: dict[str, _Check] = {
    "number": _whole(1, _MOST),
    "files": _are_names,
    "sha256": _are_texts,
    "pts": _whole(-_MOST - 1, _MOST),
    "seconds": _is_seconds,
    "key": _is_flag,
}
