"""What a batch works on: films and photos, named or found in folders, in an order that people expect."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mediarescue.errors import InputError, MediaRescueError, NothingToDoError, UsageError

PHOTOS = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".insp", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".hif",
    ".avif",
))  # fmt: skip
"""What the names of photos end with."""

VIDEOS = frozenset((
    ".mp4", ".mov", ".m4v", ".qt", ".mqv", ".3gp", ".3gpp", ".3g2", ".f4v", ".insv", ".lrv", ".lrf", ".360",
    ".mkv", ".mk3d", ".webm", ".avi", ".divx", ".mts", ".m2ts", ".m2t", ".ts", ".mpg", ".mpeg", ".m2v", ".vob", ".mod",
    ".tod", ".wmv", ".asf", ".flv", ".mxf", ".dv", ".ogv", ".mjpg", ".mjpeg",
))  # fmt: skip
"""What the names of films end with."""

_OTHER_USES = {".ts": (b"\x47",), ".mod": (b"\x00\x00\x01\xba",)}
"""Endings that programs' source code and music have too, and how a film of that name begins."""

_REFUSED_PHOTOS = (
    b"GIF8", b"BM", b"8BPS", b"8BPB", b"gimp xcf", b"v/1\x01", b"#?RADIANCE", b"\xff\x0a", b"\0\0\0\x0cJXL ",
)  # fmt: skip
"""How photos begin that are not worked on: what opens photos says so best."""

_IMAGE_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"miaf", b"avif", b"avis")
_HEAD_BYTES = 16

SUFFIXES = ("_healed", "_denoised", "_reencoded")
"""What the commands put behind the name of an output that stands beside its input."""

_SYSTEM_FOLDERS = frozenset(("@eadir", "$recycle.bin", "system volume information", "lost+found"))
"""Thumbnails of a NAS, deleted files and the like, in lower case."""


class MediaKind(StrEnum):
    """Which of the two cores an input goes through."""

    VIDEO = "video"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class Input:
    """A film or photo to work on, or what stands in the way of it.

    Attributes
    ----------
    path : Path
        As named, or below the folder as it was named.
    kind : MediaKind
    relative : Path
        Below the folder that was named; of a file that was named itself its name.
    size : int
        Bytes.
    refusal : MediaRescueError or None
        Why it cannot be worked on at all.
    """

    path: Path
    kind: MediaKind
    relative: Path
    size: int = 0
    refusal: MediaRescueError | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that was named or found.

    Attributes
    ----------
    files : tuple of Input
        In the order of the arguments, in folders as people count (2 before 10); each file once.
    own : int
        Outputs of our own that were passed over in folders.
    others : int
        Files in folders that are neither film nor photo by their names.
    has_folder : bool
        Whether a folder was named.
    """

    files: tuple[Input, ...]
    own: int = 0
    others: int = 0
    has_folder: bool = False


def collect_inputs(named: Sequence[Path], *, suffix: str, out_dir: Path | None = None) -> Inputs:
    """Return the films and photos that ``named`` files and folders stand for.

    Parameters
    ----------
    named : sequence of Path
        Files are taken whatever they are called, folders with all that is below them. Left out there are hidden files
        and folders, what is neither film nor photo by its name, and outputs of our own: those called
        ``NAME<suffix>.EXT``, or by another command's suffix beside their ``NAME.EXT``.
    suffix : str
        Of the outputs of this command (``"_healed"``).
    out_dir : Path or None
        Where outputs will go; a folder of outputs inside a named one is passed over.

    Raises
    ------
    UsageError
        Nothing is named.

    Notes
    -----
    Links are followed, each folder once, so that links in a circle come to an end.
    """
    if not named:
        raise UsageError("no input is named; name files or folders")
    collector = _Collector(suffix, None if out_dir is None else _place(out_dir))
    for path in named:
        collector.add(path)
    files = collector.files
    return Inputs(tuple(files), collector.own, collector.others, collector.has_folder)


def check_input(path: Path) -> int:
    """Return the size of a file that can be opened; raises InputError for any other."""
    try:
        # Looked at before it is opened: opening a pipe would wait for its writer.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path}: is not a regular file; copy its contents to a file first")
        with open(path, "rb"):
            return status.st_size
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except PermissionError:
        raise InputError(f"{path}: no permission to read it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: cannot be opened: {reason}") from error


def media_kind(path: Path) -> MediaKind:
    """Tell a photo from a film by its name, and where that says nothing by its first bytes.

    Notes
    -----
    What is neither counts as a film, as FFmpeg knows most formats and says best what it does not know.
    """
    ending = path.suffix.lower()
    if ending in PHOTOS:
        return MediaKind.PHOTO
    return MediaKind.VIDEO if ending in VIDEOS or not _begins_like_a_photo(_head(path)) else MediaKind.PHOTO


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return the key that sorts ``clip2`` before ``clip10``, and upper and lower case together."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


class _Collector:
    def __init__(self, suffix: str, out_place: str | None) -> None:
        self.files: list[Input] = []
        self.own = 0
        self.others = 0
        self.has_folder = False
        self._suffix = suffix
        self._out_place = out_place
        self._seen_files: set[str] = set()
        self._seen_folders: set[str] = set()

    def add(self, path: Path) -> None:
        if not path.is_dir():
            self._take(path, Path(path.name))
            return
        self.has_folder = True
        refused, own, others = len(self.files), self.own, self.others
        if self._is_new(path, self._seen_folders):
            count = 0
            for found in self._walk(path):
                count += 1
                self._take(found, found.relative_to(path))
            if not count and len(self.files) == refused:
                self._refuse(path, _nothing_in(path, self.own - own, self.others - others))

    def _take(self, path: Path, relative: Path) -> None:
        if not self._is_new(path, self._seen_files):
            return
        try:
            self.files.append(Input(path, media_kind(path), relative, check_input(path)))
        except MediaRescueError as error:
            self._refuse(path, error)

    def _refuse(self, path: Path, error: MediaRescueError) -> None:
        self.files.append(Input(path, MediaKind.VIDEO, Path(path.name), refusal=error))

    def _walk(self, folder: Path) -> Iterator[Path]:
        """Yield the films and photos of a folder, then of those in it."""
        try:
            with os.scandir(folder) as scan:
                # Links come last: a file is taken by its own name where it is in the folder, too.
                entries = sorted(scan, key=lambda entry: (entry.is_symlink(), natural_key(entry.name), entry.name))
        except OSError as error:
            reason = "no permission to look into it" if isinstance(error, PermissionError) else error.strerror or error
            self._refuse(folder, InputError(f"{folder}: {reason}"))
            return
        folders = []
        names = {entry.name for entry in entries}
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                folders.append(folder / entry.name)
            elif not _is_media_name(folder / entry.name):
                self.others += 1
            elif self._is_own(entry.name, names):
                self.own += 1
            else:
                yield folder / entry.name
        for inner in folders:
            if inner.name.lower() in _SYSTEM_FOLDERS or _place(inner) == self._out_place:
                continue
            if self._is_new(inner, self._seen_folders):
                yield from self._walk(inner)

    def _is_own(self, name: str, names: set[str]) -> bool:
        stem, ending = Path(name).stem, Path(name).suffix
        if stem.endswith(self._suffix):
            return True
        return any(stem.endswith(suffix) and stem.removesuffix(suffix) + ending in names for suffix in SUFFIXES)

    def _is_new(self, path: Path, seen: set[str]) -> bool:
        place = _place(path)
        if place in seen:
            return False
        seen.add(place)
        return True


def _nothing_in(folder: Path, own: int, others: int) -> MediaRescueError:
    if own:
        what = "the only film or photo in it is an output" if own == 1 else f"its {own} films and photos are outputs"
        return NothingToDoError(
            f"{folder}: nothing to do, {what} of mediarescue; name a file to work on it all the same"
        )
    if others:
        what = "the only file in it is" if others == 1 else f"none of its {others} files is"
        no = "no film or photo by its name" if others == 1 else "a film or photo by its name"
        return InputError(f"{folder}: {what} {no}; name a file to have it tried")
    return InputError(f"{folder}: there is no film or photo in this folder")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_media_name(path: Path) -> bool:
    ending = path.suffix.lower()
    if ending in _OTHER_USES:
        head = _head(path)
        # A transport stream of a camera (.mts, renamed) has four bytes of time in front of each packet.
        return any(head.startswith(start) or head[4:].startswith(start) for start in _OTHER_USES[ending])
    return ending in PHOTOS or ending in VIDEOS


def _head(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with open(path, "rb") as file:
            return file.read(_HEAD_BYTES)
    except (OSError, ValueError):
        return b""


def _begins_like_a_photo(head: bytes) -> bool:
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return True
    if head.startswith(_REFUSED_PHOTOS):
        return True
    return (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or (head[4:8] == b"ftyp" and head[8:12] in _IMAGE_BRANDS)


def _place(path: Path) -> str:
    try:
        return os.path.normcase(path.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return os.path.normcase(path.absolute())
