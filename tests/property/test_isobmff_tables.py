"""Sample and chunk tables: compacting and expanding are inverse for every table that can be."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediarescue.isobmff import (
    Box,
    BoxError,
    ChunkTable,
    Leniency,
    SampleTable,
    compact,
    compact_chunks,
    expand,
    expand_chunks,
)

U32 = 0xFFFFFFFF


def _array(values: list[int], dtype: Any = np.int64) -> NDArray[Any]:
    return np.array(values, dtype)


@st.composite
def sample_tables(draw: st.DrawFn) -> SampleTable:
    """Tables of up to 40 samples in chunks anywhere below 2**62."""
    chunks = draw(st.lists(st.integers(1, 5), max_size=8))
    count = sum(chunks)
    small = draw(st.booleans())

    def column(low: int, high: int) -> list[int]:
        values = st.integers(low, high) if not small else st.sampled_from([max(low, 0), max(low, 0) + 1])
        return draw(st.lists(values, min_size=count, max_size=count))

    size = _array(column(0, U32))
    starts = draw(st.lists(st.integers(0, 1 << (33 if small else 62)), min_size=len(chunks), max_size=len(chunks)))
    chunk_index = np.repeat(np.arange(len(chunks), dtype=np.int32), chunks)
    inside = [np.cumsum(size[chunk_index == i]) - size[chunk_index == i] for i in range(len(chunks))]
    position = np.concatenate([*inside, np.zeros(0, np.int64)])
    descriptions = draw(st.lists(st.integers(0, 2), min_size=len(chunks), max_size=len(chunks)))
    return SampleTable(
        offset=np.repeat(_array(starts), chunks) + position,
        size=size,
        duration=_array(column(0, U32)),
        composition_offset=_array(column(-(1 << 31), (1 << 31) - 1)),
        is_sync=_array(column(0, 1), np.bool_),
        chunk_index=chunk_index,
        description_index=np.repeat(_array(descriptions, np.int32), chunks),
    )


@given(sample_tables(), st.integers(0, 1), st.sampled_from([None, True]))
def test_samples_expand_to_what_was_compacted(table: SampleTable, version: int, wish: bool | None) -> None:
    boxes = compact(table, has_ctts=wish, ctts_version=version, has_stss=wish, large_offsets=wish)
    assert expand(Box(b"stbl", children=boxes)) == table


@given(
    st.lists(st.tuples(st.integers(0, 1 << 62), st.integers(1, 1 << 20), st.integers(0, 2)), max_size=20),
    st.integers(1, U32),
    st.integers(0, 3),
    st.data(),
)
def test_chunks_expand_to_what_was_compacted(
    chunks: list[tuple[int, int, int]], size: int, runs: int, data: st.DataObject
) -> None:
    left = total = sum(count for _, count, _ in chunks)
    deltas: list[tuple[int, int]] = []
    while left:
        count = data.draw(st.integers(1, left)) if len(deltas) < runs else left
        deltas.append((count, data.draw(st.integers(0, U32))))
        left -= count
    offset, counts, description = ([row[i] for row in chunks] for i in range(3))
    table = ChunkTable(_array(offset), _array(counts), _array(description, np.int32), size, tuple(deltas))
    stbl = Box(b"stbl", children=compact_chunks(table))
    assert expand_chunks(stbl) == table
    assert len(table.dts) == len(table)
    assert total < 2000 or table.total_samples == total


TABLES = [b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stz2", b"stco", b"co64"]


@given(st.dictionaries(st.sampled_from(TABLES), st.binary(max_size=60)))
def test_random_tables_never_crash(payloads: dict[bytes, bytes]) -> None:
    stbl = Box(b"stbl", children=tuple(Box(kind, payload) for kind, payload in payloads.items()))
    for leniency in Leniency:
        for read in (expand, expand_chunks):
            with suppress(BoxError):
                read(stbl, leniency=leniency, problems=[])
