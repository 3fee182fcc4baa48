"""What goes wrong for users: one sentence, a fixed exit code, no output file, inputs unchanged."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mediarescue.cli.app import main
from tests.conftest import Clips
from tests.support.boxes import tables_of
from tests.support.breaking import drop_moov
from tests.support.clips import AudioSpec, ClipSpec, Planes, VideoSpec
from tests.support.hashes import Frozen, sha256
from tests.support.layout import rechunk

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals, limits and permissions")


@pytest.fixture
def here(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with ``broken.mp4`` and ``good.mp4``, two takes of one camera."""
    pair = clips.pair("h264_no_b")
    drop_moov(pair.take, tmp_path / "broken.mp4")
    shutil.copyfile(pair.reference, tmp_path / "good.mp4")
    shutil.copyfile(pair.take, tmp_path / "healthy.mp4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


Fail = Callable[..., str]


@pytest.fixture
def fail(here: Path, capsys: pytest.CaptureFixture[str]) -> Fail:
    """Return ``fail(code, *arguments) -> message``: it runs the command and checks what every failure promises."""

    def run(code: int, *arguments: str) -> str:
        frozen = Frozen()
        before = sorted(here.rglob("*"))
        for path in before:
            if path.is_file() and os.access(path, os.R_OK):
                frozen(path)
        capsys.readouterr()
        assert main(["untrunc", *arguments, "--progress", "none"]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("mediarescue: ")
        assert err.count("\n") == 1, err
        assert "Traceback" not in err
        assert sorted(here.rglob("*")) == before, "a file was left or removed"
        frozen.check()
        return err

    return run


def rescue(here: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["untrunc", "broken.mp4", "--ref", "good.mp4", *arguments, "--progress", "none"]) == 0
    return capsys.readouterr().out


def test_the_command_itself_works_here(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "video" in rescue(here, capsys)
    assert (here / "broken_rescued.mp4").is_file()


def test_swapped_arguments(fail: Fail) -> None:
    message = fail(2, "good.mp4", "--ref", "broken.mp4")
    assert "swapped" in message
    assert "untrunc broken.mp4 --ref good.mp4" in message


def test_the_same_file_twice(fail: Fail) -> None:
    assert "twice" in fail(2, "broken.mp4", "--ref", "broken.mp4")


@posix_only
def test_the_same_file_twice_through_a_link(here: Path, fail: Fail) -> None:
    (here / "link.mp4").symlink_to("broken.mp4")
    assert "twice" in fail(2, "broken.mp4", "--ref", "link.mp4")


def test_a_healthy_file(fail: Fail) -> None:
    assert "not broken" in fail(9, "healthy.mp4", "--ref", "good.mp4")


def test_a_reference_without_moov(here: Path, fail: Fail) -> None:
    drop_moov(here / "good.mp4", here / "bad.mp4")
    assert "moov" in fail(4, "broken.mp4", "--ref", "bad.mp4")


def test_a_reference_that_is_cut_short(here: Path, fail: Fail, clips: Clips) -> None:
    data = clips.pair("moov_first").reference.read_bytes()
    (here / "bad.mp4").write_bytes(data[: len(data) * 2 // 3])
    fail(4, "broken.mp4", "--ref", "bad.mp4")


def test_a_reference_that_is_no_movie(here: Path, fail: Fail) -> None:
    (here / "bad.mp4").write_text("not a film\n" * 100)
    fail(4, "broken.mp4", "--ref", "bad.mp4")


def test_a_reference_with_times_that_no_film_has(here: Path, fail: Fail, clips: Clips) -> None:
    pair = clips.pair("h264_b")
    drop_moov(pair.take, here / "b.mp4")
    data = bytearray(pair.reference.read_bytes())
    first_run = data.index(b"stts", data.index(b"moov")) + 12
    assert data[first_run : first_run + 4] != bytes(4)
    data[first_run + 4 : first_run + 8] = b"\x64\0\0\0"
    (here / "bad.mp4").write_bytes(data)
    assert "damaged" in fail(4, "b.mp4", "--ref", "bad.mp4")


def test_a_reference_of_another_codec(here: Path, fail: Fail, clips: Clips) -> None:
    shutil.copyfile(clips.pair("hevc_no_b").reference, here / "other.mp4")
    message = fail(4, "broken.mp4", "--ref", "other.mp4")
    assert "reference does not fit" in message
    assert "hvc1" in message or "hev1" in message


@pytest.mark.parametrize("size", [(320, 240), (96, 64), (160, 96), (160, 160)])
def test_a_reference_of_another_frame_size(here: Path, fail: Fail, clips: Clips, size: tuple[int, int]) -> None:
    options = (("x264-params", "bframes=0:keyint=15"),)
    spec = ClipSpec(video=(VideoSpec(size=size, options=options, seed=9),), audio=(AudioSpec(seed=9),))
    shutil.copyfile(clips.clip(f"size-{size[0]}x{size[1]}.mp4", spec), here / "other.mp4")
    message = fail(4, "broken.mp4", "--ref", "other.mp4")
    assert "reference does not fit" in message
    assert f"{size[0]}x{size[1]}" in message


def test_a_reference_with_another_coding_of_the_same_size(here: Path, fail: Fail, clips: Clips) -> None:
    """CABAC pictures read with CAVLC parameter sets parse, but give no picture."""
    shutil.copyfile(clips.pair("h264_baseline_cavlc").reference, here / "other.mp4")
    assert "reference does not fit" in fail(4, "broken.mp4", "--ref", "other.mp4")


@pytest.mark.parametrize(("entry", "encrypted"), [(b"avc1", b"encv"), (b"mp4a", b"enca")])
def test_an_encrypted_reference(here: Path, fail: Fail, entry: bytes, encrypted: bytes) -> None:
    data = (here / "good.mp4").read_bytes()
    at = data.index(b"stsd", data.rindex(b"moov"))
    at = data.index(entry, at)
    (here / "other.mp4").write_bytes(data[:at] + encrypted + data[at + 4 :])
    assert "encrypted" in fail(4, "broken.mp4", "--ref", "other.mp4")


def test_an_empty_file(here: Path, fail: Fail) -> None:
    (here / "nothing.mp4").write_bytes(b"")
    assert "empty" in fail(5, "nothing.mp4", "--ref", "good.mp4")


@pytest.mark.parametrize("size", [1, 4096, 3_000_001])
def test_a_file_of_zeros(here: Path, fail: Fail, size: int) -> None:
    (here / "zeros.mp4").write_bytes(bytes(size))
    assert "zeros" in fail(5, "zeros.mp4", "--ref", "good.mp4")


def test_a_header_with_zeros_behind_it(here: Path, fail: Fail) -> None:
    head = (here / "broken.mp4").read_bytes()[:48]
    (here / "zeros.mp4").write_bytes(head + bytes(2_000_000))
    fail(5, "zeros.mp4", "--ref", "good.mp4")


def test_a_file_that_ends_behind_its_mdat_header(here: Path, fail: Fail) -> None:
    data = (here / "broken.mp4").read_bytes()
    (here / "short.mp4").write_bytes(data[: data.index(b"mdat") + 4])
    fail(5, "short.mp4", "--ref", "good.mp4")


def test_a_file_that_ends_inside_its_first_sample(here: Path, fail: Fail, clips: Clips) -> None:
    options = (("crf", "4"), ("x264-params", "bframes=0:keyint=15"))
    video = VideoSpec(size=(320, 240), options=options, frames=8)
    clip = clips.clip("fine.mp4", ClipSpec(video=(video,), audio=()))
    drop_moov(clip, here / "short.mp4")
    with (here / "short.mp4").open("r+b") as file:
        first = tables_of(clip)[0]
        assert first.sizes[0] > 20_000
        file.truncate(first.offsets[0] + first.sizes[0] // 2)
    fail(5, "short.mp4", "--ref", str(clip))


def black(index: int, width: int, height: int, seed: int) -> Planes:
    u, v = (np.full((height // 2, width // 2), 128, np.uint8) for _ in range(2))
    return np.full((height, width), 16, np.uint8), u, v


def test_a_black_film_is_rescued_like_any_other(here: Path, clips: Clips) -> None:
    """A camera in a pocket: its key frames have no picture, and no error."""
    video = VideoSpec(options=(("x264-params", "bframes=0:keyint=15"),), paint=black)
    clip = clips.clip("black.mp4", ClipSpec(video=(video,)))
    drop_moov(clip, here / "pocket.mp4")
    assert main(["untrunc", "pocket.mp4", "--ref", str(clip), "--progress", "none", "-q"]) == 0


def test_an_empty_reference(here: Path, fail: Fail) -> None:
    (here / "nothing.mp4").write_bytes(b"")
    fail(4, "broken.mp4", "--ref", "nothing.mp4")


def test_a_folder(here: Path, fail: Fail) -> None:
    (here / "folder.mp4").mkdir()
    assert "folder" in fail(3, "folder.mp4", "--ref", "good.mp4")
    assert "no film in folder" in fail(4, "broken.mp4", "--ref", "folder.mp4")


def test_a_file_that_is_not_there(fail: Fail) -> None:
    assert "no such file" in fail(3, "missing.mp4", "--ref", "good.mp4")
    assert "no such file" in fail(3, "broken.mp4", "--ref", "missing.mp4")


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(here: Path, fail: Fail) -> None:
    (here / "broken.mp4").chmod(0)
    assert "permission" in fail(3, "broken.mp4", "--ref", "good.mp4")


@posix_only
def test_a_device(fail: Fail) -> None:
    assert "regular file" in fail(3, "/dev/zero", "--ref", "good.mp4")


@pytest.mark.parametrize("content", ["Dear diary,\n" * 2000, "x", '{"a": 1}\n' * 10])
def test_a_text_file(here: Path, fail: Fail, content: str) -> None:
    (here / "notes.txt").write_text(content)
    assert "no MP4 or MOV" in fail(3, "notes.txt", "--ref", "good.mp4")


def test_a_picture(here: Path, fail: Fail) -> None:
    (here / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)) * 100)
    fail(3, "photo.jpg", "--ref", "good.mp4")


def test_an_output_that_exists(here: Path, fail: Fail) -> None:
    (here / "broken_rescued.mp4").write_bytes(b"mine")
    assert "--overwrite" in fail(6, "broken.mp4", "--ref", "good.mp4")
    assert "--overwrite" in fail(6, "broken.mp4", "--ref", "good.mp4", "-o", "healthy.mp4")


def test_an_output_that_exists_is_kept_when_the_rescue_fails_with_overwrite(here: Path, fail: Fail) -> None:
    (here / "out.mp4").write_bytes(b"mine")
    (here / "zeros.mp4").write_bytes(bytes(5000))
    fail(5, "zeros.mp4", "--ref", "good.mp4", "-o", "out.mp4", "--overwrite")
    assert (here / "out.mp4").read_bytes() == b"mine"


@pytest.mark.parametrize("extra", [(), ("--overwrite",)])
def test_an_output_that_is_an_input(fail: Fail, extra: tuple[str, ...]) -> None:
    assert "input" in fail(2, "broken.mp4", "--ref", "good.mp4", "-o", "broken.mp4", *extra)
    assert "input" in fail(2, "broken.mp4", "--ref", "good.mp4", "-o", "good.mp4", *extra)


@posix_only
def test_an_output_that_is_an_input_through_a_hard_link(here: Path, fail: Fail) -> None:
    os.link(here / "good.mp4", here / "again.mp4")
    fail(2, "broken.mp4", "--ref", "good.mp4", "-o", "again.mp4", "--overwrite")


def test_a_folder_for_the_output_that_is_missing(fail: Fail) -> None:
    fail(6, "broken.mp4", "--ref", "good.mp4", "-o", "nowhere/out.mp4")


def test_errors_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["untrunc", "healthy.mp4", "--ref", "good.mp4", "--json", "--progress", "none"]) == 9
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == 1
    assert document["exit_code"] == 9


def test_a_dry_run_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: sha256(path) for path in here.iterdir()}
    rescue(here, capsys, "--dry-run")
    assert {path: sha256(path) for path in here.iterdir()} == before


@pytest.mark.parametrize("preset", ["h264_b", "hevc_open_gop", "two_aac", "pcm_sowt_mov", "vfr"])
def test_the_same_command_twice_gives_the_same_bytes(
    clips: Clips, preset: str, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.pair(preset)
    broken = frozen_input(drop_moov(pair.take, tmp_path / f"broken{pair.take.suffix}"))
    outputs = [tmp_path / f"{i}{pair.take.suffix}" for i in range(2)]
    for output in outputs:
        arguments = ["untrunc", str(broken), "--ref", str(pair.reference), "-o", str(output), "-q"]
        assert main([*arguments, "--progress", "none"]) in (0, 10)
        time.sleep(0.01)
    assert sha256(outputs[0]) == sha256(outputs[1])


_DRIVER = '''
"""The real program, slowed down at one place so that a signal or a limit meets it there."""
import os, signal, sys, time
slow, limit = os.environ.get("SLOW"), os.environ.get("LIMIT")
if slow == "copy":
    copy = os.copy_file_range
    def sluggish(src, dst, count, *offsets):
        time.sleep(0.05)
        return copy(src, dst, min(count, 512), *offsets)
    os.copy_file_range = sluggish
import mediarescue.search_rescue
if slow == "identify":
    identify = mediarescue.search_rescue.identify
    def identify_slowly(*arguments, **options):
        time.sleep(30)
        return identify(*arguments, **options)
    mediarescue.search_rescue.identify = identify_slowly
if slow == "verify":
    mediarescue.search_rescue.check_structure = lambda *arguments: time.sleep(30)
if limit:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
signal.signal(signal.SIGINT, signal.default_int_handler)
from mediarescue.cli.app import main
sys.exit(main())
'''


def start(here: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _DRIVER, "untrunc", "broken.mp4", "--ref", "good.mp4"],
        cwd=here,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@posix_only
@pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="the slow copy is built on copy_file_range")
@pytest.mark.parametrize("stage", ["copy", "identify", "verify"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_a_rescue_leaves_nothing(here: Path, stage: str, number: signal.Signals, code: int) -> None:
    before = {path.name: sha256(path) for path in here.iterdir()}
    process = start(here, SLOW=stage)
    deadline = time.monotonic() + 60
    wanted = {"copy": 1, "identify": 1, "verify": (here / "broken.mp4").stat().st_size + 100}[stage]
    while process.poll() is None and time.monotonic() < deadline:
        if any(path.stat().st_size >= wanted for path in here.glob(".*.rescuing")):
            break
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert err.splitlines()[-1] == "mediarescue: interrupted; nothing was written"
    assert "Traceback" not in err
    assert out == ""
    assert {path.name: sha256(path) for path in here.iterdir()} == before


@posix_only
def test_a_disk_limit_met_during_a_rescue(here: Path) -> None:
    before = {path.name: sha256(path) for path in here.iterdir()}
    process = start(here, LIMIT=str((here / "broken.mp4").stat().st_size // 2))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 6, err
    assert out == ""
    said = [line for line in err.splitlines() if "identify samples" not in line and "compiling" not in line]
    assert len(said) == 1, "one sentence beside the progress of a slow machine"
    assert said[0].startswith("mediarescue: cannot write broken_rescued.mp4: ")
    assert {path.name: sha256(path) for path in here.iterdir()} == before


def test_a_reference_without_sound_still_serves_the_video(here: Path, clips: Clips) -> None:
    """Chunks of half a second, as phones write: between them lies sound that nothing explains."""
    spec = VideoSpec(options=(("x264-params", "bframes=0:keyint=15"),), seed=101, frames=70)
    silent = clips.clip("silent.mp4", ClipSpec(video=(spec,), audio=()))
    rechunk(here / "healthy.mp4", here / "long.mp4", chunk_seconds=0.5)
    drop_moov(here / "long.mp4", here / "long-broken.mp4")
    arguments = ["untrunc", "long-broken.mp4", "--ref", str(silent), "--progress", "none", "-q"]
    assert main(arguments) == 10
    (video,) = tables_of(here / "long-broken_rescued.mp4")
    original = tables_of(here / "long.mp4")[0]
    assert video.sizes == original.sizes


def test_a_reference_with_a_second_of_sound_more_or_less_serves(here: Path, clips: Clips) -> None:
    spec = VideoSpec(options=(("x264-params", "bframes=0:keyint=15"),), seed=101, frames=70)
    sound = AudioSpec(seconds=Fraction(1), seed=3)
    other = clips.clip("short-sound.mp4", ClipSpec(video=(spec,), audio=(sound,)))
    assert main(["untrunc", "broken.mp4", "--ref", str(other), "--progress", "none", "-q"]) in (0, 10)


FRAGMENTED = ClipSpec(
    video=(VideoSpec(options=(("x264-params", "bframes=0:keyint=15"),)),),
    options=(("movflags", "+frag_keyframe+empty_moov+default_base_moof"),),
)


def top_level(data: bytes) -> list[tuple[bytes, int, int]]:
    """Return kind, offset and end of each top-level box."""
    boxes, pos = [], 0
    while pos < len(data):
        end = pos + int.from_bytes(data[pos : pos + 4], "big")
        boxes.append((data[pos + 4 : pos + 8], pos, end))
        pos = end
    return boxes


def test_a_fragmented_file_that_is_whole_is_healthy(here: Path, fail: Fail, clips: Clips) -> None:
    shutil.copyfile(clips.clip("fragmented.mp4", FRAGMENTED), here / "f.mp4")
    assert "not broken" in fail(9, "f.mp4", "--ref", "good.mp4")


def test_a_fragmented_file_without_a_sample_says_so(here: Path, fail: Fail, clips: Clips) -> None:
    data = clips.clip("fragmented.mp4", FRAGMENTED).read_bytes()
    first = next(box for box in top_level(data) if box[0] == b"moof")
    (here / "f.mp4").write_bytes(data[: first[2] + 100])
    assert "not one sample" in fail(5, "f.mp4")


def test_a_fragment_that_is_cut_cannot_be_kept(here: Path, fail: Fail, clips: Clips) -> None:
    data = clips.clip("fragmented.mp4", FRAGMENTED).read_bytes()
    first = next(box for box in top_level(data) if box[0] == b"mdat")
    (here / "f.mp4").write_bytes(data[: first[2] - 9])
    assert "not one fragment of f.mp4 is whole" in fail(5, "f.mp4", "--keep-fragments")


def test_a_reference_is_asked_for_where_one_is_needed(here: Path, fail: Fail, clips: Clips) -> None:
    assert "untrunc broken.mp4 --ref GOOD" in fail(2, "broken.mp4")
    data = clips.clip("fragmented.mp4", FRAGMENTED).read_bytes()
    (here / "part.m4s").write_bytes(data[next(box for box in top_level(data) if box[0] == b"moof")[1] :])
    assert "untrunc part.m4s --ref GOOD" in fail(2, "part.m4s")


def test_a_fragmented_reference_without_fragments_teaches_nothing(here: Path, fail: Fail, clips: Clips) -> None:
    data = clips.clip("fragmented.mp4", FRAGMENTED).read_bytes()
    (here / "f.mp4").write_bytes(data[: next(box for box in top_level(data) if box[0] == b"moof")[1]])
    assert "is fragmented" in fail(4, "broken.mp4", "--ref", "f.mp4")


def test_a_photo_without_a_video_is_no_film(here: Path, fail: Fail) -> None:
    (here / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(3000) + b"\xff\xd9")
    assert "no video was found in it" in fail(3, "photo.jpg", "--ref", "good.mp4")


@pytest.mark.parametrize("report", ["broken_rescued.mp4", "../{here}/broken_rescued.mp4"])
def test_a_report_does_not_replace_the_rescued_film(here: Path, fail: Fail, report: str) -> None:
    name = report.replace("{here}", here.name)
    assert "give two names" in fail(2, "broken.mp4", "--ref", "good.mp4", "--report", name, "--overwrite")


def test_sound_that_is_lost_is_a_reservation(here: Path, clips: Clips, capsys: pytest.CaptureFixture[str]) -> None:
    spec = ClipSpec(video=(VideoSpec(options=(("x264-params", "bframes=0:keyint=15"),)),), audio=())
    drop_moov(clips.clip("no-sound.mp4", spec), here / "mute.mp4")
    assert main(["untrunc", "mute.mp4", "--ref", "good.mp4", "--progress", "none"]) == 10
    assert "no sample of track 2 (audio, mp4a)" in capsys.readouterr().out


def test_an_ftyp_of_a_damaged_size_does_not_bring_the_media_into_the_head(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray((here / "broken.mp4").read_bytes())
    data[:4] = (len(data) // 2).to_bytes(4, "big")
    (here / "broken.mp4").write_bytes(data)
    rescue(here, capsys)
    assert (here / "broken_rescued.mp4").stat().st_size < len(data) + 10_000
