from __future__ import annotations

import numpy as np
import pytest

from mediarescue.recover.candidate import Candidate, Gap, SegmentationBuilder
from tests.unit.recover.toys import candidate


def test_a_run_can_be_shortened_from_its_end() -> None:
    rows = np.arange(6, dtype=np.int64).reshape(3, 2)
    run = Candidate(1, 100, 60, np.array([10, 20, 30], dtype=np.int64), rows, 1.0, True)
    shorter = run.shortened(1, 4.0)
    assert shorter is not None
    assert (shorter.offset, shorter.size, shorter.end, shorter.sizes.tolist()) == (100, 30, 130, [10, 20])
    assert shorter.rows is not None
    assert shorter.rows.tolist() == [[0, 1], [2, 3]]
    assert shorter.cost == 5.0
    assert not shorter.certain
    assert run.shortened(3, 0.0) is None
    assert run.shortened(9, 0.0) is None


def test_a_builder_collects_samples_by_family() -> None:
    builder = SegmentationBuilder(50, 2)
    for part in (candidate(0, 50, 5, 6), Gap(61, 9, "rubbish"), candidate(1, 70, 4), candidate(0, 74, 7)):
        builder.add(part)
    built = builder.build(81)
    assert built.family.tolist() == [0, -1, 1, 0]
    assert built.samples[0].size.tolist() == [5, 6, 7]
    assert built.samples[0].offset.tolist() == [50, 55, 74]
    assert built.samples[1].offset.tolist() == [70]
    assert built.samples[0].rows is None
    assert built.recovered_bytes == 22
    assert [gap.reason for gap in built.gaps] == ["rubbish"]


def test_rows_of_many_runs_stay_in_order() -> None:
    builder = SegmentationBuilder(0, 1)
    for i in range(9000):
        builder.add(Candidate(0, i, 1, np.array([1], dtype=np.int64), np.array([[i, -i]], dtype=np.int64)))
    rows = builder.build(9000).samples[0].rows
    assert rows is not None
    assert rows.columns([0]) == [[i] for i in range(9000)]


def test_sizes_of_nearly_4_gib_are_kept() -> None:
    builder = SegmentationBuilder(0, 1)
    builder.add(candidate(0, 0, 4_294_967_295, 7))
    built = builder.build(4_294_967_302)
    assert built.samples[0].offset.tolist() == [0, 4_294_967_295]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [candidate(0, 5, 5)],
        [candidate(0, 0, 5), candidate(0, 6, 4)],
        [candidate(0, 0, 5), candidate(0, 4, 6)],
        [candidate(0, 0, 9)],
        [candidate(0, 0, 11)],
    ],
)
def test_a_cover_with_holes_or_overlaps_is_refused(parts: list[Candidate]) -> None:
    builder = SegmentationBuilder(0, 1)
    for part in parts:
        builder.add(part)
    with pytest.raises(ValueError, match="does not cover"):
        builder.build(10)


def test_no_media_is_covered_by_nothing() -> None:
    built = SegmentationBuilder(7, 2).build(7)
    assert built.recovered_bytes == 0
    assert built.samples[1].offset.tolist() == []
