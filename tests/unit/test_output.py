from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from mediarescue.errors import OutputError, UsageError, VerificationError
from mediarescue.output import (
    AtomicOutput,
    check_target,
    default_target,
    film_name,
    is_same_place,
    output_error,
    readable_size,
    temporary_files,
    write_text_atomic,
)


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(target: Path, data: bytes, *, verify: Callable[[Path], None], overwrite: bool = False) -> None:
    with AtomicOutput(target, overwrite=overwrite) as output:
        output.file.write(data)
        output.commit(verify)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a/clip.MP4", "a/clip_rescued.MP4"),
        ("clip", "clip_rescued"),
        ("a.b.mov", "a.b_rescued.mov"),
        (".mp4", ".mp4_rescued"),
    ],
)
def test_the_default_target_keeps_folder_and_extension(source: str, expected: str) -> None:
    assert default_target(Path(source), "_rescued") == Path(expected)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (1_500_000_000, "1.5 GB")],
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert readable_size(size) == text


class TestCheckTarget:
    def test_a_new_name_is_accepted(self, tmp_path: Path) -> None:
        check_target(tmp_path / "new.mp4", inputs=[tmp_path / "missing.mp4"], overwrite=False)

    def test_an_existing_file_needs_overwrite(self, tmp_path: Path) -> None:
        target = tmp_path / "out.mp4"
        target.write_bytes(b"keep")
        with pytest.raises(OutputError, match="exists; it is replaced only with --overwrite"):
            check_target(target, inputs=[], overwrite=False)
        check_target(target, inputs=[], overwrite=True)

    def test_a_dangling_link_counts_as_existing(self, tmp_path: Path) -> None:
        target = tmp_path / "out.mp4"
        target.symlink_to(tmp_path / "nowhere")
        with pytest.raises(OutputError, match="exists"):
            check_target(target, inputs=[], overwrite=False)

    @pytest.mark.parametrize("overwrite", [False, True])
    @pytest.mark.parametrize("way", ["same name", "symbolic link", "hard link", "linked folder", "dotted"])
    def test_the_input_itself_is_refused(self, tmp_path: Path, way: str, overwrite: bool) -> None:
        source = tmp_path / "in.mp4"
        source.write_bytes(b"input")
        target = tmp_path / "out.mp4"
        if way == "same name":
            target = source
        elif way == "symbolic link":
            target.symlink_to(source)
        elif way == "hard link":
            os.link(source, target)
        elif way == "linked folder":
            (tmp_path / "folder").symlink_to(tmp_path)
            target = tmp_path / "folder" / "in.mp4"
        else:
            (tmp_path / "sub").mkdir()
            target = tmp_path / "sub" / ".." / "in.mp4"
        with pytest.raises(UsageError, match="is the input"):
            check_target(target, inputs=[tmp_path / "other.mp4", source], overwrite=overwrite)

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_a_folder_is_refused(self, tmp_path: Path, overwrite: bool) -> None:
        with pytest.raises(OutputError, match="is a folder"):
            check_target(tmp_path, inputs=[], overwrite=overwrite)

    def test_a_missing_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="does not exist"):
            check_target(tmp_path / "missing" / "out.mp4", inputs=[], overwrite=False)

    def test_a_file_in_place_of_the_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(OutputError, match="does not exist"):
            check_target(tmp_path / "file" / "out.mp4", inputs=[], overwrite=False)

    def test_a_device_is_refused_even_to_overwrite(self) -> None:
        with pytest.raises(OutputError, match="device"):
            check_target(Path(os.devnull), inputs=[], overwrite=True)

    def test_a_name_that_is_too_long_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="name is too long"):
            check_target(tmp_path / ("x" * 300), inputs=[], overwrite=False)

    def test_a_folder_without_permission_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        with pytest.raises(OutputError, match="no permission to write in the folder"):
            check_target(tmp_path / "out.mp4", inputs=[], overwrite=False)


def test_two_names_are_one_place(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path)
    for other in (tmp_path / "a", tmp_path / "sub" / ".." / "a", tmp_path / "linked" / "a"):
        assert is_same_place(tmp_path / "a", other)
    assert not is_same_place(tmp_path / "a", tmp_path / "sub" / "a")
    assert not is_same_place(tmp_path / "a", tmp_path / "b")


class TestAtomicOutput:
    def test_commit_gives_the_file_its_name_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        target = tmp_path / "out.mp4"
        seen: list[tuple[str, bytes]] = []
        with AtomicOutput(target, needed_bytes=5) as output:
            assert output.path.name.startswith(".out.mp4.")
            assert output.path.name.endswith(".rescuing")
            output.file.write(b"hello")
            assert not target.exists()
            output.commit(lambda path: seen.append((path.name, path.read_bytes())))
        assert seen == [(output.path.name, b"hello")]
        assert target.read_bytes() == b"hello"
        assert names(tmp_path) == ["out.mp4"]

    def test_the_mode_respects_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            write_text_atomic(tmp_path / "a", "", overwrite=False)
        finally:
            os.umask(before)
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640

    def test_leaving_without_commit_writes_nothing(self, tmp_path: Path) -> None:
        with AtomicOutput(tmp_path / "out.mp4") as output:
            output.file.write(b"x" * 100_000)
        assert names(tmp_path) == []
        with pytest.raises(ValueError, match="not open"):
            _ = output.file

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), ValueError("bug")])
    def test_any_exception_removes_the_temporary_file(self, tmp_path: Path, error: BaseException) -> None:
        def fail(path: Path) -> None:
            raise error

        with pytest.raises(type(error)):
            write(tmp_path / "out.mp4", b"x", verify=fail)
        assert names(tmp_path) == []

    def test_a_failed_verification_removes_the_temporary_file_and_keeps_the_old_one(self, tmp_path: Path) -> None:
        target = tmp_path / "out.mp4"
        target.write_bytes(b"old")

        def verify(path: Path) -> None:
            raise VerificationError("not good")

        with pytest.raises(VerificationError):
            write(target, b"new", overwrite=True, verify=verify)
        assert target.read_bytes() == b"old"
        assert names(tmp_path) == ["out.mp4"]

    def test_the_file_stays_open_until_the_flush_has_ended_though_the_verification_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed, flushed, fsync = threading.Event(), [], os.fsync

        def slow(fd: int) -> None:
            assert failed.wait(10)
            time.sleep(0.2)
            fsync(fd)
            flushed.append(names(tmp_path))

        def verify(path: Path) -> None:
            failed.set()
            raise VerificationError("not good")

        monkeypatch.setattr(os, "fsync", slow)
        with pytest.raises(VerificationError):
            write(tmp_path / "out.mp4", b"new", verify=verify)
        assert len(flushed) == 1
        assert flushed[0][0].endswith(".rescuing")
        assert names(tmp_path) == []

    def test_a_flush_that_fails_is_said(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(fd: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match="input/output error"):
            write(tmp_path / "out.mp4", b"new", verify=lambda path: None)
        assert names(tmp_path) == []

    @pytest.mark.parametrize("links", [True, False])
    def test_a_target_that_appears_meanwhile_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
    ) -> None:
        target = tmp_path / "out.mp4"
        if not links:
            monkeypatch.setattr(os, "link", _no_links)

        def appear(path: Path) -> None:
            target.write_bytes(b"theirs")

        with pytest.raises(OutputError, match="exists"):
            write(target, b"ours", verify=appear)
        assert target.read_bytes() == b"theirs"
        assert names(tmp_path) == ["out.mp4"]

    def test_file_systems_without_links_are_served(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "link", _no_links)
        write_text_atomic(tmp_path / "out.json", "{}", overwrite=False)
        assert names(tmp_path) == ["out.json"]

    def test_overwriting_replaces_the_file(self, tmp_path: Path) -> None:
        target = tmp_path / "out.json"
        target.write_text("old")
        write_text_atomic(target, "naïve\n", overwrite=True)
        assert target.read_bytes() == "naïve\n".encode()

    def test_a_long_name_leaves_room_for_the_temporary_one(self, tmp_path: Path) -> None:
        target = tmp_path / ("é" * 125 + ".mp4")
        write_text_atomic(target, "x", overwrite=False)
        assert names(tmp_path) == [target.name]

    @pytest.mark.parametrize("start", ["clip", "x" * 200, "é" * 100])
    def test_temporary_files_of_a_like_named_neighbour_are_not_taken_for_ones_own(
        self, start: str, tmp_path: Path
    ) -> None:
        mine, neighbour = tmp_path / f"{start}_1.mp4", tmp_path / f"{start}_2.mp4"
        with AtomicOutput(mine) as own, AtomicOutput(neighbour) as other:
            assert temporary_files(mine) == [own.path]
            assert temporary_files(neighbour) == [other.path]

    def test_missing_space_is_said_with_both_figures(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: _Usage(10, 7, 2_500_000))
        with pytest.raises(OutputError, match=r"4\.2 GB are needed, 2\.5 MB are free"):
            AtomicOutput(tmp_path / "out.mp4", needed_bytes=4_200_000_000).__enter__()
        assert names(tmp_path) == []

    def test_a_size_the_file_system_cannot_hold_is_said_at_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: _Usage(0, 0, 1 << 63))
        with pytest.raises(OutputError, match="FAT32"):
            AtomicOutput(tmp_path / "out.mp4", needed_bytes=(1 << 63) - 1).__enter__()
        assert names(tmp_path) == []

    def test_a_folder_that_is_gone_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="does not exist"):
            AtomicOutput(tmp_path / "gone" / "out.mp4").__enter__()

    def test_a_full_disk_in_the_body_becomes_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="the disk is full"), AtomicOutput(tmp_path / "out.mp4"):
            raise OSError(errno.ENOSPC, "No space left on device")
        assert names(tmp_path) == []

    def test_other_system_errors_of_the_body_pass_unchanged(self, tmp_path: Path) -> None:
        with pytest.raises(ConnectionError), AtomicOutput(tmp_path / "out.mp4"):
            raise ConnectionError


_FILE_LIMIT = """
import resource, sys
from pathlib import Path
from mediarescue.errors import OutputError
from mediarescue.output import AtomicOutput
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    with AtomicOutput(Path(sys.argv[1])) as output:
        for _ in range(64):
            output.file.write(bytes(65536))
        output.commit()
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file size limit")
def test_a_file_size_limit_becomes_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FILE_LIMIT, str(tmp_path / "out.mp4")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "not allowed there" in done.stdout
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, 9999])
def test_each_system_error_has_its_sentence(code: int) -> None:
    text = str(output_error(OSError(code, "system text"), Path("out.mp4")))
    assert text.startswith("cannot write out.mp4: ")
    assert "\n" not in text


def _no_links(source: object, target: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("clip.MOV", "clip.MOV"),
        ("clip.360", "clip.360"),
        ("C0001.RSV", "C0001.mp4"),
        ("photo.jpg", "photo.mp4"),
        ("clip.mov.part", "clip.mov"),
        ("RECUP0001", "RECUP0001.mp4"),
        ("party.2026", "party.2026.mp4"),
        ("folder/seg.m4s", "folder/seg.mp4"),
    ],
)
def test_a_rescued_film_is_named_as_one(source: str, expected: str) -> None:
    assert film_name(Path(source)) == Path(expected)
