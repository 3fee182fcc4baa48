from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediarescue.bitstream.search import find_any, find_bytes, places_of

MARKERS = [b"\0\0\1", b"DEVC", b"\xff\xd8\xff", b"\0\0\0\0", b"a"]


def plain(data: bytes, markers: list[bytes], at: int, limit: int, stop: int, behind: int) -> int:
    """Return what `find_any` promises, found byte by byte."""
    for index in range(at, limit):
        first = index + behind
        if any(first + len(marker) <= stop and data[first:].startswith(marker) for marker in markers):
            return index
    return -1


@pytest.mark.parametrize("marker", MARKERS)
@settings(max_examples=60, deadline=None)
@given(places=st.lists(st.integers(0, 200_000), max_size=4), at=st.integers(0, 150_000), behind=st.integers(0, 9))
def test_a_marker_is_found_where_it_first_stands(marker: bytes, places: list[int], at: int, behind: int) -> None:
    data = bytearray(b"\7" * 210_000)
    for place in places:
        data[place : place + len(marker)] = marker
    buf = np.frombuffer(data, dtype=np.uint8)
    hits = [place for place in places if place >= at + behind and data[place : place + len(marker)] == marker]
    found = find_bytes(buf, marker, at, len(data), len(data), behind=behind)
    whole = data.find(marker, at + behind)
    assert found == (whole - behind if whole >= 0 else -1)
    assert found >= 0 or not hits


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=300),
    size=st.integers(1, 3),
    count=st.integers(1, 6),
    at=st.integers(0, 200),
    length=st.integers(0, 300),
    behind=st.integers(0, 5),
    seed=st.integers(0, 99),
)
def test_the_first_of_several_markers_is_found(
    data: bytes, size: int, count: int, at: int, length: int, behind: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    markers = [bytes(rng.choice(list(data), size).tolist()) for _ in range(count)]
    limit, stop = min(at + length, len(data)), len(data)
    found = find_any(np.frombuffer(data, dtype=np.uint8), markers, at, limit, stop, behind=behind)
    assert found == plain(data, markers, at, limit, stop, behind)


def test_no_byte_at_or_behind_the_stop_is_looked_at() -> None:
    buf = np.frombuffer(b"xxDEVCxx" * 2000, dtype=np.uint8)
    assert find_bytes(buf, b"DEVC", 0, len(buf), 6) == 2
    assert find_bytes(buf, b"DEVC", 0, len(buf), 5) == -1
    assert find_any(buf, (b"EVC", b"none"[:3]), 0, 3, len(buf)) == -1
    assert find_any(buf, (), 0, len(buf), len(buf)) == -1


@pytest.mark.parametrize("values", [[], [0], [3, 250], [1, 2, 3, 4, 5, 6]])
def test_all_places_of_some_bytes_are_found(values: list[int]) -> None:
    buf = np.random.default_rng(1).integers(0, 256, 200_000, dtype=np.uint8)
    allowed = np.zeros(256, dtype=bool)
    allowed[values] = True
    wanted = np.flatnonzero(np.isin(buf[7:150_000], values)) + 7
    assert places_of(buf, allowed, 7, 150_000).tolist() == wanted.tolist()
    assert len(places_of(buf, allowed, 5, 5)) == 0
