from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest

from mediarescue.isobmff import BoxError, Leniency, Problem, read_rows, read_sample_sizes
from mediarescue.isobmff.tables import (
    ROW_TYPES,
    build_chunk_offset,
    build_composition_offset,
    build_sample_size,
    build_sample_to_chunk,
    build_time_to_sample,
    run_lengths,
)

I64 = np.int64


@pytest.mark.parametrize("kind", sorted(ROW_TYPES))
def test_a_huge_entry_count_is_refused_before_anything_is_allocated(kind: bytes) -> None:
    row = np.dtype(ROW_TYPES[kind]).itemsize
    payload = struct.pack(">II", 0, 0xFFFFFFFF) + bytes(2 * row + 1)
    tracemalloc.start()
    try:
        with pytest.raises(BoxError, match=rf"the {kind.decode()} box says 4294967295 entries and has room for 2"):
            read_rows(payload, kind)
        problems: list[Problem] = []
        assert len(read_rows(payload, kind, leniency=Leniency.PERMISSIVE, problems=problems)) == 2
        assert len(problems) == 1
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", sorted(ROW_TYPES))
def test_a_table_cut_off_in_its_head_has_no_rows(kind: bytes) -> None:
    for size in range(8):
        with pytest.raises(BoxError, match="is cut off"):
            read_rows(bytes(size), kind)
        assert len(read_rows(bytes(size), kind, leniency=Leniency.PERMISSIVE)) == 0


def test_rows_are_a_view_of_the_payload() -> None:
    payload = struct.pack(">IIIIII", 0, 2, 5, 100, 1, 200)
    rows = read_rows(payload, b"stts")
    assert rows["count"].tolist() == [5, 1]
    assert rows["delta"].tolist() == [100, 200]
    assert not rows.flags.owndata
    assert not rows.flags.writeable


def test_negative_composition_offsets_of_version_0_are_read_as_iphones_mean_them() -> None:
    payload = struct.pack(">IIIi", 0, 1, 1, -20)
    assert read_rows(payload, b"ctts")["offset"].tolist() == [-20]
    assert read_rows(payload, b"ctts", signed=False)["offset"].tolist() == [2**32 - 20]
    assert read_rows(b"\1" + payload[1:], b"ctts", signed=False)["offset"].tolist() == [-20]


@pytest.mark.parametrize(
    ("bits", "packed", "sizes"),
    [(4, b"\x12\x30", [1, 2, 3]), (8, b"\1\2\3", [1, 2, 3]), (16, b"\0\1\2\0\0\3", [1, 512, 3])],
)
def test_compact_sample_sizes_are_read(bits: int, packed: bytes, sizes: list[int]) -> None:
    payload = struct.pack(">III", 0, bits, 3) + packed
    read = read_sample_sizes(payload, b"stz2")
    assert read.sizes is not None
    assert read.sizes.tolist() == sizes
    with pytest.raises(BoxError, match="has room for"):
        read_sample_sizes(payload[:-1], b"stz2")


def test_compact_sample_sizes_of_other_widths_are_damage() -> None:
    for bits in (0, 3, 32):
        with pytest.raises(BoxError, match=f"stz2 has fields of {bits} bits"):
            read_sample_sizes(struct.pack(">III", 0, bits, 0), b"stz2")


def test_a_constant_sample_size_needs_no_rows() -> None:
    read = read_sample_sizes(struct.pack(">III", 0, 4, 100_000_000), b"stsz")
    assert (read.constant, read.sample_count, read.sizes) == (4, 100_000_000, None)


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BoxError, match="a sample duration does not fit its field: -1 to -1"):
        build_time_to_sample(np.array([-1], I64))
    with pytest.raises(BoxError, match="a sample duration"):
        build_time_to_sample(np.array([1 << 32], I64))
    with pytest.raises(BoxError, match="a composition offset"):
        build_composition_offset(np.array([1 << 31], I64))
    with pytest.raises(BoxError, match="a sample size"):
        build_sample_size(np.array([1 << 32], I64), constant=False)
    with pytest.raises(BoxError, match="not all the same"):
        build_sample_size(np.array([1, 2], I64), constant=True)


def test_offsets_beyond_32_bits_need_co64() -> None:
    assert build_chunk_offset(np.array([0xFFFFFFFF], I64)) == (b"stco", struct.pack(">III", 0, 1, 0xFFFFFFFF))
    assert build_chunk_offset(np.array([1 << 32], I64)) == (b"co64", struct.pack(">IIQ", 0, 1, 1 << 32))
    assert build_chunk_offset(np.array([5], I64), large=True) == (b"co64", struct.pack(">IIQ", 0, 1, 5))


def test_chunks_of_equal_counts_share_a_row() -> None:
    payload = build_sample_to_chunk(np.array([3, 3, 2, 2, 2], I64), np.array([0, 0, 0, 0, 1], np.int32))
    assert payload == struct.pack(">II9I", 0, 3, 1, 3, 1, 3, 2, 1, 5, 2, 2)
    assert build_sample_to_chunk(np.zeros(0, I64), np.zeros(0, np.int32)) == bytes(8)


def test_run_lengths() -> None:
    counts, values = run_lengths(np.array([7, 7, 1, 7]))
    assert (counts.tolist(), values.tolist()) == ([2, 1, 1], [7, 1, 7])
    assert len(run_lengths(np.zeros(0))[0]) == 0
