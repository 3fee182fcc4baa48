from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from mediarescue.isobmff import ByteSource, JoinedSource
from mediarescue.recover.candidate import CUT_SHORT, Gap
from mediarescue.reporting.cover import Kind, cover_file, kind_of
from mediarescue.reporting.coverage import bytes_by_cell, cell_borders, summarize
from tests.unit.reporting.covers import cover


@pytest.mark.parametrize(
    ("gap", "kind"),
    [
        (Gap(0, 1, "not recognised"), Kind.GAP),
        (Gap(0, 1, "looks like GoPro telemetry"), Kind.UNKNOWN),
        (Gap(0, 1, "padding between chunks", expected=True), Kind.PADDING),
        (Gap(0, 1, "a free box inside the media data", expected=True), Kind.BOX),
        (Gap(0, 1, CUT_SHORT, expected=True), Kind.CUT),
    ],
)
def test_the_reason_of_a_gap_tells_what_it_is(gap: Gap, kind: Kind) -> None:
    assert kind_of(gap) is kind


def source(size: int) -> ByteSource:
    return ByteSource(io.BytesIO(bytes(size)), Path("film"), size)


def test_what_no_sample_and_no_gap_holds_is_header_unknown_or_box() -> None:
    made = cover_file(source(100), (), [Gap(40, 10, "not recognised")], (20, 80), file_size=100)
    assert list(zip(made.offset.tolist(), made.kind.tolist(), strict=True)) == [
        (0, Kind.HEADER),
        (20, Kind.UNKNOWN),
        (40, Kind.GAP),
        (50, Kind.UNKNOWN),
        (80, Kind.BOX),
    ]


def test_overlapping_claims_are_settled_for_the_first() -> None:
    gaps = [Gap(10, 50, "not recognised"), Gap(20, 10, "a free box"), Gap(40, 40, "padding", expected=True)]
    made = cover_file(source(100), (), gaps, (0, 100), file_size=100)
    assert made.offset.tolist() == [0, 10, 60, 80]
    assert made.size.tolist() == [10, 50, 20, 20]


def test_joined_parts_are_shown_where_they_lie_in_the_file() -> None:
    joined = JoinedSource(source(100), [(60, 20), (10, 30)])
    made = cover_file(joined, (), [Gap(10, 20, "not recognised")], (0, 50), file_size=100)
    rows = zip(made.offset.tolist(), made.size.tolist(), [Kind(kind) for kind in made.kind.tolist()], strict=True)
    assert list(rows) == [
        (0, 10, Kind.OTHER),
        (10, 10, Kind.GAP),
        (20, 20, Kind.UNKNOWN),
        (40, 20, Kind.OTHER),
        (60, 10, Kind.UNKNOWN),
        (70, 10, Kind.GAP),
        (80, 20, Kind.OTHER),
    ]


def test_the_bytes_of_all_cells_are_those_of_the_ranges() -> None:
    rng = np.random.default_rng(4)
    made = cover([(int(size), Kind.SAMPLES, int(size) % 2) for size in rng.integers(1, 5000, 700)])
    borders = cell_borders(made.file_size, 120)
    for track in (0, 1):
        assert bytes_by_cell(made, borders, made.track == track).sum() == made.size[made.track == track].sum()


def test_one_bad_byte_in_a_great_film_is_a_gap_of_the_summary() -> None:
    great = 45_000_000_000
    report = summarize(cover([(great, Kind.SAMPLES, 0), (1, Kind.GAP, -1), (great, Kind.SAMPLES, 0)]))
    assert len(report.cells) == 120
    assert report.cells.count("gap") == 1
    assert set(report.cells) == {"1", "gap"}
    assert summarize(cover([(3, Kind.SAMPLES, 1)])).cells == ("2", "2", "2")
