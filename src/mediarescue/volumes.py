"""What the system tells of the volume a file lies on: its file system, its largest file, whether it is a card."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
BLOCK_DEVICES = Path("/sys/dev/block")
_FAT = ("vfat", "msdos", "fat", "fat32", "umsdos")
_CARD_FILE_SYSTEMS = (*_FAT, "exfat", "fuse.exfat")
FAT_LARGEST_FILE = (1 << 32) - 1
"""Bytes; a directory entry of FAT has 32 bits for the size."""


def file_system_of(path: Path) -> str:
    """Return the type of the file system that holds ``path`` (``"ext4"``, ``"vfat"``), "" where it is not known.

    Parameters
    ----------
    path : Path
        A file or folder; where it does not exist (yet), its nearest folder that does is asked.

    Notes
    -----
    Read from the mounts that Linux lists (proc(5)), by the device's number, or by the longest mount point above the
    path, as the parts of some file systems have device numbers of their own. Elsewhere nothing is known, and what a
    file system cannot hold is found out when the output is opened.
    """
    place = _existing(path)
    if place is None or not sys.platform.startswith("linux"):
        return ""
    try:
        device = place.stat().st_dev
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    number, found, longest = f"{os.major(device)}:{os.minor(device)}", "", -1
    for line in lines:
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) < 5 or not rest:
            continue
        if words[2] == number:
            return rest.split(" ")[0]
        mount_point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), words[4]))
        if len(mount_point.parts) >= longest and place.is_relative_to(mount_point):
            found, longest = rest.split(" ")[0], len(mount_point.parts)
    return found


def largest_file(path: Path) -> int | None:
    """Return the size in bytes of the largest file that may stand at ``path``; None where no limit is known."""
    return FAT_LARGEST_FILE if file_system_of(path) in _FAT else None


def on_same_card(first: Path, second: Path) -> bool:
    """Whether two files lie, or would lie, on one memory card or stick.

    Notes
    -----
    A volume counts as one by its file system (FAT or exFAT, as cards are sold), or where Linux calls the device
    removable; on macOS by its being mounted in ``/Volumes``. The disk that a home folder is on is none.
    """
    one, other = _existing(first), _existing(second)
    if one is None or other is None:
        return False
    try:
        if one.stat().st_dev != other.stat().st_dev:
            return False
    except OSError:
        return False
    if sys.platform == "darwin":
        return one.parts[:2] == ("/", "Volumes")
    return file_system_of(one) in _CARD_FILE_SYSTEMS or _is_removable(one)


def _is_removable(path: Path) -> bool:
    """Whether the kernel calls the device of ``path`` removable; a partition's disk says it for it."""
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError):
        device = path.stat().st_dev
        entry = (BLOCK_DEVICES / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
        for folder in (entry, entry.parent):
            with contextlib.suppress(OSError):
                return (folder / "removable").read_text(encoding="ascii").strip() == "1"
    return False


def _existing(path: Path) -> Path | None:
    """Return the resolved path, or the nearest folder above it that exists."""
    with contextlib.suppress(OSError, RuntimeError):
        place = path.resolve()
        return next((step for step in (place, *place.parents) if step.exists()), None)
    return None
