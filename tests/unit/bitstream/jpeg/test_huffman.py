"""Tables that grow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.jpeg.huffman import HuffmanTable, codes, table_for
from mediarescue.bitstream.jpeg.standard_tables import STANDARD_TABLES


def words(table: HuffmanTable) -> dict[int, str]:
    return {s: format(int(c) >> 8, f"0{int(c) & 255}b") for s, c in enumerate(codes(table)) if c}


@given(st.lists(st.integers(0, 1 << 40), min_size=1, max_size=256).filter(any), st.booleans())
def test_codes_are_prefix_free_short_and_never_all_ones(counts: list[int], steep: bool) -> None:
    frequencies = np.zeros(256, np.int64)
    frequencies[: len(counts)] = [1 << min(i, 40) for i in range(len(counts))] if steep else counts
    used = words(table_for(frequencies))
    assert set(used) == set(np.flatnonzero(frequencies))
    ordered = sorted(used.values())
    assert all(not b.startswith(a) for a, b in itertools.pairwise(ordered))
    assert all(len(word) <= 16 and "0" in word for word in ordered)


def test_more_frequent_symbols_have_no_longer_codes() -> None:
    frequencies = np.random.default_rng(0).integers(1, 100000, 256)
    lengths = [len(words(table_for(frequencies))[symbol]) for symbol in np.argsort(frequencies)]
    assert lengths == sorted(lengths, reverse=True)


@given(st.sets(st.integers(0, 255), min_size=1, max_size=60), st.sets(st.integers(0, 255), max_size=40))
def test_a_table_with_more_symbols_keeps_its_codes(present: set[int], missing: set[int]) -> None:
    frequencies = np.zeros(256, np.int64)
    frequencies[list(present)] = 1
    table = table_for(frequencies)
    grown = table.with_symbols(missing)
    assert grown is not None
    assert words(grown) == words(grown) | words(table)
    assert set(words(grown)) == present | missing


def test_a_table_without_room_says_so() -> None:
    full = HuffmanTable(bytes([0] * 7 + [255] + [0] * 8), bytes(range(255)))
    grown = full.with_symbols([255])
    assert grown is not None
    assert words(grown)[255] == "1" * 8 + "0"
    steep = HuffmanTable(bytes([1] * 16), bytes(range(16)))
    assert steep.with_symbols([16]) is None
    assert HuffmanTable(bytes([2] + [0] * 15), b"\0\1").with_symbols([2]) is None


@pytest.mark.parametrize("table", STANDARD_TABLES.values())
def test_the_usual_tables_leave_the_ones_free(table: HuffmanTable) -> None:
    assert len(words(table)) == len(table.values)


@pytest.mark.parametrize(
    ("counts", "values"),
    [([3] + [0] * 15, b"\0\1\2"), ([1] + [0] * 15, b""), ([1], b"\0"), ([0] * 8 + [200, 200] + [0] * 6, bytes(400))],
)
def test_impossible_tables_are_refused(counts: list[int], values: bytes) -> None:
    with pytest.raises(ValueError, match="a Huffman table has"):
        HuffmanTable(bytes(counts), values)
