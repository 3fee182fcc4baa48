"""The promises of the command line, tried from outside: processes, signals, pipes, limits."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals, limits and descriptors")

_DRIVER = '''
"""The real program around an API that only copies: slowly where asked to, so that a signal meets it at work."""
import os, signal, sys, time, types
from pathlib import Path
import mediarescue
from mediarescue.copying import RangeCopier
from mediarescue.events import Artifact, Progressed, StageFinished, StageStarted
from mediarescue.output import AtomicOutput, check_target, default_target
from mediarescue.reports import TimingSource, TrackReport, UntruncReport

def untrunc(broken, *, reference, output=None, options, listener):
    target = output or default_target(broken, "_rescued")
    check_target(target, inputs=[broken, reference], overwrite=options.overwrite)
    size = broken.stat().st_size
    with broken.open("rb") as source, AtomicOutput(target, needed_bytes=size, overwrite=options.overwrite) as out:
        listener(StageStarted("copying", size))
        copier = RangeCopier(source.fileno(), [(0, size)], out.file.fileno(), 0, source=broken, target=target)
        with copier:
            copier.join(lambda done: listener(Progressed("copying", done)))
        listener(StageFinished("copying"))
        out.commit(verify)
    listener(Artifact(str(target), "output"))
    track = TrackReport(1, "video", "avc1", 10, 1, size, 1.0, TimingSource.CONSTANT)
    return UntruncReport(str(broken), str(reference), str(target), size, size, size, (track,), (), None, (), ())

def verify(path):
    if slow == "verify":
        time.sleep(30)

slow = os.environ.get("SLOW", "")
if slow == "copy":
    copy_file_range = os.copy_file_range
    def sluggish(src, dst, count, *offsets):
        time.sleep(0.05)
        return copy_file_range(src, dst, min(count, 4096), *offsets)
    os.copy_file_range = sluggish
if limit := os.environ.get("LIMIT"):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
signal.signal(signal.SIGINT, signal.default_int_handler)
module = types.ModuleType("mediarescue.api")
module.untrunc = untrunc
sys.modules["mediarescue.api"] = mediarescue.api = module
from mediarescue.cli.app import main
sys.exit(main())
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "broken.mp4").write_bytes(os.urandom(2_000_000))
    (tmp_path / "good.mp4").write_bytes(b"good")
    return tmp_path


def start(folder: Path, *extra: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _DRIVER, "untrunc", "broken.mp4", "--ref", "good.mp4", *extra],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def wait_for_temporary(folder: Path, process: subprocess.Popen[str], size: int = 1) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if any(path.stat().st_size >= size for path in folder.glob(".*.rescuing")):
            return
        time.sleep(0.01)
    raise AssertionError(f"no temporary file appeared: {process.communicate()}")


def test_a_rescue_writes_the_output_and_nothing_else(folder: Path) -> None:
    process = start(folder, "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err == ""
    assert json.loads(out)["output"] == "broken_rescued.mp4"
    assert names(folder) == ["broken.mp4", "broken_rescued.mp4", "good.mp4"]
    assert digest(folder / "broken_rescued.mp4") == digest(folder / "broken.mp4")


@posix_only
@pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="the slow copy is built on copy_file_range")
@pytest.mark.parametrize("stage", ["copy", "verify"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_a_signal_in_the_middle_leaves_no_file_and_the_input_unchanged(
    folder: Path, stage: str, number: signal.Signals, code: int, extra: tuple[str, ...]
) -> None:
    before = digest(folder / "broken.mp4")
    process = start(folder, *extra, SLOW=stage)
    wait_for_temporary(folder, process, 4096 if stage == "copy" else 2_000_000)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert process.returncode == code
    assert err == "mediarescue: interrupted; nothing was written\n"
    if extra:
        assert json.loads(out)["error"]["type"] == "Interrupted"
    else:
        assert out == ""
    assert names(folder) == ["broken.mp4", "good.mp4"]
    assert digest(folder / "broken.mp4") == before


@posix_only
@pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="the slow copy is built on copy_file_range")
def test_a_signal_keeps_the_file_that_was_to_be_replaced(folder: Path) -> None:
    (folder / "out.mp4").write_bytes(b"old")
    process = start(folder, "-o", "out.mp4", "--overwrite", SLOW="copy")
    wait_for_temporary(folder, process)
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert (folder / "out.mp4").read_bytes() == b"old"
    assert names(folder) == ["broken.mp4", "good.mp4", "out.mp4"]


@posix_only
def test_a_limit_met_in_the_middle_of_the_copy_is_an_output_error(folder: Path) -> None:
    process = start(folder, LIMIT="1000000")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 6
    assert out == ""
    assert err.startswith("mediarescue: cannot write broken_rescued.mp4: a file of this size is not allowed there")
    assert err.count("\n") == 1
    assert names(folder) == ["broken.mp4", "good.mp4"]


def test_a_sparse_file_larger_than_the_disk_is_refused_before_anything_is_written(folder: Path) -> None:
    with (folder / "broken.mp4").open("wb") as file:
        try:
            file.truncate(15_000_000_000_000)
        except OSError:
            pytest.skip("this file system has no file as large as this")
    process = start(folder)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 6
    assert "not enough space" in err
    assert "15.0 TB are needed" in err
    assert names(folder) == ["broken.mp4", "good.mp4"]


def test_a_sparse_file_of_5_gb_is_copied_as_one(folder: Path) -> None:
    with (folder / "broken.mp4").open("r+b") as file:
        file.truncate(5_000_000_000)
        if os.fstat(file.fileno()).st_size != 5_000_000_000 or sys.platform != "linux":
            pytest.skip("holes are kept on Linux only")
    process = start(folder)
    _, err = process.communicate(timeout=120)
    if "not enough space" in err:
        pytest.skip("less than 5 GB are free here")
    assert process.returncode == 0
    status = (folder / "broken_rescued.mp4").stat()
    assert status.st_size == 5_000_000_000
    with (folder / "broken.mp4").open("rb") as a, (folder / "broken_rescued.mp4").open("rb") as b:
        assert a.read(3_000_000) == b.read(3_000_000)


@posix_only
@pytest.mark.parametrize("arguments", [(), ("--json",), ("--help",), ("--progress", "plain")])
def test_a_reader_that_has_gone_is_no_error(folder: Path, arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-c", _DRIVER, "untrunc", "broken.mp4", "--ref", "good.mp4", *arguments],
            cwd=folder,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@posix_only
def test_a_full_disk_behind_stdout_is_said(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", _DRIVER, "untrunc", "broken.mp4", "--ref", "good.mp4"],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 6
    assert done.stderr == "mediarescue: cannot write the result to standard output: No space left on device\n"


_IMPORTS = """
import sys
from mediarescue.cli.app import main
code = main(sys.argv[1:])
heavy = {"numba", "numpy", "av", "cv2", "construct", "click"}.intersection(sys.modules)
print(code, sorted(heavy), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["untrunc", "--help"], 0),
        (["inspect", "--help"], 0),
        (["--version"], 0),
        ([], 2),
        (["untrunc"], 2),
        (["inspect"], 2),
        (["inspect", "x.mp4", "--depth", "0"], 2),
        (["reencode", "--help"], 0),
        (["reencode"], 2),
        (["reencode", "x.mp4", "--jobs", "0"], 2),
        (["reencode", "x.mp4", "-o", "y.mp4", "--out-dir", "z"], 2),
        (["reencode", "x.mp4"], 3),
    ],
)
def test_help_and_usage_errors_import_nothing_heavy(arguments: list[str], code: int) -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORTS, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == f"{code} []"


def test_json_without_progress_never_loads_rich(folder: Path) -> None:
    script = _DRIVER.replace("sys.exit(main())", "main(); print('rich' in sys.modules, file=sys.stderr)")
    done = subprocess.run(
        [sys.executable, "-c", script, "untrunc", "broken.mp4", "--ref", "good.mp4", "--json", "--progress", "none"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "False\n"


def test_the_installed_program_is_this_one() -> None:
    program = Path(sys.executable).with_name("mediarescue" + (".exe" if sys.platform == "win32" else ""))
    if not program.exists():
        pytest.skip("the package is not installed with its console script")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mediarescue ")
