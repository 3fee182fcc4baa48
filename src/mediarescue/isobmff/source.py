"""Read-only access to a file of any size by absolute offset."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from mediarescue.errors import InputError


class ByteSource:
    """A file, or a part of one, that is only ever read, in windows; use it as a context manager.

    Attributes
    ----------
    path : Path
    size : int
        Of the part, in bytes.
    origin : int
        Where the part begins in the file; all offsets count from there. Who uses the descriptor asks `ranges`.

    Notes
    -----
    Not memory mapped: mapped pages count as resident memory, and a card pulled while mapped is a SIGBUS instead
    of an error. Reads carry their own offset, so threads may share a source.
    """

    def __init__(self, file: BinaryIO, path: Path, size: int, origin: int = 0) -> None:
        self.file = file
        self._lock = threading.Lock()
        self.path = path
        self.size = size
        self.origin = origin

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> ByteSource:
        """Open a regular file; raises InputError when it is missing, a folder, no regular file or not readable."""
        path = Path(path)
        try:
            # Looked at before it is opened: opening a pipe would wait for its writer.
            if stat.S_ISDIR(mode := path.stat().st_mode):
                raise InputError(f"{path}: is a folder; give one of the files in it")
            if not stat.S_ISREG(mode):
                raise InputError(f"{path}: is not a regular file; copy its contents to a file first")
            file = open(path, "rb", buffering=0)  # noqa: SIM115
            return cls(file, path, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            raise InputError(f"{path}: no such file") from None
        except PermissionError:
            raise InputError(f"{path}: no permission to read it") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise InputError(f"{path}: cannot be opened: {reason}") from error

    def part(self, start: int, end: int) -> ByteSource:
        """Return the range ``[start, end)`` as a source of its own, which shares the open file."""
        return ByteSource(self.file, self.path, end - start, self.origin + start)

    def ranges(self, offset: int, size: int) -> list[tuple[int, int]]:
        """Return where ``size`` bytes at ``offset`` lie in the file, as ``(offset, size)``, in order."""
        return [(self.origin + offset, size)]

    @property
    def file_size(self) -> int:
        """Bytes of the whole file, of which this may be a part."""
        return os.fstat(self.fileno()).st_size

    def extents(self, offset: int, size: int) -> list[tuple[int, Path, list[tuple[int, int]]]]:
        """Return descriptor, name and ranges of each file that holds ``size`` bytes at ``offset``, in order."""
        return [(self.fileno(), self.path, self.ranges(offset, size))]

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes at absolute ``offset``, fewer only at the end of the file.

        Raises InputError when the device fails, ValueError for a negative offset.
        """
        if offset < 0:
            raise ValueError(f"negative offset {offset}")
        left = min(size, self.size - offset)
        parts = []
        while left > 0:
            try:
                part = self._read_once(offset, left)
            except OSError as error:
                reason = error.strerror or error
                message = f"{self.path}: cannot be read at byte {offset}: {reason}; copy it to another disk"
                raise InputError(message) from error
            if not part:
                break
            parts.append(part)
            offset += len(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_once(self, offset: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            # One call of Linux returns at most 2 GiB less a page; asking for less keeps every system happy.
            return os.pread(self.file.fileno(), min(size, 1 << 30), self.origin + offset)
        with self._lock:
            self.file.seek(self.origin + offset)
            return self.file.read(min(size, 1 << 30))

    def read_into(self, offset: int, target: memoryview) -> int:
        """Fill ``target`` with what stands at ``offset``; return the bytes read, fewer than asked at any place."""
        if hasattr(os, "preadv"):
            return os.preadv(self.file.fileno(), [target], self.origin + offset)
        data = self.read(offset, len(target))
        target[: len(data)] = data
        return len(data)

    def next_data(self, offset: int) -> int:
        """Return the first offset from ``offset`` on where anything but zeros may stand; the size where nothing may.

        Notes
        -----
        The holes of a sparse file are skipped unread (lseek's SEEK_DATA). Where the system or the file system does
        not know them the answer is ``offset``.
        """
        if not hasattr(os, "SEEK_DATA") or not 0 <= offset < self.size:
            return offset
        try:
            found = os.lseek(self.file.fileno(), self.origin + offset, os.SEEK_DATA) - self.origin
        except OSError as error:
            return self.size if error.errno == errno.ENXIO else offset
        return min(max(found, offset), self.size)

    def fileno(self) -> int:
        """Return the file descriptor, for copying by the system; its position is of no meaning."""
        return self.file.fileno()

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ComposedSource(ByteSource):
    """Bytes of several places, presented as one file."""

    def _read_once(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes at ``offset``, as far as one place holds them."""
        raise NotImplementedError

    def read_into(self, offset: int, target: memoryview) -> int:
        """Fill ``target`` with what stands at ``offset``; return the bytes read, fewer than asked at any place."""
        data = self._read_once(offset, min(len(target), max(self.size - offset, 0)))
        target[: len(data)] = data
        return len(data)
