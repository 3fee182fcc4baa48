from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediarescue.isobmff import ByteSource, JoinedSource
from mediarescue.recover.window import MediaWindow

DATA = bytes(i * 7 % 256 for i in range(4000))
RANGES = st.lists(st.integers(1, 300), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("joined") / "whole.bin"
    path.write_bytes(DATA)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(gaps=RANGES, sizes=RANGES, offset=st.integers(0, 900), size=st.integers(0, 900))
def test_ranges_read_as_one_file(whole: Path, gaps: list[int], sizes: list[int], offset: int, size: int) -> None:
    ranges, pos = [], 0
    for gap, length in zip(gaps, sizes, strict=False):
        ranges.append((pos + gap, length))
        pos += gap + length
    ranges = [(start, length) for start, length in ranges if start + length <= len(DATA)] or [(5, 7)]
    joined = b"".join(DATA[start : start + length] for start, length in ranges)
    with ByteSource.open(whole) as source:
        view = JoinedSource(source, ranges)
        assert view.size == len(joined)
        assert view.read(offset, size) == joined[offset : offset + size]
        places = view.ranges(offset, size)
        assert b"".join(DATA[start : start + count] for start, count in places) == joined[offset : offset + size]
        half = view.part(min(offset, len(joined)), len(joined))
        assert half.read(0, 4000) == joined[offset:]
        assert (
            MediaWindow(view, 0, view.size, capacity=64).peek(min(offset, len(joined)), size) == joined[offset:][:size]
        )


def test_ranges_of_a_part_count_from_the_part(whole: Path) -> None:
    with ByteSource.open(whole) as source:
        view = JoinedSource(source.part(100, 4000), [(0, 10), (50, 10)])
        assert view.read(0, 20) == DATA[100:110] + DATA[150:160]
        assert view.ranges(5, 10) == [(105, 5), (150, 5)]
        assert view.part(5, 15).read(0, 10) == DATA[105:110] + DATA[150:155]
        target = np.zeros(30, np.uint8)
        assert view.read_into(0, target.data) == 10
        assert view.read_into(20, target.data) == 0
