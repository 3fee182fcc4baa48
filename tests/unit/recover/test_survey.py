from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.padding import Padding
from mediarescue.recover.resync import StartSearch, only_zeros
from mediarescue.recover.survey import written_end, zero_fraction
from mediarescue.recover.window import MediaWindow
from tests.unit.recover.toys import Letters

GIB = 1 << 30


class Counted(ByteSource):
    """Counts the bytes that are read."""

    count = 0

    def _read_once(self, offset: int, size: int) -> bytes:
        data = super()._read_once(offset, size)
        self.count += len(data)
        return data

    def read_into(self, offset: int, target: memoryview) -> int:
        got = super().read_into(offset, target)
        self.count += got
        return got


def sparse(path: Path, size: int, *parts: tuple[int, bytes]) -> Counted:
    with path.open("wb") as file:
        for offset, data in parts:
            file.seek(offset)
            file.write(data)
        file.truncate(size)
    source = Counted.open(path)
    assert isinstance(source, Counted)
    if source.next_data(size // 2 + (1 << 20)) == size // 2 + (1 << 20):
        source.close()
        pytest.skip("this file system has no holes")
    return source


def test_a_hole_of_ninety_gigabytes_is_not_read(tmp_path: Path) -> None:
    with sparse(tmp_path / "a", 90 * GIB) as source:
        assert zero_fraction(source) == 1.0
        assert written_end(source) == 0
        assert only_zeros(MediaWindow(source, 0, source.size), 5)
        assert source.count < 32 << 20


def test_what_stands_behind_a_hole_is_found_without_reading_it(tmp_path: Path) -> None:
    film = b"A2xB3xxA2x" * 10
    with sparse(tmp_path / "a", 60 * GIB, (0, b"head"), (40 * GIB + 12345, film)) as source:
        assert zero_fraction(source) < 1.0
        assert written_end(source) == 40 * GIB + 12345 + len(film)
        window = MediaWindow(source, 0, source.size)
        assert not only_zeros(window, 10)
        assert only_zeros(window, 41 * GIB)
        starts = StartSearch(window, [Letters(0, "A"), Letters(1, "B")], Padding())
        assert starts.find(4) == 40 * GIB + 12345
        assert source.count < 64 << 20


@pytest.mark.parametrize("tail", [0, 100, 4096, 5 << 20])
def test_written_zeros_at_the_end_are_no_data_either(tmp_path: Path, tail: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 9_000_001 + bytes(tail))
    with ByteSource.open(path) as source:
        assert written_end(source) == (9_000_001 if tail >= 4096 else source.size)
