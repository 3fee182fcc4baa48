from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.window import MediaWindow

DATA = bytes(range(256)) * 40


@pytest.fixture
def source(tmp_path: Path) -> Iterator[ByteSource]:
    (tmp_path / "media").write_bytes(DATA)
    with ByteSource.open(tmp_path / "media") as opened:
        yield opened


@pytest.mark.parametrize("capacity", [1, 100, 1 << 20])
def test_any_bytes_can_be_seen_in_any_order(source: ByteSource, capacity: int) -> None:
    window = MediaWindow(source, 100, 9000, capacity=capacity)
    for pos in (100, 8990, 4000, 101, 5000, 100):
        for count in (1, 7, 300):
            assert window.peek(pos, count) == DATA[pos : min(pos + count, 9000)]


def test_a_view_tells_where_the_media_ends(source: ByteSource) -> None:
    window = MediaWindow(source, 100, 9000, capacity=1000)
    buffer, at, stop, final = window.view(200, 500)
    assert bytes(buffer[at : at + 500]) == DATA[200:700]
    assert stop - at >= 500
    assert not final
    buffer, at, stop, final = window.view(8500, 5000)
    assert bytes(buffer[at:stop]) == DATA[8500:9000]
    assert final


def test_a_view_is_writable_and_of_bytes_for_the_kernels(source: ByteSource) -> None:
    buffer, _, _, _ = MediaWindow(source, 0, 500).view(0, 10)
    assert buffer.dtype == "uint8"
    assert buffer.flags.writeable
    assert buffer.flags.c_contiguous


def test_the_buffer_grows_for_a_large_sample(source: ByteSource) -> None:
    window = MediaWindow(source, 0, len(DATA), capacity=64)
    buffer, at, stop, _ = window.view(10, 5000)
    assert bytes(buffer[at : at + 5000]) == DATA[10:5010]
    assert stop - at >= 5000
    assert window.peek(0, 10) == DATA[:10]


def test_nothing_is_read_at_the_end(source: ByteSource) -> None:
    window = MediaWindow(source, 0, 500)
    assert window.peek(500, 10) == b""
    assert window.peek(499, 10) == DATA[499:500]


def test_media_that_is_shorter_than_it_was_ends_early(source: ByteSource) -> None:
    window = MediaWindow(source, 0, len(DATA) + 1000, capacity=1 << 20)
    assert window.peek(len(DATA) - 5, 100) == DATA[-5:]


def test_empty_media_can_be_looked_at(source: ByteSource) -> None:
    assert MediaWindow(source, 300, 300).peek(300, 8) == b""
