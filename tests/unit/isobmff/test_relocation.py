"""Ranges cut out of a film and chunks put into it, against sets of bytes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.isobmff.relocation import INSERTED, NEW_BYTES, SOURCE, Inserts, Layout, Piece, Spans

Ranges = list[tuple[int, int]]
RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda r: (r[0], r[0] + r[1])), max_size=6)


def _spans(ranges: Ranges) -> Spans:
    pairs = np.array(ranges, np.int64).reshape(-1, 2)
    return Spans.union(pairs[:, 0], pairs[:, 1])


def _bytes(spans: Spans) -> set[int]:
    return {at for start, end in zip(spans.start.tolist(), spans.end.tolist(), strict=True) for at in range(start, end)}


@given(RANGES, RANGES)
def test_spans_are_sets_of_bytes(first: Ranges, second: Ranges) -> None:
    one, other = _spans(first), _spans(second)
    assert _bytes(one) == {at for start, end in first for at in range(start, end)}
    assert _bytes(one.without(other)) == _bytes(one) - _bytes(other)
    assert one.size == len(_bytes(one))
    left = one.without(other)
    assert (left.start[1:] > left.end[:-1]).all()  # as few ranges as can be


@given(RANGES, st.lists(st.tuples(st.integers(0, 70), st.integers(1, 5)), max_size=5))
def test_kept_bytes_and_chunks_are_found_where_they_went(cut: Ranges, chunks: list[tuple[int, int]]) -> None:
    source = bytes(range(80))
    media = Spans(np.array([5]), np.array([75]))
    kept = media.without(_spans(cut))
    inserts = Inserts(np.array([a for a, _ in chunks], np.int64), np.array([s for _, s in chunks], np.int64))
    layout = Layout(inserts)
    layout.copy(0, 5)
    layout.literal(b"head")
    layout.media(kept, np.arange(len(chunks)))
    layout.copy(75, 80)
    out = bytearray()
    for piece in layout.pieces():
        if piece.kind == SOURCE:
            out += source[piece.start : piece.start + piece.size]
        else:
            out += layout.literals[piece.start] if piece.kind == NEW_BYTES else bytes([200 + piece.start]) * piece.size
    assert len(out) == layout.size
    relocation, placed = layout.placed()
    for at in {*range(5), *_bytes(kept), *range(75, 80)}:
        assert out[int(relocation(np.array([at]))[0])] == at
    for number, (_, size) in enumerate(chunks):
        assert out[placed[number] : placed[number] + size] == bytes([200 + number]) * size


def test_a_chunk_takes_the_place_of_what_was_cut() -> None:
    layout = Layout(Inserts(np.array([20, 10]), np.array([7, 9])))
    layout.media(Spans(np.array([0, 15, 30]), np.array([10, 20, 40])), np.arange(2))
    expected = [(SOURCE, 0, 10), (INSERTED, 1, 9), (SOURCE, 15, 5), (INSERTED, 0, 7), (SOURCE, 30, 10)]
    assert list(layout.pieces()) == [Piece(*row) for row in expected]


def test_a_chunk_whose_place_another_track_uses_too_goes_behind_it() -> None:
    layout = Layout(Inserts(np.array([4]), np.array([3])))
    layout.media(Spans(np.array([0]), np.array([10])), np.arange(1))
    assert [piece.kind for piece in layout.pieces()] == [SOURCE, INSERTED]
