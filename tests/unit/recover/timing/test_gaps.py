"""How many samples a gap took: each counter by itself, and the interleave of two tracks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mediarescue.recover.timing.composition import display_ranks
from mediarescue.recover.timing.counters import (
    PictureCounter,
    anchor_after,
    anchor_before,
    counter_cost,
    picture_counter,
    places_up_to_restart,
    sync_cost,
)
from mediarescue.recover.timing.interleave import agreement

MINI = {0: [0], 1: [1, 0], 2: [2, 0, 1], 3: [3, 1, 0, 2]}
"""Orders of decoding of a group of pictures with so many B-frames."""


NONE = np.zeros(0, dtype=np.int64)


def places_of(groups: list[int], b_frames: int) -> list[int]:
    """Return places within their sequence of all pictures, sequences of the given lengths."""
    out: list[int] = []
    for length in groups:
        own, at = [0], 1
        while at < length:
            left = min(b_frames + 1, length - at)
            own += [at + place for place in MINI[left - 1]]
            at += left
        out += own
    return out


def film(groups: list[int], b_frames: int, period: int, lost: slice) -> tuple[PictureCounter | None, int]:
    """Return the counter of a film without the pictures ``lost``, and the index of the first behind them."""
    places = np.array(places_of(groups, b_frames))
    sequence = np.repeat(np.arange(len(groups)), groups)
    keep = np.ones(len(places), dtype=bool)
    keep[lost] = False
    ranks = display_ranks(sequence, places)
    counter = picture_counter(2 * places % (2 * period), 2 * period, sequence, ranks, step=2)
    if counter is None:
        return None, 0
    restarts = keep & (places == 0)
    kept = PictureCounter(counter.place[keep], period, restarts[keep], counter.depth, counter.ahead)
    return kept, int(keep[: lost.start].sum())


@given(
    period=st.sampled_from([16, 32, 256]),
    b_frames=st.integers(0, 3),
    start=st.integers(30, 120),
    count=st.integers(0, 60),
)
def test_a_counter_within_one_sequence_is_exact_modulo_its_period(
    period: int, b_frames: int, start: int, count: int
) -> None:
    counter, at = film([240], b_frames, period, slice(start, start + count))
    assert counter is not None
    cost = counter_cost(np.arange(300), counter, NONE, 0, at, len(counter.place))
    likely = np.flatnonzero(cost < cost.min() + 1)
    assert (likely % period == count % period).all()
    assert count in likely.tolist()


@given(group=st.integers(8, 30), b_frames=st.integers(0, 3), start=st.integers(90, 150), count=st.integers(0, 70))
def test_regular_restarts_tell_what_was_lost_over_them(group: int, b_frames: int, start: int, count: int) -> None:
    counter, at = film([group] * (300 // group), b_frames, 32, slice(start, start + count))
    assert counter is not None
    cost = counter_cost(np.arange(200), counter, np.full(9, group), 0, at, len(counter.place))
    assert cost[count] <= cost.min() + 0.5


@given(group=st.integers(5, 30), start=st.integers(40, 90), count=st.integers(0, 60))
def test_sync_samples_at_one_distance_tell_modulo_that(group: int, start: int, count: int) -> None:
    sync = np.arange(300) % group == 0
    assume(sync[start + count :].any())
    kept = np.concatenate((sync[:start], sync[start + count :]))
    cost = sync_cost(np.arange(150), kept, np.full(9, group), 0, start, len(kept))
    likely = np.flatnonzero(cost < cost.min() + 1)
    assert set((likely % group).tolist()) == {count % group}


def test_sync_samples_at_any_distance_tell_little() -> None:
    sync = np.zeros(100, dtype=bool)
    sync[[0, 7, 31, 60, 88]] = True
    cost = sync_cost(np.arange(50), sync, np.array([7, 24, 29, 28]), 0, 50, 100)
    assert np.ptp(cost) < 2


def test_a_track_of_key_pictures_tells_nothing_by_them() -> None:
    sync = np.ones(100, dtype=bool)
    assert np.ptp(sync_cost(np.arange(50), sync, np.ones(99, dtype=np.int64), 0, 50, 100)) == 0


def test_an_anchor_waits_for_a_picture_decoded_in_front_of_the_gap() -> None:
    # P8 and B6 are lost, b5 and b7 stand behind the gap: places 5 and 7 close nothing
    counter, at = film([60], 3, 32, slice(5, 7))
    assert counter is not None
    after = anchor_after(counter, at, len(counter.place))
    before = anchor_before(counter, 0, at)
    assert after is not None
    assert before is not None
    assert (after.place - before.place) - (after.stop - before.stop) == 2


def test_pictures_before_a_regular_restart_know_their_places() -> None:
    counter, at = film([12] * 8, 2, 32, slice(30, 46))
    assert counter is not None
    found = places_up_to_restart(counter, at, len(counter.place))
    assert found is not None
    # of the fourth group the last two are left, b-frames of places 9 and 10 of 12
    assert found.tolist() == [place - 12 + 2 for place in places_of([12], 2)[10:]]


@pytest.mark.parametrize("step", [0, 3])
def test_a_counter_of_no_step_is_none(step: int) -> None:
    values = np.arange(50) * 2 % 32
    assert picture_counter(values, 32, np.zeros(50, np.int64), np.arange(50), step=step) is None


def test_a_counter_that_comes_round_while_pictures_wait_is_none() -> None:
    ranks = np.array([0, 4, 2, 1, 3, 8, 6, 5, 7])
    assert picture_counter(ranks * 2 % 8, 8, np.zeros(9, np.int64), ranks, step=2) is None


@given(shift=st.floats(-0.4, 0.4), count=st.integers(12, 60), seed=st.integers(0, 99))
def test_lags_behind_a_gap_tell_the_shift(shift: float, count: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    before, after = draw.uniform(0, 0.022, (2, 2, count))
    found = agreement((before[0], before[1]), (after[0] - shift, after[1] - shift), 1.0)
    assert found is not None
    assert found.best == pytest.approx(shift, abs=0.006)
    assert found.cost(np.array([found.best]))[0] <= found.cost(np.array([found.best + 0.1]))[0]


def test_too_few_lags_tell_no_shift() -> None:
    one = np.array([0.1])
    assert agreement((one, one), (one, one), 1.0) is None
    many = np.arange(20) / 100
    assert agreement((many, many), (np.zeros(0), np.zeros(0)), 1.0) is None


def test_a_few_lags_apart_say_little() -> None:
    before = np.array([0.0, 0.4, 0.8])
    found = agreement((before, before), (before + 0.1, before + 0.1), 1.0)
    assert found is not None
    assert found.cost(np.array([0.0]))[0] < 2


def test_a_lag_far_from_the_others_does_not_blur_them() -> None:
    # a track of one sample a second: its first chunk stands elsewhere than all the others
    before, after = np.array([1.0, 0.0, 0.0]), np.full(5, -0.6)
    found = agreement((before,), (after,), 2.0)
    assert found is not None
    assert abs(found.best - 0.6) < 0.05
    assert found.cost(np.array([1.6]))[0] > 3
