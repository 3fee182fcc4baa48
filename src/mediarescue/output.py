"""Write a file whole or not at all: target checks, a temporary file beside the target, flush, verify, rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from mediarescue.errors import OutputError, UsageError
from mediarescue.volumes import file_system_of, largest_file

POLL_SECONDS = 0.1
"""A main thread waits in slices this long, so that Ctrl-C is answered on every system."""

_MAX_TEMPORARY_STEM = 180
"""Bytes of the target's name kept in the temporary name; most file systems allow 255 in all."""

_TEMPORARY_END = ".rescuing"

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EMLINK}
"""What file systems without hard links (FAT, exFAT, some network shares) answer to ``link``."""

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose a folder on another disk",
    errno.EDQUOT: "your disk quota is used up; free some space or choose a folder on another disk",
    errno.EFBIG: "a file of this size is not allowed there (FAT32 ends at 4 GiB, or a limit is set with 'ulimit -f'); "
    "choose a folder on another disk",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.EACCES: "no permission to write there; choose another folder",
    errno.EPERM: "the system does not permit writing there; choose another folder",
    errno.EIO: "the disk reports an input/output error; choose a folder on another disk",
    errno.ENXIO: "the disk is gone; choose a folder on another disk",
    errno.ENODEV: "the disk is gone; choose a folder on another disk",
    errno.ENAMETOOLONG: "the file name is too long; choose a shorter one",
    errno.ENOENT: "the folder does not exist (any more)",
    errno.EEXIST: "the file exists; it is replaced only with --overwrite",
}


_FILMS = {
    ".mp4", ".mov", ".m4v", ".m4a", ".m4b", ".3gp", ".3g2", ".3gpp", ".qt", ".mqv", ".f4v", ".mj2", ".insv", ".lrv",
    ".360", ".lrf",
}  # fmt: skip


_LONGEST_EXTENSION = 5
"""With its dot; what is longer, or a number, is part of the name."""


def output_error(error: OSError, target: Path) -> OutputError:
    """Return one sentence for what the system said while writing ``target``."""
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
    return OutputError(f"cannot write {target}: {reason}")


def readable_size(size: int) -> str:
    """Return ``size`` bytes in words, with 1000 as the step (``1.5 GB``), as disks are sold and listed."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95 or unit == "TB":
            break
    return f"{value:.1f} {unit}"


def default_target(source: Path, suffix: str) -> Path:
    """Return ``NAME<suffix>.EXT`` beside ``source`` (``clip.mp4``, ``_rescued`` -> ``clip_rescued.mp4``)."""
    if not source.name:  # "." or "/": no file to rescue, which is said when it is opened
        return source / suffix.strip("_")
    return source.with_name(f"{source.stem}{suffix}{source.suffix}")


def film_name(path: Path) -> Path:
    """Return the name with ``.mp4`` where its extension is none of a film: a photo's, a recorder's, a download's."""
    if path.suffix.lower() in _FILMS or not path.name:
        return path
    if Path(path.stem).suffix.lower() in _FILMS:  # clip.mov.part
        return path.with_name(path.stem)
    letters = path.suffix[1:]
    known = letters.isalnum() and not letters.isdigit() and len(path.suffix) <= _LONGEST_EXTENSION
    return path.with_suffix(".mp4") if known else path.with_name(path.name + ".mp4")


def is_same_place(first: Path, second: Path) -> bool:
    """Whether two names are one file, or would be: through ``..``, links to folders, symbolic and hard links."""
    with contextlib.suppress(OSError):
        if first.samefile(second):
            return True
    return _place(first) == _place(second)


def _place(path: Path) -> str:
    # The last part is not resolved: a symbolic link there is replaced, not followed.
    return os.path.normcase(path.parent.resolve() / path.name)


def check_target(target: Path, *, inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse a target that must not or cannot be written.

    Raises
    ------
    UsageError
        The target is one of ``inputs``, by name or through a symbolic or hard link, whatever ``overwrite`` says.
    OutputError
        It exists and ``overwrite`` is False, is a folder or a device, or its folder is missing or not writable.
    """
    for source in inputs:
        with contextlib.suppress(OSError):
            if target.samefile(source):
                raise UsageError(
                    f"{target} is the input {source} itself; inputs are never written to, name another output"
                )
    _check_existing(target, overwrite=overwrite)
    parent = target.parent
    if not parent.is_dir():
        raise OutputError(f"cannot write {target}: the folder {parent} does not exist")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {target}: no permission to write in the folder {parent}")


def keep_date(source: Path, target: Path) -> None:
    """Give an output the date of its source: people sort their films and photos by it."""
    # The output is there and whole: a file system that refuses dates is no failure.
    with contextlib.suppress(OSError):
        at = source.stat()
        os.utime(target, ns=(at.st_atime_ns, at.st_mtime_ns))


def check_file_size(target: Path, size: int) -> None:
    """Raise OutputError where the file system of ``target`` is known to hold no file of ``size`` bytes."""
    largest = largest_file(target)
    if largest is not None and size > largest:
        raise OutputError(
            f"cannot write {target}: it will have {readable_size(size)}, and the file system there "
            f"({file_system_of(target)}) holds no file of 4 GiB or more; name an output on another disk"
        )


def _check_existing(target: Path, *, overwrite: bool) -> None:
    try:
        mode = os.lstat(target).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise output_error(error, target) from error
    if target.is_dir():
        raise OutputError(f"cannot write {target}: it is a folder; name a file")
    if not overwrite:
        raise OutputError(f"{target} exists; it is replaced only with --overwrite")
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise OutputError(f"cannot write {target}: it is a device or a pipe, and the output must be a file")


class _TemporaryFile(io.FileIO):
    """The temporary file's raw layer: speaks in OutputError, and swallows what is left once abandoned."""

    def __init__(self, fd: int, target: Path) -> None:
        super().__init__(fd, "r+b", closefd=True)
        self.target = target
        self.abandoned = False

    def write(self, data: object, /) -> int:
        """Write like FileIO; raises OutputError where the system refuses."""
        if self.abandoned:
            return memoryview(data).nbytes  # type: ignore[arg-type]
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            raise output_error(error, self.target) from error


def temporary_files(target: Path) -> list[Path]:
    """Return the files that an `AtomicOutput` of this target left when its process was killed."""
    pattern = re.compile(re.escape(f".{_temporary_stem(target)}.") + "[0-9a-f]{8}" + re.escape(_TEMPORARY_END))
    try:
        return [path for path in target.parent.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return []


def _temporary_stem(target: Path) -> str:
    name = os.fsencode(target.name)
    if len(name) <= _MAX_TEMPORARY_STEM:
        return target.name
    # Long names often differ at their end only.
    return f"{name[:_MAX_TEMPORARY_STEM].decode('utf-8', 'ignore')}.{hashlib.sha256(name).hexdigest()[:8]}"


class AtomicOutput:
    """Context manager: a temporary file that takes the target's name on ``commit`` or disappears.

    Parameters
    ----------
    target : Path
        Final name; a symbolic link there is replaced, not followed.
    overwrite : bool
        Replace a file that exists at ``commit`` time.
    needed_bytes : int
        What will be written; compared with the free space before anything is created.
    least_bytes : int, optional
        What the file will hold at least, where ``needed_bytes`` is an estimate; compared with the largest file allowed.

    Attributes
    ----------
    path : Path
        ``.{name}.{random}.rescuing`` beside the target.
    file : io.BufferedRandom
        Open for reading and writing; flush it before using its descriptor directly.

    Raises
    ------
    OutputError
        On entering: not enough space, or the file cannot be created. While writing: one sentence for the
        system's error (full disk, quota, size limit, read-only, input/output error).

    Notes
    -----
    The temporary file is removed on leaving without ``commit`` for any reason, KeyboardInterrupt and the
    SystemExit of a SIGTERM handler included. Only SIGKILL or a power cut can leave it behind.
    """

    def __init__(
        self, target: Path, *, overwrite: bool = False, needed_bytes: int = 0, least_bytes: int | None = None
    ) -> None:
        self.target = target
        self.overwrite = overwrite
        self.needed_bytes = needed_bytes
        self.least_bytes = needed_bytes if least_bytes is None else least_bytes
        self.path = target.with_name(f".{_temporary_stem(target)}.{secrets.token_hex(4)}{_TEMPORARY_END}")
        self._raw: _TemporaryFile | None = None
        self._file: io.BufferedRandom | None = None

    @property
    def file(self) -> io.BufferedRandom:
        """The open temporary file; raises ValueError outside the ``with`` block and after ``commit``."""
        if self._file is None:
            raise ValueError("the output is not open")
        return self._file

    def __enter__(self) -> AtomicOutput:
        check_file_size(self.target, self.least_bytes)
        self._check_space()
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        try:
            fd = os.open(self.path, flags, 0o666)
            self._raw = _TemporaryFile(fd, self.target)
            self._file = io.BufferedRandom(self._raw)
            # Seeking past what the file system can hold fails at once, so a FAT32 card says so before 4 GiB are copied.
            self._file.seek(self.least_bytes)
            self._file.seek(0)
        except OSError as error:
            self._discard()
            if error.errno == errno.EINVAL:
                error = OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            raise output_error(error, self.target) from error
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._discard()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
            raise output_error(error, self.target) from error

    def commit(self, verify: Callable[[Path], None] | None = None) -> None:
        """Flush to the disk, verify, and give the file its name.

        ``verify`` is called with the temporary path while the flush to the disk runs; what it raises
        removes the file once the flush has ended. The file is closed afterwards.

        Raises
        ------
        OutputError
            The system refuses, or without ``overwrite`` a file of that name appeared meanwhile (it is kept).
        """
        file = self.file
        try:
            file.flush()
            flush = _Flush(file.fileno())
            try:
                if verify is not None:
                    verify(self.path)
            finally:
                flush.join()
            flush.check()
            self._file = None
            file.close()
            self._publish()
            _sync_folder(self.target.parent)
        except OSError as error:
            raise output_error(error, self.target) from error

    def _check_space(self) -> None:
        try:
            free = shutil.disk_usage(self.target.parent).free
        except OSError as error:
            raise output_error(error, self.target) from error
        if self.needed_bytes > free:
            raise OutputError(
                f"not enough space for {self.target}: {readable_size(self.needed_bytes)} are needed, "
                f"{readable_size(free)} are free in {self.target.parent}"
            )

    def _publish(self) -> None:
        if self.overwrite:
            self.path.replace(self.target)
            return
        # rename() would silently replace a file that appeared meanwhile; link() refuses in one atomic step.
        try:
            os.link(self.path, self.target)
        except FileExistsError:
            raise
        except (OSError, AttributeError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(self.target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.target)) from error
            self.path.rename(self.target)
        else:
            # From here on the target is there and whole; that its second name stays is no failure.
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _discard(self) -> None:
        if self._raw is not None:
            self._raw.abandoned = True
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


class _Flush:
    """``fsync`` in a thread, so that verifying overlaps with the disk and Ctrl-C is answered."""

    def __init__(self, fd: int) -> None:
        # A descriptor of its own: the caller's may be closed, and its number given to another file, before the end.
        self._fd = os.dup(fd)
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._error = error
        finally:
            os.close(self._fd)

    def join(self) -> None:
        """Wait for the end."""
        while self._thread.is_alive():
            self._thread.join(POLL_SECONDS)

    def check(self) -> None:
        """Raise what the system said; after `join`."""
        if self._error is not None:
            raise self._error


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable; where folders cannot be opened or synced, the system does it in its time."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def write_text_atomic(path: Path, text: str, *, overwrite: bool) -> None:
    """Write ``text`` as UTF-8 to ``path``, whole or not at all; raises OutputError."""
    data = text.encode("utf-8", "surrogateescape")
    with AtomicOutput(path, overwrite=overwrite, needed_bytes=len(data)) as output:
        output.file.write(data)
        output.commit()
