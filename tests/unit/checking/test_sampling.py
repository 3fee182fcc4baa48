from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.checking.sampling import sampled_runs, whole_runs


@st.composite
def films(draw: st.DrawFn) -> tuple[np.ndarray, list[int], int]:
    count = draw(st.integers(1, 3000))
    every = draw(st.integers(1, 400))
    is_sync = np.arange(count) % every == draw(st.integers(0, every - 1))
    around = draw(st.lists(st.integers(0, count), max_size=20))
    return is_sync, around, draw(st.integers(24, 400))


@given(films())
def test_sampled_runs_lie_inside_apart_begin_at_key_frames_and_keep_to_a_budget(
    film: tuple[np.ndarray, list[int], int],
) -> None:
    is_sync, around, budget = film
    runs = sampled_runs(is_sync, around, budget)
    seen = np.zeros(len(is_sync), dtype=int)
    for start, end in runs:
        assert 0 <= start < end <= len(is_sync)
        assert start == 0 or is_sync[start]
        seen[start:end] += 1
    assert seen.max() == 1
    assert seen[0] == 1
    if len(is_sync) <= budget:
        assert seen.all()
    else:
        assert seen.sum() <= 3 * budget + 120
        assert seen[int(np.flatnonzero(is_sync)[-1]) if is_sync.any() else 0] == 1


@given(films())
def test_whole_runs_are_everything_in_order(film: tuple[np.ndarray, list[int], int]) -> None:
    is_sync, _, least = film
    runs = whole_runs(is_sync, least=least)
    assert [at for start, end in runs for at in range(start, end)] == list(range(len(is_sync)))


def test_pictures_beside_damage_are_among_the_sampled() -> None:
    is_sync = np.arange(10_000) % 30 == 0
    seen = [at for start, end in sampled_runs(is_sync, [5010], 120) for at in range(start, end)]
    assert {5009, 5010, 5011} <= set(seen)
