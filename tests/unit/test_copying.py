from __future__ import annotations

import errno
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediarescue import copying
from mediarescue.copying import RangeCopier
from mediarescue.errors import InputError, OutputError

MIB = 1 << 20


@pytest.fixture
def payload() -> bytes:
    return random.Random(1).randbytes(9 * MIB + 123)


class Pair:
    """A source with the given bytes and an empty target, both open."""

    def __init__(self, folder: Path, data: bytes) -> None:
        self.source = folder / "in.bin"
        self.source.write_bytes(data)
        self.target = folder / "out.bin"
        self.src = os.open(self.source, os.O_RDONLY)
        self.dst = os.open(self.target, os.O_RDWR | os.O_CREAT)

    def copier(self, src_offset: int, dst_offset: int, size: int) -> RangeCopier:
        return RangeCopier(self.src, [(src_offset, size)], self.dst, dst_offset, source=self.source, target=self.target)

    def close(self) -> None:
        os.close(self.src)
        os.close(self.dst)


@pytest.fixture
def pair(tmp_path: Path, payload: bytes) -> Iterator[Pair]:
    pair = Pair(tmp_path, payload)
    yield pair
    pair.close()


def refuse(code: int) -> object:
    def copy_file_range(*args: object) -> int:
        raise OSError(code, os.strerror(code))

    return copy_file_range


@pytest.mark.parametrize("code", [0, errno.EXDEV])
def test_several_ranges_are_joined(pair: Pair, payload: bytes, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    if code:
        monkeypatch.setattr(os, "copy_file_range", refuse(code), raising=False)
    ranges = [(40, 3 * MIB), (4 * MIB + 7, 1), (4 * MIB + 8, 5000), (8 * MIB, MIB)]
    with RangeCopier(pair.src, ranges, pair.dst, 100, source=pair.source, target=pair.target) as copier:
        copier.join()
    assert copier.copied == copier.size == sum(size for _, size in ranges)
    assert pair.target.read_bytes()[100:] == b"".join(payload[offset : offset + size] for offset, size in ranges)


@pytest.mark.parametrize("code", [0, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
@pytest.mark.parametrize(("src_offset", "dst_offset"), [(0, 0), (40, 1000), (4096, 0), (MIB + 1, 77)])
def test_a_range_is_copied_exactly_by_the_kernel_or_through_a_buffer(
    pair: Pair, payload: bytes, monkeypatch: pytest.MonkeyPatch, code: int, src_offset: int, dst_offset: int
) -> None:
    if code:
        monkeypatch.setattr(os, "copy_file_range", refuse(code), raising=False)
    size = len(payload) - src_offset - 5
    seen: list[int] = []
    with pair.copier(src_offset, dst_offset, size) as copier:
        copier.join(seen.append)
    assert copier.done
    assert copier.copied == size == seen[-1]
    written = pair.target.read_bytes()
    assert written[dst_offset:] == payload[src_offset : src_offset + size]
    assert not any(written[:dst_offset])
    assert os.lseek(pair.src, 0, os.SEEK_CUR) == 0


def test_a_range_of_nothing_is_copied(pair: Pair) -> None:
    with pair.copier(0, 0, 0) as copier:
        copier.join()
    assert pair.target.stat().st_size == 0


def test_a_kernel_that_copies_nothing_is_not_believed(
    pair: Pair, payload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "copy_file_range", lambda *args: 0, raising=False)
    with pair.copier(0, 0, len(payload)) as copier:
        copier.join()
    assert pair.target.read_bytes() == payload


def test_a_source_that_became_shorter_is_an_input_error(pair: Pair, payload: bytes) -> None:
    message = rf"it ends at offset {len(payload)}, {len(payload) + 10} were expected"
    with pytest.raises(InputError, match=message), pair.copier(0, 0, len(payload) + 10) as copier:
        copier.join()


def test_a_full_disk_is_an_output_error(pair: Pair, payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "copy_file_range", refuse(errno.ENOSPC), raising=False)
    monkeypatch.setattr(copying, "_write_at", refuse(errno.ENOSPC))
    with pytest.raises(OutputError, match="the disk is full"), pair.copier(0, 0, len(payload)) as copier:
        copier.join()


def test_a_failing_card_is_an_input_error_with_the_offset(
    pair: Pair, payload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "copy_file_range", refuse(errno.EIO), raising=False)
    monkeypatch.setattr(copying, "_read_at", refuse(errno.EIO))
    with pytest.raises(InputError, match="at offset 7: "), pair.copier(7, 0, 100) as copier:
        copier.join()


def test_cancel_answers_at_once_and_join_then_says_so(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(src: int, dst: int, count: int, *offsets: int) -> int:
        time.sleep(0.02)
        return min(count, 4096)

    monkeypatch.setattr(os, "copy_file_range", slow, raising=False)
    copier = pair.copier(0, 0, 9 * MIB)
    copier.start()
    time.sleep(0.05)
    began = time.monotonic()
    copier.cancel()
    assert time.monotonic() - began < 0.2
    assert copier.done
    assert copier.copied < 9 * MIB
    with pytest.raises(RuntimeError, match="cancelled"):
        copier.join()


def test_an_interrupt_while_waiting_stops_the_copy(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(src: int, dst: int, count: int, *offsets: int) -> int:
        time.sleep(0.02)
        return min(count, 4096)

    def interrupt(copied: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "copy_file_range", slow, raising=False)
    copier = pair.copier(0, 0, 9 * MIB)
    copier.start()
    with pytest.raises(KeyboardInterrupt):
        copier.join(interrupt)
    assert copier.done


def test_holes_of_a_sparse_source_stay_holes(tmp_path: Path) -> None:
    size = 5_000_000_000
    source = tmp_path / "sparse.mp4"
    with source.open("wb") as file:
        for offset in (100, 2_500_000_000, 4_900_000_000):
            file.seek(offset)
            file.write(b"island %d" % offset)
        file.truncate(size)
    if sys.platform == "win32" or source.stat().st_blocks * 512 > 10 * MIB:
        pytest.skip("this file system has no sparse files")
    target = tmp_path / "copy.mp4"
    with source.open("rb") as src, target.open("w+b") as dst:
        began = time.monotonic()
        with RangeCopier(src.fileno(), [(50, size - 50)], dst.fileno(), 1050) as copier:
            copier.join()
        assert time.monotonic() - began < 60
        assert os.fstat(dst.fileno()).st_size == size + 1000
        for offset in (100, 2_500_000_000, 4_900_000_000):
            dst.seek(offset + 1000)
            expected = b"island %d" % offset
            assert dst.read(len(expected) + 5) == expected + bytes(5)
