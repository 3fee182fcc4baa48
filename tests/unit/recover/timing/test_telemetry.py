"""Which stamp is whose, and what times follow from stamps, exposures and the length of chunks."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from mediarescue.recover.timing.chunk_grid import durations_by_grid, learn_grid
from mediarescue.recover.timing.telemetry import FORMATS
from mediarescue.recover.timing.telemetry.clock import (
    TelemetryClock,
    by_known_times,
    durations_by_stamps,
    stamp_seconds,
)
from mediarescue.recover.timing.telemetry.exposure import frame_seconds
from mediarescue.recover.timing.telemetry.pairing import commonest_lead, paired, run_leads

Int64Array = NDArray[np.int64]
CLOCK = TelemetryClock(1, 0, FORMATS[0], "u32>@0", 1e-3, 0, 0.5, 0.0)


def interleaved(pictures: int, per_chunk: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Return offsets of pictures of 100 bytes, and offsets and sizes of metadata of 10, by turns a chunk of each."""
    number = np.arange(pictures)
    chunk, place = number // per_chunk, number % per_chunk
    base = chunk * per_chunk * 110
    return base + place * 100, base + per_chunk * 100 + place * 10, np.full(pictures, 10)


def test_runs_of_metadata_end_where_their_pictures_do() -> None:
    pictures, offset, size = interleaved(40, 8)
    assert run_leads(pictures, offset, size).tolist() == [0] * 5
    assert commonest_lead(run_leads(pictures, offset, size)) == 0
    assert commonest_lead(np.array([1, 2, 3])) is None


def test_stamps_find_their_pictures_behind_a_gap_that_took_more_of_the_one() -> None:
    pictures, offset, size = interleaved(40, 8)
    lost = np.r_[10:16]  # pictures; their metadata stand behind the gap
    left = np.delete(np.arange(40), lost)
    owner = paired(pictures[left], offset, size, np.array([pictures[10]]), shift=0, ahead=0)
    there = owner >= 0
    assert left[owner[there]].tolist() == [*range(10), *range(16, 40)] or (owner[16:] == np.arange(10, 34)).all()
    assert (np.diff(owner[there]) > 0).all()


def test_without_a_gap_the_shift_is_all() -> None:
    pictures, offset, size = interleaved(24, 8)
    owner = paired(pictures, offset, size, np.zeros(0, np.int64), shift=1, ahead=None)
    assert owner.tolist() == list(range(-1, 23))


def test_spoiled_stamps_are_left_out_and_too_many_refuse_all() -> None:
    stamps = np.arange(30) * 40 + 1000
    data = b"".join(struct.pack(">I", value) for value in stamps)
    broken = bytearray(data)
    broken[4 * 11 : 4 * 12] = b"\xff\xff\xff\xf0"
    offset, size = np.arange(30) * 4, np.full(30, 4)
    seconds = stamp_seconds(CLOCK, offset, size, lambda at, count: bytes(broken[at : at + count]))
    assert seconds is not None
    assert np.isnan(seconds[11])
    assert np.allclose(np.delete(seconds, 11), np.delete(np.arange(30) * 0.04, 11))
    noise = np.random.default_rng(1).bytes(120)
    assert stamp_seconds(CLOCK, offset, size, lambda at, count: noise[at : at + count]) is None


def test_pictures_without_a_stamp_go_on_at_the_rate_of_the_others() -> None:
    stamps = np.asarray(np.arange(20) * 0.04, dtype=np.float64)
    durations = durations_by_stamps(CLOCK, stamps, np.arange(20) + 3, np.full(30, 99), 1000)
    assert durations is not None
    assert durations[:-1].tolist() == [40] * 29


def test_known_times_are_kept_and_what_is_between_is_stretched() -> None:
    durations = by_known_times(np.array([0, 4, 8]), np.array([0, 100, 300]), np.full(10, 30))
    assert durations.tolist() == [25, 25, 25, 25, 50, 50, 50, 50, 30, 30]


def test_frames_last_as_long_as_the_next_one_is_exposed_and_never_less_than_usual() -> None:
    seconds = frame_seconds(np.array([0.5, 1 / 240, 1 / 24, np.nan, 1 / 20]))
    assert seconds[:2] == pytest.approx([1 / 30, 1 / 24])
    assert np.isnan(seconds[2])
    assert seconds[3] == pytest.approx(1 / 20)


def test_a_chunk_with_fewer_pictures_lasts_as_long_as_the_others() -> None:
    reference = np.full(60, 20)
    grid = learn_grid(reference, np.arange(0, 60, 15), 600)
    assert grid is not None
    assert (grid.period, grid.step, grid.absolute, grid.error) == (300.0, 20.0, False, 0.0)
    durations = durations_by_grid(grid, np.array([0, 9, 24, 39]), 50)
    ends = np.cumsum(durations)
    assert ends[[8, 23, 38, 49]].tolist() == [300, 600, 900, 1120]


def test_chunks_of_no_fixed_length_are_no_clock() -> None:
    lengths = np.array([3, 17, 9, 30, 5, 22])
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    assert learn_grid(np.full(int(lengths.sum()), 20), starts, 600) is None
    assert learn_grid(np.zeros(9, np.int64), np.array([0, 3, 6]), 600) is None


def test_chunks_that_end_at_whole_seconds_wherever_they_began() -> None:
    steps = np.array([7] * 33 + [40] * 6 + [7] * 90)  # ticks of 1/240 s: 34, 6 and 34 a second
    ends = np.cumsum(steps)
    starts = np.array([0, *(int(np.searchsorted(ends, second * 240)) + 1 for second in (1, 2, 3, 4))])
    starts = starts[starts < len(steps)]
    grid = learn_grid(steps, starts, 240)
    assert grid is not None
    assert grid.absolute
    assert grid.period == 240.0
    counts = np.diff(starts)
    assert np.abs(grid.ends(counts) - ends[starts[1:] - 1]).max() <= grid.error < 40
