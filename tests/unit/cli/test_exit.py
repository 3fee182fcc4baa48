from __future__ import annotations

import errno
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from mediarescue.cli import untrunc_cmd
from mediarescue.cli._exit import Invocation, Stopped, describe, printable, stopping_on_signals
from mediarescue.cli.app import main
from mediarescue.events import Listener
from mediarescue.output import write_text_atomic
from tests.unit.cli.conftest import FakeApi

BASE = ["untrunc", "broken.mp4", "--ref", "good.mp4"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Invocation("", False, False)),
        (["untrunc", "a", "--json"], Invocation("untrunc", True, False)),
        (["untrunc", "-qv", "a"], Invocation("untrunc", False, True)),
        (["untrunc", "--verbose"], Invocation("untrunc", False, True)),
        (["untrunc", "--", "--json", "-v"], Invocation("untrunc", False, False)),
        (["--nope", "untrunc", "-o", "-x"], Invocation("untrunc", False, False)),
    ],
)
def test_an_invocation_is_read_without_parsing_it(words: list[str], expected: Invocation) -> None:
    assert Invocation.of(words) == expected


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), 6, "cannot write x: No space"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 3, "cannot read x: Permission denied"),
        (OSError(errno.EIO, "Input/output error"), 3, "cannot read: Input/output error"),
        (MemoryError(), 1, "not enough memory"),
        (KeyboardInterrupt(), 130, "interrupted; nothing was written"),
        (Stopped(143), 143, "interrupted; nothing was written"),
        (RecursionError("deep"), 1, "This is a bug"),
    ],
)
def test_exceptions_that_are_not_ours_are_put_in_words(error: BaseException, code: int, part: str) -> None:
    failure = describe(error)
    assert failure.exit_code == code
    assert part in failure.message


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_the_work_and_the_old_handlers_come_back(number: signal.Signals, code: int) -> None:
    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(Stopped) as stop, stopping_on_signals():
            signal.raise_signal(number)
        assert stop.value.exit_code == code
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_an_impatient_second_signal_does_not_interrupt_the_cleaning_up() -> None:
    cleaned = False
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(Stopped), stopping_on_signals():  # noqa: PT012
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGTERM)
                cleaned = True
    finally:
        signal.signal(signal.SIGINT, before)
    assert cleaned


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping_on_signals():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    done = threading.Event()

    def work() -> None:
        with stopping_on_signals():
            done.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done.is_set()


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("existing", [False, True])
def test_an_interrupt_says_what_is_already_complete(
    api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str], written: bool, existing: bool
) -> None:
    """Also between the file's taking its name and the event that says so."""
    target = here / "out.mp4"
    if existing:
        target.write_bytes(b"old")

    def interrupt(listener: Listener) -> None:
        if written:
            write_text_atomic(target, "new", overwrite=True)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    api.during = interrupt
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main([*BASE, "-v", "-o", "out.mp4", "--overwrite"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    expected = "already complete: out.mp4" if written else "nothing was written"
    assert capsys.readouterr().err == f"mediarescue: interrupted; {expected}\n"


def test_an_interrupt_behind_the_rescue_says_that_the_film_is_there(
    api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str) -> None:
        raise Stopped(130)

    monkeypatch.setattr(untrunc_cmd, "write_stdout", stop)
    assert main([*BASE, "--report", "r.json"]) == 130
    assert capsys.readouterr().err == "mediarescue: interrupted; already complete: broken_rescued.mp4, r.json\n"


def test_control_characters_are_escaped() -> None:
    assert printable("é \x1b\n\udcff") == r"é \x1b\n\udcff"
