"""``reencode`` from outside: through the API, in this process, as a program that is interrupted."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import mediarescue
from mediarescue.cli.app import main
from mediarescue.errors import MediaRescueError
from mediarescue.options import EncodeOptions, ReencodeOptions
from tests.conftest import Clips
from tests.support.clips import ClipSpec, VideoSpec

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")
CLIP = ClipSpec(video=(VideoSpec(frames=20),))
LONG = ClipSpec(
    video=(VideoSpec(frames=1500, size=(64, 48), options=(("preset", "ultrafast"), ("crf", "30"))),), audio=()
)


@pytest.fixture
def folder(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand above a folder with a film, a photo, a note, and in a folder of its own another film."""
    monkeypatch.chdir(tmp_path)
    Path("in", "day2").mkdir(parents=True)
    film = clips.clip("reencode.mp4", CLIP).read_bytes()
    Path("in", "clip.mp4").write_bytes(film)
    Path("in", "day2", "clip.mp4").write_bytes(film)
    Path("in", "notes.txt").write_text("no film", encoding="utf-8")
    picture = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(picture).save(Path("in", "photo.png"))
    return tmp_path


def start(*words: str, first: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "mediarescue", "reencode", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=first,
    )


def by_api(source: str, target: str) -> tuple[int, str]:
    try:
        return mediarescue.reencode(source, target, options=ReencodeOptions(EncodeOptions(lossless=True))).exit_code, ""
    except MediaRescueError as error:
        return error.exit_code, str(error)


def in_process(source: str, target: str) -> tuple[int, str]:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(["reencode", source, "-o", target, "--lossless", "-q"])
    return code, said.getvalue().removeprefix("mediarescue: ").rstrip("\n")


def as_program(source: str, target: str) -> tuple[int, str]:
    process = start(source, "-o", target, "--lossless", "-q")
    _, err = process.communicate(timeout=120)
    return process.returncode, err.removeprefix("mediarescue: ").rstrip("\n")


@pytest.mark.parametrize("run", [by_api, in_process, as_program])
def test_api_and_program_do_the_same(folder: Path, run: Callable[[str, str], tuple[int, str]]) -> None:
    assert run("in/clip.mp4", "out.mp4") == (0, "")
    with av.open("in/clip.mp4") as source, av.open("out.mp4") as target:
        for one, other in zip(source.decode(video=0), target.decode(video=0), strict=True):
            assert one.pts == other.pts
            assert np.array_equal(one.to_ndarray(), other.to_ndarray())
    code, message = run("in/clip.mp4", "out.mp4")
    assert code == 6
    assert message == "out.mp4 exists; it is replaced only with --overwrite"
    code, message = run("in/clip.mp4", "in/clip.mp4")
    assert code == 2
    assert "inputs are never written to" in message


def names(folder: str | Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_two_runs_over_a_folder_do_not_work_on_their_own_outputs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reencode", "in", "--preset", "ultrafast", "--json"]) == 0
    after = ["clip.mp4", "clip_reencoded.mp4", "day2/clip.mp4", "day2/clip_reencoded.mp4"]
    assert names("in") == [*after, "notes.txt", "photo.png", "photo_reencoded.png"]
    assert Path("in/photo_reencoded.png").read_bytes() == Path("in/photo.png").read_bytes()
    first = json.loads(capsys.readouterr().out)
    assert [file["input"] for file in first["files"]] == ["in/clip.mp4", "in/photo.png", "in/day2/clip.mp4"]
    assert first["files"][0]["report"]["frames"] == 20
    assert first["files"][0]["report"]["settings"]["preset"] == "ultrafast"
    assert first["passed_over"] == {"own_outputs": 0, "other_files": 1}
    assert main(["reencode", "in", "--skip-existing", "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert [file["state"] for file in second["files"]] == ["skipped"] * 3
    assert second["passed_over"] == {"own_outputs": 3, "other_files": 1}
    assert main(["reencode", "in", "--json"]) == 6
    third = json.loads(capsys.readouterr().out)
    assert [file["exit_code"] for file in third["files"]] == [6, 6, 6]


def test_a_folder_of_outputs_inside_the_folder_of_inputs_is_not_fed_back(folder: Path) -> None:
    for _ in range(2):
        assert main(["reencode", "in", "--out-dir", "in/out", "--preset", "ultrafast", "--overwrite", "-q"]) == 0
        assert names("in/out") == ["clip.mp4", "day2/clip.mp4", "photo.png"]


def test_bad_files_cost_themselves_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film, photo = Path("in/clip.mp4").read_bytes(), Path("in/photo.png").read_bytes()
    Path("in/a_cut.mp4").write_bytes(film[: len(film) // 2])
    Path("in/b_empty.mov").write_bytes(b"")
    Path("in/c_noise.mkv").write_bytes(os.urandom(5000))
    Path("in/d_zeros.jpg").write_bytes(bytes(5000))
    Path("in/e_cut.png").write_bytes(photo[: len(photo) // 2])
    Path("in/f.webp").write_bytes(b"RIFF\x10\0\0\0WEBPVP8 ")
    Path("empty").mkdir()
    assert main(["reencode", "in", "empty", "gone.mp4", "--out-dir", "out", "--preset", "ultrafast", "--json"]) == 3
    out, err = capsys.readouterr()
    document = json.loads(out)
    states = {Path(file["input"]).name: (file["state"], file["exit_code"]) for file in document["files"]}
    bad = ["a_cut.mp4", "b_empty.mov", "c_noise.mkv", "d_zeros.jpg", "e_cut.png", "f.webp", "empty", "gone.mp4"]
    assert {name for name, state in states.items() if state == ("failed", 3)} == set(bad)
    assert {name for name, state in states.items() if state == ("done", 0)} == {"clip.mp4", "photo.png"}
    assert names("out") == ["clip.mp4", "day2/clip.mp4", "photo.png"]
    for name in bad:
        (sentence,) = [line for line in err.splitlines() if Path(line.split(" ")[1].rstrip(":")).name == name]
        assert sentence.startswith("mediarescue: ")
        assert "bug" not in sentence


@pytest.mark.parametrize("ending", ["gif", "bmp"])
def test_a_photo_that_is_not_worked_on_is_told_what_to_do(
    folder: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (8, 8)).save(Path(f"in/x.{ending}"))
    assert main(["reencode", f"in/x.{ending}"]) == 3
    assert "save it as PNG first" in capsys.readouterr().err


def test_a_photo_of_its_own_is_said_once_and_keeps_its_format(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reencode", "in/photo.png", "-o", "x.png", "--progress", "plain"]) == 0
    out, err = capsys.readouterr()
    assert (out + err).count("nothing was changed") == 1
    assert main(["reencode", "in/photo.png", "-o", "x.jpg"]) == 2
    assert "in/photo.png is PNG" in capsys.readouterr().err
    assert not Path("x.jpg").exists()


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(folder)
    assert main(["reencode", "in", "--out-dir", "out", "--crf", "20", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "h264 to libx264 crf 20" in out
    assert "nothing was written: a dry run" in out
    assert main(["reencode", "in", "--out-dir", "out", "--dry-run", "--json"]) == 0
    assert [file["state"] for file in json.loads(capsys.readouterr().out)["files"]] == ["planned"] * 3
    assert names(folder) == before
    assert not Path("out").exists()


@posix_only
def test_a_limit_met_while_writing_is_an_output_error_and_leaves_nothing(folder: Path) -> None:
    import resource

    size = Path("in/clip.mp4").stat().st_size // 4
    process = start(
        *("in", "--out-dir", "out", "--lossless"),
        first=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 6
    assert err.count("a file of this size is not allowed there") >= 2
    assert "Traceback" not in err
    assert "failed (6)" in out
    assert not any(name.startswith(".") or "/." in name for name in names(folder))


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@posix_only
@pytest.mark.parametrize(
    ("number", "code", "to_all"),
    [(signal.SIGINT, 130, True), (signal.SIGTERM, 143, True), (signal.SIGTERM, 143, False)],
    ids=["Ctrl-C", "termination of all processes", "termination"],
)
def test_a_signal_leaves_whole_files_only(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int, to_all: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    small, long = clips.clip("reencode.mp4", CLIP), clips.clip("reencode-long.mp4", LONG)
    process = start(str(small), str(long), "--out-dir", "out", "--preset", "veryslow", "--progress", "json")
    assert process.stderr is not None
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] == "progressed" and event["file"] == str(long):
            break
    (os.killpg if to_all else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, (out, err)
    assert err.endswith("mediarescue: interrupted; 1 of 2 files are complete\n")
    assert "Traceback" not in err
    assert "interrupted" in out
    assert names(tmp_path) == [f"out/{small.name}"]
    assert not list(tmp_path.rglob(".*"))


@posix_only
def test_a_film_whose_encoding_was_killed_goes_on_from_its_finished_parts(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    long = clips.clip("reencode-long.mp4", LONG)
    words = [str(long), "-o", "out.mp4", "--resume", "--preset", "medium"]
    process = start(*words)
    wait_for(lambda: bool(list(tmp_path.glob(".out.mp4.mediarescue-work/*.pts"))), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert not Path("out.mp4").exists()
    again = start(*words, "--json")
    out, _ = again.communicate(timeout=120)
    assert again.returncode == 0
    report = json.loads(out)["files"][0]["report"]
    assert report["frames"] == 1500
    assert report["resumed_frames"] >= 600
    assert names(tmp_path) == ["out.mp4"]
    with av.open("out.mp4") as film:
        stream = film.streams.video[0]
        assert stream.frames == 1500
        assert stream.average_rate == Fraction(25)
