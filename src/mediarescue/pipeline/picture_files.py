"""Which file in a folder is the picture of which frame, whatever another program made of name and format."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mediarescue.errors import InputError
from mediarescue.media.pictures import PICTURE_SUFFIXES
from mediarescue.media_reports import number_of
from mediarescue.pipeline.frames_list import FrameRow

_SHOWN = 5
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture of a frame.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file as it was exported; empty where that is not known.
    """

    path: Path
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class FoundPictures:
    """The pictures of all frames.

    Attributes
    ----------
    by_frame : dict of int to tuple of FoundPicture
        By the number of the frame, from 0: its picture, or those of its planes.
    missing : tuple of str
        Names of those that are listed and not there.
    elsewhere : int
        Pictures that have another name than the exported one.
    """

    by_frame: dict[int, tuple[FoundPicture, ...]]
    missing: tuple[str, ...] = ()
    elsewhere: int = 0


def picture_names(folder: Path) -> list[str]:
    """Return the names of the pictures in a folder, sorted.

    Raises
    ------
    InputError
        The folder cannot be read, or holds no picture.
    """
    try:
        names = sorted(
            entry.name
            for entry in os.scandir(folder)
            if Path(entry.name).suffix.lower() in PICTURE_SUFFIXES and not entry.name.startswith(".")
        )
    except NotADirectoryError as error:
        raise InputError(f"{folder} is a file; name the folder of the pictures") from error
    except OSError as error:
        raise InputError(f"cannot read the folder {folder}: {error.strerror}") from error
    if not names:
        raise InputError(f"{folder} holds no pictures (PNG, JPEG, TIFF, WebP or BMP)")
    return names


def find_listed(folder: Path, rows: Sequence[FrameRow]) -> FoundPictures:
    """Find the pictures that a ``frames.json`` lists, also where their names end otherwise now.

    A file counts as the picture ``000017.png`` when its name holds ``000017`` (of planes also ``_Cb``): another
    format, or something before and behind it, as programs add. Where the exported file and such a one are both
    there, the other one counts if the exported one was left as it was.

    Raises
    ------
    InputError
        Two files could be the same picture.
    """
    names = picture_names(folder)
    there = set(names)
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for stem in _stems(name):
            by_stem[stem].append(name)
    found: dict[int, tuple[FoundPicture, ...]] = {}
    missing: list[str] = []
    elsewhere = 0
    for row in rows:
        pictures = []
        for listed, sha256 in zip(row.files, row.sha256, strict=True):
            chosen = _chosen(folder, listed, sha256, there, by_stem.get(Path(listed).stem, []))
            if chosen is None:
                missing.append(listed)
                continue
            elsewhere += chosen != listed
            pictures.append(FoundPicture(folder / chosen, sha256))
        if len(pictures) == len(row.files):
            found[row.number - 1] = tuple(pictures)
    return FoundPictures(found, tuple(missing), elsewhere)


def find_sequence(folder: Path, frames: int) -> FoundPictures:
    """Take the pictures of a folder, in the order of the numbers in their names, for all frames of a clip.

    Raises
    ------
    InputError
        A name holds no number, two hold the same, or there are not as many pictures as frames.
    """
    numbered: dict[int, str] = {}
    for name in picture_names(folder):
        numbers = _NUMBER.findall(Path(name).stem)
        if not numbers:
            raise InputError(f"the name of {folder / name} holds no number that says which frame it is")
        number = int(numbers[-1])
        if number in numbered:
            raise InputError(f"{numbered[number]} and {name} in {folder} have the same number; remove one of them")
        numbered[number] = name
    if len(numbered) != frames:
        gap = next((n for n in range(min(numbered), max(numbered)) if n not in numbered), None)
        hint = f", number {gap} is missing" if gap is not None else ""
        raise InputError(
            f"{folder} holds {number_of(len(numbered), 'picture')} and the clip has {number_of(frames, 'frame')}"
            f"{hint}; without a frames.json every frame needs its picture"
        )
    ordered = sorted(numbered)
    return FoundPictures({index: (FoundPicture(folder / numbered[n]),) for index, n in enumerate(ordered)})


def some(names: Sequence[str]) -> str:
    """Return the first few names, in words."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _stems(name: str) -> set[str]:
    """All that the name could be called in a list: ``x_000017_Cb-new.png`` is ``000017`` and ``000017_Cb``."""
    stem = Path(name).stem
    stems = set()
    for match in _NUMBER.finditer(stem):
        rest = re.match(r"_(?:Cb|Cr|[YAGBR])(?![A-Za-z])", stem[match.end() :])
        stems.add(match.group() + (rest.group() if rest else ""))
    return stems


def _chosen(folder: Path, listed: str, sha256: str, there: set[str], alike: Sequence[str]) -> str | None:
    others = [name for name in alike if name != listed]
    if listed in there and (not others or _digest(folder / listed) != sha256):
        if not others:
            return listed
        others.append(listed)
    if len(others) > 1:
        raise InputError(f"{some(others)} in {folder} could all be the picture {listed}; leave one of them there")
    return others[0] if others else None


def _digest(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
