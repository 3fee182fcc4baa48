from __future__ import annotations

import os
from pathlib import Path

import pytest

from mediarescue.errors import InputError
from mediarescue.isobmff import ByteSource
from mediarescue.isobmff.joined import JoinedSource


def test_reads_a_range_and_stops_at_the_end_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"0123456789")
    with ByteSource.open(path) as source:
        assert source.size == 10
        assert source.path == path
        assert source.read(3, 4) == b"3456"
        assert source.read(8, 100) == b"89"
        assert source.read(50, 4) == b""
        assert source.read(0, 1 << 60) == b"0123456789", "a damaged size must not allocate"
        assert os.fstat(source.fileno()).st_size == 10


def test_a_negative_offset_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with ByteSource.open(tmp_path / "a") as source, pytest.raises(ValueError, match="negative offset -1"):
        source.read(-1, 4)


def test_a_missing_file_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mp4: no such file"):
        ByteSource.open(tmp_path / "gone.mp4")


def test_a_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        ByteSource.open(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in the file system here")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        ByteSource.open(tmp_path / "pipe")


def test_a_file_without_permission_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked.mp4").write_bytes(b"x")

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    # The tests may run as root, whom no mode stops.
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match=r"locked\.mp4: no permission to read it"):
        ByteSource.open(tmp_path / "locked.mp4")


def test_a_failing_device_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "card.mp4").write_bytes(bytes(100))

    def fail(*args: object) -> bytes:
        raise OSError(5, "Input/output error")

    with ByteSource.open(tmp_path / "card.mp4") as source:
        monkeypatch.setattr(ByteSource, "_read_once", fail)
        with pytest.raises(InputError, match="cannot be read at byte 7: Input/output error"):
            source.read(7, 4)


def test_reads_without_pread_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pread", raising=False)
    (tmp_path / "a").write_bytes(b"0123456789")
    with ByteSource.open(tmp_path / "a") as source:
        assert source.read(4, 3) == b"456"
        assert source.read(0, 2) == b"01"


def test_the_holes_of_a_sparse_file_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(b"a" * 4096)
        file.seek(40 << 20)
        file.write(b"b" * 4096)
        file.truncate(80 << 20)
    with ByteSource.open(path) as source:
        first = source.next_data(8 << 20)
        if first == 8 << 20:
            pytest.skip("this file system has no holes")
        assert 8 << 20 < first <= 40 << 20
        assert source.next_data(10) == 10
        assert source.next_data(60 << 20) == source.size
        assert source.next_data(source.size) == source.size
        part = source.part(1 << 20, 50 << 20)
        assert part.next_data(2 << 20) == first - (1 << 20)
        assert part.next_data(45 << 20) == part.size
        early = source.part(0, 30 << 20)
        assert early.next_data(20 << 20) == early.size, "what stands behind the part is none of its data"
        joined = JoinedSource(source, [(39 << 20, 2 << 20), (0, 4 << 20), (50 << 20, 1 << 20)])
        assert joined.next_data(100) == first - (39 << 20)
        assert joined.next_data((1 << 20) + 8192) == 2 << 20, "the second range begins with data"
        assert joined.next_data(3 << 20) == joined.size


def test_where_holes_are_not_known_every_byte_may_be_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(100))

    def refuse(*_: object) -> int:
        raise OSError(22, "Invalid argument")

    with ByteSource.open(path) as source:
        monkeypatch.setattr(os, "lseek", refuse)
        assert source.next_data(7) == 7
        monkeypatch.delattr(os, "SEEK_DATA", raising=False)
        assert source.next_data(7) == 7
        assert source.next_data(100) == 100
