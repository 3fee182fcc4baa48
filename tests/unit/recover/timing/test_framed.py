"""Sync samples, order and durations of samples that tell them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.profile import TrackProfile, learn_reference
from mediarescue.recover.timing.framed import framed_sync
from tests.support.synthetic import signed_track, write_movie


def profile(tmp_path: Path, marked: tuple[int, ...] | None, count: int = 120) -> TrackProfile:
    path = tmp_path / "reference.mov"
    write_movie(path, (replace(signed_track(count), sync=marked),))
    with ByteSource.open(path) as source:
        return learn_reference(source).tracks[0]


def rows(keys: set[int], count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([(index in keys, 0, -1) for index in range(count)], dtype=np.int64)


def marks(track: TrackProfile, known: set[int], found: set[int], count: int = 130) -> list[int]:
    return np.flatnonzero(framed_sync(track, rows(known, 80), rows(found, count))).tolist()


def test_key_pictures_are_marked_where_the_reference_marks_its_own(tmp_path: Path) -> None:
    assert marks(profile(tmp_path, (0, 50)), {0, 50}, {0, 33, 99}) == [0, 33, 99]


def test_marks_that_count_instead_of_telling_go_on_counting(tmp_path: Path) -> None:
    assert marks(profile(tmp_path, (0, 50, 100)), {0}, {0, 72}) == [0, 50, 100]


@pytest.mark.parametrize("marked", [(0, 50), (0, 13, 61), (7, 57, 107)])
def test_marks_without_a_period_are_not_counted(marked: tuple[int, ...], tmp_path: Path) -> None:
    assert marks(profile(tmp_path, marked), {0}, {0, 72}) == [0, 72]


def test_no_table_of_sync_samples_means_all(tmp_path: Path) -> None:
    assert marks(profile(tmp_path, None), {0}, {0}, 5) == [0, 1, 2, 3, 4]
