from __future__ import annotations

import struct
import time
from dataclasses import replace

import numpy as np
import pytest

from mediarescue.isobmff import Box, BoxError, Leniency, Problem, SampleTable, compact, contiguous_chunks, expand
from tests.unit.isobmff.builders import samples

PERMISSIVE = Leniency.PERMISSIVE


def _stbl(**tables: bytes) -> Box:
    return Box(b"stbl", children=tuple(Box(kind.encode(), payload) for kind, payload in tables.items()))


def _table(*numbers: int, count: int | None = None, row: int = 1) -> bytes:
    return struct.pack(f">II{len(numbers)}I", 0, len(numbers) // row if count is None else count, *numbers)


def _sizes(*sizes: int) -> bytes:
    return struct.pack(f">III{len(sizes)}I", 0, 0, len(sizes), *sizes)


GOOD = {
    "stts": _table(2, 100, 3, 50, row=2),
    "ctts": _table(1, 200, 4, 0, row=2),
    "stss": _table(1, 4),
    "stsc": _table(1, 2, 1, 3, 1, 2, row=3),
    "stsz": _sizes(10, 11, 12, 13, 14),
    "stco": _table(1000, 2000, 3000),
}


def test_every_column_is_what_the_tables_say() -> None:
    table = expand(_stbl(**GOOD))
    assert table.offset.tolist() == [1000, 1010, 2000, 2012, 3000]
    assert table.size.tolist() == [10, 11, 12, 13, 14]
    assert table.duration.tolist() == [100, 100, 50, 50, 50]
    assert table.dts.tolist() == [0, 100, 200, 250, 300]
    assert table.composition_offset.tolist() == [200, 0, 0, 0, 0]
    assert table.pts.tolist() == [200, 100, 200, 250, 300]
    assert table.is_sync.tolist() == [True, False, False, True, False]
    assert table.chunk_index.tolist() == [0, 0, 1, 1, 2]
    assert table.description_index.tolist() == [0, 0, 0, 0, 1]
    assert table.total_duration == 350
    dtypes = [table.offset.dtype, table.size.dtype, table.dts.dtype, table.chunk_index.dtype, table.is_sync.dtype]
    assert dtypes == [np.int64, np.int64, np.int64, np.int32, np.bool_]


def test_the_same_boxes_come_out_again() -> None:
    stbl = _stbl(**GOOD)
    boxes = compact(expand(stbl))
    assert {box.kind: box.payload for box in boxes} == {box.kind: box.payload for box in stbl.children or ()}


def test_without_stss_every_sample_is_a_sync_sample_and_with_an_empty_one_none_is() -> None:
    without = {name: table for name, table in GOOD.items() if name != "stss"}
    assert expand(_stbl(**without)).is_sync.all()
    none = expand(_stbl(**(GOOD | {"stss": _table()})))
    assert not none.is_sync.any()
    assert expand(Box(b"stbl", children=compact(none))) == none


def test_samples_of_one_size_get_a_row_each_as_well() -> None:
    table = expand(_stbl(**(GOOD | {"stsz": struct.pack(">III", 0, 8, 5)})))
    assert table.size.tolist() == [8] * 5
    assert table.offset.tolist() == [1000, 1008, 2000, 2008, 3000]
    assert Box(b"stsz", struct.pack(">III", 0, 8, 5)) in compact(table)


def test_millions_of_samples_of_one_size_are_left_to_the_chunk_table() -> None:
    stbl = _stbl(**(GOOD | {"stsz": struct.pack(">III", 0, 1, 0xFFFFFFFF)}))
    with pytest.raises(BoxError, match="4294967295 samples of one size are too many"):
        expand(stbl, leniency=PERMISSIVE)


def test_a_track_without_samples() -> None:
    empty = {"stts": _table(), "stsc": _table(), "stsz": _sizes(), "stco": _table()}
    table = expand(_stbl(**empty))
    assert len(table) == 0
    boxes = compact(table)
    assert {box.kind.decode(): box.payload for box in boxes} == empty
    # Android writes a chunk row for a track it then never fed.
    assert len(expand(_stbl(**(empty | {"stsc": _table(1, 1, 1, row=3)})))) == 0


@pytest.mark.parametrize(
    ("tables", "message", "is_damage", "samples_left"),
    [
        ({"stsz": _sizes(1, 2, 3, 4)}, "the chunks hold more samples, stsz says 4", False, 4),
        ({"stsz": _sizes(1, 2, 3, 4, 5, 6)}, "the chunks hold 5 samples, stsz says 6", False, 5),
        ({"stts": _table(4, 100, row=2)}, "stts describes 4 samples, there are 5", False, 5),
        ({"stts": _table(0xFFFFFFFF, 100, row=2)}, "stts describes more samples, there are 5", False, 5),
        ({"ctts": _table(1, 9, row=2)}, "ctts describes 1 samples, there are 5", False, 5),
        ({"stss": _table(1, 6)}, "stss names a sample that is not among the 5", False, 5),
        ({"stss": _table(0)}, "stss names a sample that is not among the 5", False, 5),
        ({"stsc": _table(1, 2, 1, 3, 1, 1, 9, 1, 1, row=3)}, "stsc names chunk 9 of 3", False, 5),
        ({"stsc": _table(0xFFFFFFFF, 0xFFFFFFFF, 1, row=3)}, "do not rise from 1", True, 0),
        ({"stsc": _table(0, 2, 1, row=3)}, "do not rise from 1", True, 5),
        ({"stsc": _table(1, 2, 1, 1, 2, 1, row=3)}, "do not rise from 1", True, 5),
        ({"stsc": _table(1, 0xFFFFFFFF, 1, row=3)}, "the chunks hold more samples", False, 5),
        ({"stsc": _table(1, 2, 0, row=3)}, "a sample entry that cannot be", True, 5),
        ({"stco": _table(1000, count=0xFFFFFFFF)}, "says 4294967295 entries", True, 2),
        ({"stsz": struct.pack(">III", 0, 0, 0xFFFFFFFF)}, "has room for 0", True, 0),
    ],
)
def test_contradictions_raise_when_strict_and_damage_unless_permissive(
    tables: dict[str, bytes], message: str, is_damage: bool, samples_left: int
) -> None:
    stbl = _stbl(**(GOOD | tables))
    with pytest.raises(BoxError, match=message):
        expand(stbl)
    if is_damage:
        with pytest.raises(BoxError, match=message):
            expand(stbl, leniency=Leniency.NORMAL)
    problems: list[Problem] = []
    table = expand(stbl, leniency=PERMISSIVE, problems=problems)
    assert len(table) == samples_left
    assert message in " ".join(problem.message for problem in problems)


@pytest.mark.parametrize("missing", ["stts", "stsc", "stsz", "stco"])
def test_a_missing_table_is_damage(missing: str) -> None:
    stbl = _stbl(**{name: table for name, table in GOOD.items() if name != missing})
    with pytest.raises(BoxError, match=missing):
        expand(stbl, leniency=Leniency.NORMAL)
    assert len(expand(stbl, leniency=PERMISSIVE)) == (5 if missing == "stts" else 0)


def test_missing_durations_go_on_as_the_last_one() -> None:
    table = expand(_stbl(**(GOOD | {"stts": _table(3, 40, row=2)})), leniency=Leniency.NORMAL)
    assert table.duration.tolist() == [40] * 5


def test_a_chunk_with_a_hole_or_two_entries_cannot_be_written() -> None:
    table = samples([10, 10, 10, 10])
    with pytest.raises(BoxError, match="sample 1 does not follow the one before"):
        compact(replace(table, offset=table.offset + np.array([0, 1, 1, 1])))
    with pytest.raises(BoxError, match="two sample entries share a chunk"):
        compact(replace(table, description_index=np.array([0, 1, 1, 1], np.int32)))
    with pytest.raises(BoxError, match="chunk_index falls"):
        compact(replace(table, chunk_index=table.chunk_index[::-1].copy()))


def test_tables_that_are_needed_cannot_be_left_out() -> None:
    table = samples([10, 20, 30])
    with pytest.raises(BoxError, match="cannot be described without stss"):
        compact(table, has_stss=False)
    with pytest.raises(BoxError, match="cannot be described without ctts"):
        compact(replace(table, composition_offset=np.array([0, 5, 0])), has_ctts=False)


def test_tables_that_are_wished_for_are_written() -> None:
    table = replace(samples([10, 20, 30]), is_sync=np.ones(3, np.bool_))
    assert [box.kind for box in compact(table)] == [b"stts", b"stsc", b"stsz", b"stco"]
    boxes = compact(table, has_ctts=True, ctts_version=1, has_stss=True, large_offsets=True)
    assert [box.kind for box in boxes] == [b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"co64"]
    assert boxes[1].payload[0] == 1
    assert expand(Box(b"stbl", children=boxes)) == table


def test_composition_times_are_summed_up() -> None:
    table = replace(samples([1, 2, 3], duration=100), composition_offset=np.array([0, 300, -100]))
    cslg = next(box for box in compact(table, has_cslg=True) if box.kind == b"cslg")
    assert struct.unpack(">I5i", cslg.payload) == (0, 100, -100, 300, 0, 500)
    long = replace(table, duration=np.array([1 << 31, 1 << 31, 5]))
    cslg = next(box for box in compact(long, has_cslg=True) if box.kind == b"cslg")
    assert struct.unpack(">I5q", cslg.payload) == (1 << 24, 100, -100, 300, 0, (1 << 32) + 300)
    assert b"cslg" not in [box.kind for box in compact(samples([1, 2]), has_cslg=True)]


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="size has 2 rows, offset has 3"):
        replace(samples([1, 2, 3]), size=np.array([1, 2]))


def test_rows_can_be_selected() -> None:
    table = samples([1, 2, 3, 4])
    assert table.select(slice(0, 2)).size.tolist() == [1, 2]
    assert table.select(np.array([False, True, False, True])).size.tolist() == [2, 4]


def test_chunks_begin_where_samples_do_not_follow_each_other() -> None:
    offset, size = np.array([10, 20, 50, 60]), np.array([10, 5, 10, 5])
    assert contiguous_chunks(offset, size).tolist() == [0, 0, 1, 1]
    assert contiguous_chunks(offset, size, starts_chunk=np.array([0, 1, 0, 0], bool)).tolist() == [0, 1, 2, 2]
    assert contiguous_chunks(offset, size, description_index=np.array([0, 0, 0, 1])).tolist() == [0, 0, 1, 2]
    assert contiguous_chunks(offset[:0], size[:0]).tolist() == []


def test_a_million_samples_take_less_than_a_second() -> None:
    count = 1_000_000
    rng = np.random.default_rng(1)
    size = rng.integers(1, 1 << 20, count)
    offset = 48 + np.cumsum(size) - size
    table = SampleTable(
        offset=offset,
        size=size,
        duration=rng.integers(2990, 3010, count),
        composition_offset=rng.integers(-2, 3, count) * 3000,
        is_sync=np.arange(count) % 30 == 0,
        chunk_index=(np.arange(count) // 15).astype(np.int32),
        description_index=np.zeros(count, np.int32),
    )
    start = time.process_time()
    boxes = compact(table)
    again = expand(Box(b"stbl", children=boxes))
    spent = time.process_time() - start
    assert again == table
    assert boxes[-1].kind == b"co64"
    assert spent < 1.0
