"""Clocks: durations add up, a constant rate stays exact, estimates rise, edits show everything."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediarescue.isobmff import ByteSource, Edit
from mediarescue.recover.survey import zero_fraction
from mediarescue.recover.timing.composition import display_ranks, learn_shift, offsets_without_shift, picture_step
from mediarescue.recover.timing.decode import DecodeClock, fit_to_anchors, learn_clock, rescale
from mediarescue.recover.timing.edits import edit_entries, learn_start, segment_total
from mediarescue.reports import TimingSource

STEPS = st.fractions(min_value=Fraction(1, 2), max_value=100_000, max_denominator=1001)


@given(step=STEPS, count=st.integers(0, 300))
def test_durations_add_up_to_the_rounded_end(step: Fraction, count: int) -> None:
    durations = DecodeClock(step, 0, TimingSource.CONSTANT).durations(count)
    assert len(durations) == count
    assert abs(int(durations.sum()) - count * step) <= Fraction(1, 2)
    assert int(durations.min(initial=10**9)) >= int(step)


@given(step=STEPS, first=st.integers(0, 200), more=st.integers(0, 200))
def test_a_longer_film_begins_like_a_shorter_one(step: Fraction, first: int, more: int) -> None:
    clock = DecodeClock(step, 0, TimingSource.CONSTANT)
    assert clock.durations(first + more)[:first].tolist() == clock.durations(first).tolist()


@given(step=st.integers(1, 10**6), count=st.integers(1, 200), last=st.integers(0, 10**6), wanted=st.integers(0, 200))
def test_a_constant_clock_is_carried_on_exactly(step: int, count: int, last: int, wanted: int) -> None:
    """Whatever the last duration says: many writers invent it."""
    clock = learn_clock(np.array([step] * count + [last], dtype=np.int64), 90000)
    assert clock.source is TimingSource.CONSTANT
    assert clock.durations(wanted).tolist() == [step] * wanted


@given(
    rate=st.sampled_from([Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60000, 1001)]),
    count=st.integers(60, 200),
)
def test_a_rate_the_time_scale_cannot_express_keeps_its_pattern(rate: Fraction, count: int) -> None:
    times = [round(i * 600 / rate) for i in range(count + 1)]
    clock = learn_clock(np.diff(times).astype(np.int64), 600)
    assert clock.source is TimingSource.PATTERN
    got = np.cumsum(clock.durations(count))
    assert np.abs(got - np.array(times[1:])).max() <= 1


@given(step=st.sampled_from([1024, 960, 2048]), scale=st.sampled_from([44100, 48000, 1000]), count=st.integers(5, 80))
def test_a_step_told_by_the_bitstream_wins(step: int, scale: int, count: int) -> None:
    exact = Fraction(step * scale, 48000)
    times = [round(i * exact) for i in range(count + 1)]
    clock = learn_clock(np.diff(times).astype(np.int64), scale, bitstream_step=exact)
    assert clock.source is TimingSource.BITSTREAM
    assert abs(int(clock.durations(1000).sum()) - 1000 * exact) <= 2


@given(
    count=st.integers(1, 300),
    raw=st.lists(
        st.tuples(st.integers(0, 299), st.floats(0, 1e6)), min_size=1, max_size=40, unique_by=lambda row: row[0]
    ),
    step=st.floats(1, 5000),
)
def test_times_fitted_to_any_anchors_rise(count: int, raw: list[tuple[int, float]], step: float) -> None:
    rows = sorted(row for row in raw if row[0] < count) or [(0, 0.0)]
    index = np.array([i for i, _ in rows], dtype=np.int64)
    times = np.array([t for _, t in rows], dtype=np.float64)
    durations = fit_to_anchors(count, index, times, step)
    assert len(durations) == count
    assert int(durations.min()) >= 1


@given(count=st.integers(20, 200), step=st.integers(100, 5000))
def test_anchors_on_a_straight_line_give_it_back(count: int, step: int) -> None:
    index = np.arange(0, count, 3, dtype=np.int64)
    times = (index * step).astype(np.float64)
    durations = fit_to_anchors(count, index, times, float(step))
    assert np.abs(durations - step).max() <= 1


@given(durations=st.lists(st.integers(1, 10_000), min_size=1, max_size=200), total=st.integers(1, 10**7))
def test_rescaled_durations_add_up_to_the_total(durations: list[int], total: int) -> None:
    scaled = rescale(np.array(durations, dtype=np.int64), total)
    assert len(scaled) == len(durations)
    assert int(scaled.sum()) == total
    assert int(scaled.min()) >= 0


SEQUENCES = st.lists(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30, unique=True), min_size=1, max_size=5)


@given(counts=SEQUENCES)
def test_display_ranks_are_a_permutation_in_order_of_output(counts: list[list[int]]) -> None:
    sequence = np.array([i for i, row in enumerate(counts) for _ in row], dtype=np.int64)
    poc = np.array([value for row in counts for value in row], dtype=np.int64)
    ranks = display_ranks(sequence, poc)
    assert sorted(ranks.tolist()) == list(range(len(poc)))
    shown = np.argsort(ranks)
    assert [(sequence[i], poc[i]) for i in shown] == sorted(zip(sequence, poc, strict=True))


@given(counts=SEQUENCES, step=st.integers(1, 4))
def test_display_ranks_with_a_step_keep_the_order_and_are_never_shared(counts: list[list[int]], step: int) -> None:
    sequence = np.array([i for i, row in enumerate(counts) for _ in row], dtype=np.int64)
    poc = np.array([value for row in counts for value in row], dtype=np.int64)
    plain, spaced = display_ranks(sequence, poc), display_ranks(sequence, poc, step=step)
    assert len(set(spaced.tolist())) == len(spaced)
    assert np.argsort(spaced).tolist() == np.argsort(plain).tolist()
    assert (spaced >= plain).all()


@given(step=st.integers(1, 6), lengths=st.lists(st.integers(20, 40), min_size=1, max_size=3), missing=st.integers(0, 8))
def test_the_step_of_order_counts_is_learned_whatever_is_missing_at_the_end(
    step: int, lengths: list[int], missing: int
) -> None:
    counts = [[*range(0, n * step, step), (n + missing) * step] for n in lengths]
    sequence = np.array([i for i, row in enumerate(counts) for _ in row], dtype=np.int64)
    poc = np.array([value for row in counts for value in row], dtype=np.int64)
    assert picture_step(sequence, poc) == step


@given(order=st.permutations(range(24)), step=st.integers(1, 5000), shift=st.integers(-20_000, 20_000))
def test_a_shift_is_learned_from_its_own_offsets(order: list[int], step: int, shift: int) -> None:
    ranks, durations = np.array(order, dtype=np.int64), np.full(24, step, dtype=np.int64)
    offsets = offsets_without_shift(ranks, durations)
    assert learn_shift(offsets + shift, ranks, durations) == shift
    shown = np.cumsum(durations) - durations + offsets
    assert sorted(shown.tolist()) == [i * step for i in range(24)]


@given(
    empty=st.integers(0, 10_000),
    media_time=st.integers(0, 10_000),
    length=st.integers(1, 10**9),
    timescale=st.integers(1, 200_000),
    movie=st.integers(1, 200_000),
)
def test_an_edit_shows_everything_up_to_the_end(
    empty: int, media_time: int, length: int, timescale: int, movie: int
) -> None:
    listed = [Edit(empty, -1, 1.0)] if empty else []
    start = learn_start([*listed, Edit(77, media_time, 1.0), Edit(5, 9, 1.0)])
    assert (start.empty, start.media_time, start.listed) == (empty, media_time, True)
    entries = edit_entries(start, media_end=media_time + length, timescale=timescale, movie_timescale=movie)
    assert [entry.media_time for entry in entries] == ([-1, media_time] if empty else [media_time])
    shown = Fraction(entries[-1].segment_duration, movie)
    assert 0 <= shown - Fraction(length, timescale) < Fraction(1, movie)
    assert segment_total(entries, length, timescale, movie) == empty + entries[-1].segment_duration


def test_without_an_edit_list_none_is_made() -> None:
    start = learn_start([])
    assert not start.listed
    assert edit_entries(start, media_end=500, timescale=100, movie_timescale=1000) == []
    assert segment_total([], 500, 100, 1000) == 5000


@settings(deadline=None, max_examples=40)
@given(size=st.integers(1, 60_000), mark=st.integers(0, 59_999), value=st.integers(1, 255))
def test_one_byte_tells_a_file_from_zeros(
    size: int, mark: int, value: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "zeros-trial"
    path.write_bytes(bytes(size))
    with ByteSource.open(path) as source:
        assert zero_fraction(source) == 1.0
    data = bytearray(size)
    data[mark % size] = value
    path.write_bytes(data)
    with ByteSource.open(path) as source:
        assert 0 <= zero_fraction(source) < 1.0


def test_one_byte_tells_a_large_file_from_zeros(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(9_000_000)
        file.seek(4_444_444)
        file.write(b"\1")
    with ByteSource.open(path) as source:
        assert zero_fraction(source) < 1.0
