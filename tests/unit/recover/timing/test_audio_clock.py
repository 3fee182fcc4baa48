from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mediarescue.recover.runs import run_starts
from mediarescue.recover.timing.audio_clock import (
    InterleaveClock,
    TrackTimes,
    chunk_lags,
    durations_by_interleave,
    learn_interleave,
    scale_by_interleave,
    total_by_audio,
)


def interleaved(steps: list[float], audio_step: float = 0.02) -> tuple[TrackTimes, NDArray[np.int64], TrackTimes]:
    """Return video of the given frame times, its runs, and audio, each frame followed by the audio up to its end."""
    pos, video, audio, sizes = 0, [], [], []
    ends, audio_ends, now, heard = [], [], 0.0, 0.0
    for step in steps:
        video.append(pos)
        sizes.append(100)
        pos += 100
        now += step
        ends.append(now)
        while heard + audio_step <= now:
            heard += audio_step
            audio.append(pos)
            audio_ends.append(heard)
            pos += 10
    offset = np.array(video, dtype=np.int64)
    starts = run_starts(offset, np.array(sizes, dtype=np.int64))
    return TrackTimes(offset, np.array(ends)), starts, TrackTimes(np.array(audio, dtype=np.int64), np.array(audio_ends))


def test_runs_start_where_samples_do_not_touch() -> None:
    offset, size = np.array([0, 10, 25, 30, 50]), np.array([10, 5, 5, 5, 5])
    assert run_starts(offset, size).tolist() == [0, 2, 4]
    assert run_starts(offset[:0], size[:0]).tolist() == []


def test_audio_before_a_place_is_summed() -> None:
    times = TrackTimes(np.array([10, 20, 30]), np.array([0.5, 1.0, 1.5]))
    assert times.before(np.array([0, 10, 11, 25, 99])).tolist() == [0.0, 0.0, 0.5, 1.0, 1.5]


def test_a_tight_interleave_is_a_clock() -> None:
    clock = learn_interleave(chunk_lags(*interleaved([0.04] * 50)))
    assert clock.usable
    assert abs(clock.lag) <= 0.04


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_anchors_are_none(count: int) -> None:
    assert not learn_interleave(chunk_lags(*interleaved([0.04] * count))).usable


def test_a_loose_interleave_is_no_clock() -> None:
    clock = InterleaveClock(0.0, 0.5, 100)
    assert not clock.usable
    video, starts, audio = interleaved([0.04] * 50)
    assert durations_by_interleave(clock, video.offset, starts, audio, 90000, 3600.0) is None


def test_a_varying_rate_is_followed_by_the_audio() -> None:
    reference = interleaved([0.03, 0.04, 0.05] * 20)
    steps = [0.03] * 60 + [0.06] * 60
    video, starts, audio = interleaved(steps)
    clock = learn_interleave(chunk_lags(*reference))
    durations = durations_by_interleave(clock, video.offset, starts, audio, 90000, 3600.0)
    assert durations is not None
    assert len(durations) == 120
    assert int(durations.min()) >= 1
    assert abs(int(durations.sum()) / 90000 - sum(steps)) < 0.05
    assert np.abs(np.cumsum(durations) / 90000 - video.ends).max() < 0.06


@pytest.mark.parametrize(
    ("video", "audio", "usual", "wanted"),
    [
        (10.0, 10.05, 0.0, None),
        (10.0, 12.0, 0.0, 12.0),
        (10.0, 12.0, 0.1, 12.1),
        (10.0, 12.0, 3.0, 12.0),
        (100.0, 101.0, 0.0, None),
        (1.0, 0.511, 0.0, 0.511),
        (1.0, 0.0, 0.0, None),
    ],
)
def test_a_total_the_audio_contradicts_is_replaced(
    video: float, audio: float, usual: float, wanted: float | None
) -> None:
    found = total_by_audio(video, audio, reference_video=20.0 + usual, reference_audio=20.0)
    assert found == (pytest.approx(wanted) if wanted is not None else None)


def test_the_difference_in_a_part_of_a_film_says_nothing() -> None:
    """0.4 s of 0.5 s is no habit of the camera."""
    assert total_by_audio(0.5, 0.51, reference_video=0.12, reference_audio=0.51) is None


def test_a_cut_film_is_stretched_only_where_its_last_chunk_lies_far_from_its_audio() -> None:
    lags = np.array([-0.1, 0.0, 0.1])
    assert scale_by_interleave(lags, 0.3, 10.0) is None
    assert scale_by_interleave(lags, 2.0, 10.0) == pytest.approx(0.8)
    assert scale_by_interleave(lags, -2.0, 10.0) == pytest.approx(1.2)
    assert scale_by_interleave(lags[:0], 2.0, 10.0) is None
    assert scale_by_interleave(lags, 2.0, 0.0) is None
