from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.errors import OutputError
from mediarescue.reporting.cover import Kind
from mediarescue.reporting.map import map_blocks, write_map
from tests.support.map_file import parse_map
from tests.unit.reporting.covers import Part, cover

samples = st.tuples(st.integers(1, 1 << 40), st.just(Kind.SAMPLES), st.sampled_from([0, 1]))
others = st.tuples(st.integers(1, 1 << 40), st.sampled_from([k for k in Kind if k is not Kind.SAMPLES]), st.just(-1))


@given(st.lists(st.one_of(samples, others), min_size=1, max_size=40))
def test_a_map_read_back_covers_the_file_exactly_and_says_what_was_meant(parts: list[Part]) -> None:
    made = cover(parts)
    read = parse_map("".join(map_blocks(made, name="a.mp4")))
    assert (read.name, read.size) == ("a.mp4", made.file_size)
    at = 0
    for line, (size, kind, track) in zip(read.lines, parts, strict=True):
        assert (line.offset, line.size, line.kind) == (at, size, kind.name.lower())
        assert line.track == (None if track < 0 else track + 1)
        assert line.note == ("not recognised" if kind is Kind.GAP else "")
        at += size
    assert at == made.file_size


def test_a_cover_with_a_hole_is_refused() -> None:
    made = cover([(10, Kind.HEADER, -1), (20, Kind.SAMPLES, 0)])
    with pytest.raises(ValueError, match="does not cover"):
        type(made)(
            made.file_size,
            made.tracks,
            made.offset + np.array([0, 1]),
            made.size,
            made.kind,
            made.track,
            made.count,
            made.first,
            made.seconds,
            made.note,
            made.notes,
        )


def test_a_name_with_a_line_break_stays_on_its_line(tmp_path: Path) -> None:
    write_map(tmp_path / "a.map", cover([(5, Kind.GAP, -1)]), name="a\nb\udcff.mp4", overwrite=False)
    text = (tmp_path / "a.map").read_bytes()
    assert b"# file: a b\xff.mp4\n" in text
    with pytest.raises(OutputError, match="exists"):
        write_map(tmp_path / "a.map", cover([(5, Kind.GAP, -1)]), name="a", overwrite=False)
