"""Clocks of real writers, each with what it does to the durations."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mediarescue.isobmff import Edit
from mediarescue.recover.timing.composition import display_ranks, learn_shift, offsets_without_shift, picture_step
from mediarescue.recover.timing.decode import learn_clock, rescale
from mediarescue.recover.timing.edits import edit_entries, learn_start
from mediarescue.reports import TimingSource


def clock_of(
    durations: list[int], timescale: int = 90000, step: Fraction | None = None
) -> tuple[TimingSource, list[int]]:
    clock = learn_clock(np.array(durations, dtype=np.int64), timescale, bitstream_step=step)
    return clock.source, clock.durations(6).tolist()


def test_one_rate() -> None:
    assert clock_of([3003] * 9) == (TimingSource.CONSTANT, [3003] * 6)


def test_an_odd_last_duration_is_nobodys_rate() -> None:
    assert clock_of([3000] * 9 + [17]) == (TimingSource.CONSTANT, [3000] * 6)


def test_an_odd_first_duration_is_carried_over_once() -> None:
    assert clock_of([4500] + [3000] * 9) == (TimingSource.CONSTANT, [4500, 3000, 3000, 3000, 3000, 3000])


def test_ntsc_in_a_time_scale_of_600_alternates() -> None:
    source, durations = clock_of([20, 20, 20, 20, 21] * 40, 600)
    assert source is TimingSource.PATTERN
    assert set(durations) <= {20, 21}


def test_jitter_around_one_rate_is_smoothed() -> None:
    jitter = np.random.default_rng(1).integers(-300, 301, 400)
    times = np.arange(401) * 3000 + np.concatenate(([0], jitter))
    source, durations = clock_of(np.diff(times).tolist())
    assert source is TimingSource.PATTERN
    assert set(durations[1:]) <= {2999, 3000, 3001}
    assert abs(durations[0] - 3000) <= 300


def test_a_rate_that_changes_is_only_guessed() -> None:
    source, durations = clock_of([3000] * 50 + [6000] * 50)
    assert source is TimingSource.GUESSED
    assert sum(durations) == pytest.approx(6 * 4500, rel=0.02)


def test_audio_frames_last_as_long_as_the_bitstream_says() -> None:
    assert clock_of([1024] * 20, 44100, Fraction(1024)) == (TimingSource.BITSTREAM, [1024] * 6)
    assert clock_of([], 44100, Fraction(1024)) == (TimingSource.BITSTREAM, [1024] * 6)


def test_nothing_known_is_guessed_and_one_sample_is_enough() -> None:
    assert clock_of([])[0] is TimingSource.GUESSED
    assert clock_of([77]) == (TimingSource.CONSTANT, [77] * 6)


def test_rescaling_nothing_changes_nothing() -> None:
    zeros = np.zeros(3, dtype=np.int64)
    assert rescale(zeros, 100).tolist() == [0, 0, 0]


def test_b_frames_are_shown_in_order_of_their_counts() -> None:
    sequence = np.array([0, 0, 0, 0, 1, 1, 1], dtype=np.int64)
    poc = np.array([0, 8, 4, 6, 0, 4, 2], dtype=np.int64)
    assert display_ranks(sequence, poc).tolist() == [0, 3, 1, 2, 4, 6, 5]


def test_at_a_cut_a_place_is_left_for_pictures_that_are_missing() -> None:
    """Forty pictures two counts apart, then one that B-frames behind the cut would have come before."""
    counts = [*range(0, 80, 2), 86]
    assert picture_step(np.zeros(41, dtype=np.int64), np.array(counts, dtype=np.int64)) == 2
    ranks = display_ranks(np.zeros(41, dtype=np.int64), np.array(counts, dtype=np.int64), step=2)
    assert ranks.tolist() == [*range(40), 43]
    durations = np.full(41, 100, dtype=np.int64)
    assert offsets_without_shift(ranks, durations).tolist() == [0] * 40 + [300]


@pytest.mark.parametrize("shift", [0, 1024, -512])
def test_the_shift_is_the_references(shift: int) -> None:
    ranks, durations = np.array([0, 3, 1, 2], dtype=np.int64), np.full(4, 512, dtype=np.int64)
    offsets = np.array([0, 1024, -512, -512], dtype=np.int64)
    assert offsets_without_shift(ranks, durations).tolist() == offsets.tolist()
    assert learn_shift(offsets + shift, ranks, durations) == shift


def test_priming_and_delay_are_skipped_and_a_late_start_is_kept() -> None:
    start = learn_start([Edit(40, -1, 1.0), Edit(2000, 1024, 1.0)])
    assert edit_entries(start, media_end=45124, timescale=44100, movie_timescale=1000) == [
        Edit(40, -1, 1.0),
        Edit(1000, 1024, 1.0),
    ]


def test_an_edit_is_rounded_up_so_that_the_last_sample_is_shown() -> None:
    start = learn_start([Edit(9, 0, 1.0)])
    assert edit_entries(start, media_end=1001, timescale=30000, movie_timescale=600) == [Edit(21, 0, 1.0)]
