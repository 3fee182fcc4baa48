from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest

from mediarescue.isobmff import (
    Box,
    BoxError,
    ChunkTable,
    Leniency,
    compact,
    compact_chunks,
    expand,
    expand_chunks,
    is_constant_size,
)
from tests.unit.isobmff.builders import samples


def _pcm(chunks: int = 5) -> ChunkTable:
    count = np.full(chunks, 24000, np.int64)
    count[-1] = 137
    return ChunkTable(
        offset=1000 + np.arange(chunks, dtype=np.int64) * 500_000,
        sample_count=count,
        description_index=np.zeros(chunks, np.int32),
        sample_size=4,
        sample_delta=((int(count.sum()), 1),),
    )


def _stbl(boxes: tuple[Box, ...]) -> Box:
    return Box(b"stbl", children=boxes)


def test_what_is_compacted_expands_to_the_same_chunks() -> None:
    table = _pcm()
    stbl = _stbl(compact_chunks(table))
    assert is_constant_size(stbl)
    assert expand_chunks(stbl) == table


def test_a_row_per_sample_says_the_same() -> None:
    table = _pcm(3)
    rows = expand(_stbl(compact_chunks(table)))
    assert len(rows) == table.total_samples
    first = np.searchsorted(rows.chunk_index, np.arange(3))
    assert rows.offset[first].tolist() == table.offset.tolist()
    assert rows.dts[first].tolist() == table.dts.tolist()
    assert rows.total_duration == table.total_duration
    assert table.size.tolist() == np.bincount(rows.chunk_index, rows.size).astype(int).tolist()


def test_decode_times_follow_runs_of_durations() -> None:
    table = replace(_pcm(3), sample_count=np.array([10, 10, 10]), sample_delta=((15, 1), (10, 2), (5, 7)))
    assert table.dts.tolist() == [0, 10, 25]
    assert table.total_duration == 70
    assert expand_chunks(_stbl(compact_chunks(table))) == table


def test_ten_hours_of_sound_are_a_row_per_chunk() -> None:
    chunks = 72_000
    count = np.full(chunks, 24_000, np.int64)
    table = ChunkTable(
        np.arange(chunks, dtype=np.int64) * 3_000_000, count, np.zeros(chunks, np.int32), 6, ((int(count.sum()), 1),)
    )
    boxes = compact_chunks(table)
    assert boxes[-1].kind == b"co64"
    assert sum(box.size for box in boxes) < 600_000
    assert expand_chunks(_stbl(boxes)) == table


def test_no_samples_at_all() -> None:
    empty = ChunkTable(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32), 4, ())
    assert expand_chunks(_stbl(compact_chunks(empty))) == empty
    assert empty.dts.tolist() == []


def test_samples_of_several_sizes_are_refused() -> None:
    stbl = _stbl(compact(samples([1, 2, 3])))
    assert not is_constant_size(stbl)
    with pytest.raises(BoxError, match="not all of one size"):
        expand_chunks(stbl)


def test_durations_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(BoxError, match="do not add up to 96137 samples"):
        compact_chunks(replace(_pcm(), sample_delta=((5, 1),)))
    with pytest.raises(BoxError, match="do not fit 32-bit fields"):
        compact_chunks(replace(_pcm(1), sample_count=np.array([1 << 32]), sample_delta=((1 << 32, 1),)))


@pytest.mark.parametrize(("described", "delta"), [(100, ((96137, 3),)), (0xFFFFFFFF, ((96137, 3),))])
def test_durations_that_contradict_the_number_of_samples_are_mended(
    described: int, delta: tuple[tuple[int, int], ...]
) -> None:
    stts = Box(b"stts", struct.pack(">IIII", 0, 1, described, 3))
    stbl = _stbl((stts, *compact_chunks(_pcm())[1:]))
    with pytest.raises(BoxError, match="stts describes"):
        expand_chunks(stbl)
    mended = expand_chunks(stbl, leniency=Leniency.NORMAL)
    assert sum(count for count, _ in mended.sample_delta) == 96137
    assert {d for _, d in mended.sample_delta} == {3}
    assert mended.total_duration == sum(count * d for count, d in delta)
