"""The one place that turns exceptions and signals into text and exit codes."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from mediarescue.errors import (
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    Failure,
    InputError,
    MediaRescueError,
    OutputError,
    ReferenceMismatchError,
    UsageError,
)
from mediarescue.reports import SCHEMA_VERSION

PROGRAM = "mediarescue"
EXIT_BUG = MediaRescueError.exit_code

_SECOND_SIGNAL_SECONDS = 2.0
"""Signals this soon after the first are dropped: an impatient second Ctrl-C must not interrupt the cleaning up."""

_OUTPUT_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class Stopped(BaseException):
    """Ctrl-C or a request to terminate.

    Not a KeyboardInterrupt, which typer would turn into an exit of its own without a word.

    Attributes
    ----------
    exit_code : int
        130 or 143.
    written : tuple of str
        Files that were already complete, by `noticing_what_is_written`.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
        self.written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invocation:
    """What must be known of the arguments even where they cannot be parsed."""

    command: str
    json: bool
    verbose: bool

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Invocation:
        """Look for the command, ``--json`` and ``-v`` in front of a ``--``."""
        before = list(arguments[: list(arguments).index("--")] if "--" in arguments else arguments)
        short = [word for word in before if word.startswith("-") and not word.startswith("--")]
        return cls(
            command=next((word for word in before if not word.startswith("-")), ""),
            json="--json" in before,
            verbose="--verbose" in before or any(word[1:].strip("qv") == "" and "v" in word for word in short),
        )


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Raise Stopped in the main thread on SIGINT, SIGTERM and SIGHUP; signals ignored at the start stay ignored."""
    last = float("-inf")

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _SECOND_SIGNAL_SECONDS:
            return
        last = now
        raise Stopped(_stop_codes()[signal.Signals(number)])

    with _handling_signals(stop):
        yield


@contextlib.contextmanager
def noting_signals() -> Iterator[Callable[[], int]]:
    """Yield a function that returns the exit code of the first such signal that came, or 0; nothing is raised."""
    code = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal code
        code = code or _stop_codes()[signal.Signals(number)]

    with _handling_signals(note):
        yield lambda: code


def _stop_codes() -> dict[signal.Signals, int]:
    codes = {signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_TERMINATED}
    if sys.platform != "win32":
        codes[signal.SIGHUP] = EXIT_TERMINATED
    return codes


@contextlib.contextmanager
def _handling_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have the signals that end a program answered by ``handler``; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _stop_codes()}
    taken = [number for number, was in before.items() if was not in (signal.SIG_IGN, None)]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


@contextlib.contextmanager
def noticing_what_is_written(*paths: Path) -> Iterator[None]:
    """Let a Stopped tell which of ``paths`` were written meanwhile.

    The file system is asked, not the events: a signal may come between a file's taking its name and its event.
    Files take their names whole, and one that replaces another is another file.
    """
    before = {path: _identity(path) for path in paths}
    try:
        yield
    except Stopped as stop:
        stop.written = tuple(str(path) for path, was in before.items() if _identity(path) not in (None, was))
        raise


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    # Some file systems number files anew or not at all.
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def describe(error: BaseException) -> Failure:
    """Return the exit code and the sentence for any exception."""
    kind = type(error).__name__
    if isinstance(error, MediaRescueError):
        return Failure(error.exit_code, kind, str(error))
    if isinstance(error, Stopped):
        code, what = error.exit_code, "nothing was written"
    elif isinstance(error, KeyboardInterrupt):
        code, what = EXIT_INTERRUPTED, "nothing was written"
    elif callable(format_message := getattr(error, "format_message", None)):
        # typer's errors, told by their shape: whose module they live in depends on typer's version.
        sentence = " ".join(str(format_message()).split()).rstrip(".").replace(": Value error, ", ": ")
        return Failure(UsageError.exit_code, "UsageError", f"{sentence}; see '{_help_command(error)}'")
    elif isinstance(error, MemoryError):
        return Failure(EXIT_BUG, kind, "there is not enough memory; close other programs and try again")
    elif isinstance(error, OSError):
        text = error.strerror or str(error)
        name = f" {error.filename}" if error.filename is not None else ""
        if error.errno in _OUTPUT_ERRNOS:
            return Failure(OutputError.exit_code, "OutputError", f"cannot write{name}: {text}")
        return Failure(InputError.exit_code, "InputError", f"cannot read{name}: {text}")
    else:
        return Failure(
            EXIT_BUG,
            kind,
            f"{kind}: {error}. This is a bug in {PROGRAM}, your input was not changed; "
            "please report it with what the same command says with -v",
        )
    written = error.written if isinstance(error, Stopped) else ()
    if written:
        what = "already complete: " + ", ".join(written)
    return Failure(code, "Interrupted", f"interrupted; {what}")


def fail(error: BaseException, invocation: Invocation) -> int:
    """Say what went wrong on stderr, with ``--json`` as a document on stdout too, and return the exit code."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return UsageError.exit_code
    failure = describe(error)
    if invocation.verbose and failure.exit_code == EXIT_BUG:
        write_stderr("".join(traceback.format_exception(error)))
    write_stderr(f"{PROGRAM}: {printable(failure.message)}\n")
    if invocation.json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "command": invocation.command,
            "exit_code": failure.exit_code,
            "error": {"type": failure.kind, "message": failure.message},
        }
        if isinstance(error, ReferenceMismatchError) and error.candidates:
            document["candidates"] = [asdict(candidate) for candidate in error.candidates]
        with contextlib.suppress(OutputError):
            write_stdout(as_text(document))
    return failure.exit_code


def as_text(document: dict[str, Any]) -> str:
    """Return a JSON document as text; ASCII only, so that any file name survives any terminal encoding."""
    return json.dumps(document, indent=2) + "\n"


def printable(text: str) -> str:
    """Return ``text`` with control characters and undecodable bytes escaped: a file name must not steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def prepare_streams() -> None:
    """Make stdout and stderr safe to write any text to, also where the caller closed them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_stdout(text: str) -> None:
    """Write to stdout; a reader that has gone is no error, any other refusal is an OutputError."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _point_nowhere(1)
    except OSError as error:
        _point_nowhere(1)
        raise OutputError(f"cannot write the result to standard output: {error.strerror or error}") from error


def write_stderr(text: str) -> None:
    """Write to stderr if it still exists."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _point_nowhere(2)


def _point_nowhere(fd: int) -> None:
    # What Python has buffered is flushed once more at exit, and would fail there with a traceback.
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, fd)
        os.close(nowhere)


def _help_command(error: BaseException) -> str:
    path = getattr(getattr(error, "ctx", None), "command_path", None) or PROGRAM
    return f"{path} --help"
