"""Lost constant-size sound by a hidden index: silence as long as the listed chunks are apart."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from mediarescue.recover.hidden import HiddenTimes
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.indexed_sound import silence_by_index
from mediarescue.reports import TimingSource

BLOCK = 4
CHUNKS = SimpleNamespace(block=BLOCK, delta=1, packet_samples=1, samples_in=lambda size: size // BLOCK)
NONE = np.zeros(0, dtype=np.int64)
LISTED = HiddenTimes(np.array([0, 1000, 5000, 9000]), np.array([100, 100, 100, 100]))


def track(offset: list[int], size: list[int], stand_in: list[bool]) -> RescuedTrack:
    profile = cast(TrackProfile, SimpleNamespace(chunks=CHUNKS))
    return RescuedTrack(
        profile,
        np.array(offset),
        np.array(size),
        NONE,
        None,
        0,
        np.zeros(0, dtype=bool),
        TimingSource.BITSTREAM,
        stand_in=np.array(stand_in),
    )


@pytest.mark.parametrize(("resumed", "silent"), [(5000, 100), (5040, 110), (9000, 200)])
def test_silence_fills_what_the_index_says_is_missing(resumed: int, silent: int) -> None:
    torn = track([0, 800, resumed], [400, 4000, 40], [False, True, False])
    found = silence_by_index(torn, LISTED)
    assert found.size.tolist() == [400, silent * BLOCK, 40]


def test_sound_that_goes_on_needs_no_silence() -> None:
    found = silence_by_index(track([0, 800, 1000], [400, 4000, 400], [False, True, False]), LISTED)
    assert found.size.tolist() == [400, 400]
    assert found.stand_in is not None
    assert not found.stand_in.any()


@pytest.mark.parametrize("offset", [[0, 800, 4000], [0, 800, 5001], [700, 800, 5000]])
def test_what_the_index_does_not_list_stays_as_estimated(offset: list[int]) -> None:
    torn = track(offset, [400, 4000, 40], [False, True, False])
    assert silence_by_index(torn, LISTED).size.tolist() == [400, 4000, 40]


def test_without_an_index_or_a_gap_nothing_changes() -> None:
    torn = track([0, 800, 5000], [400, 4000, 40], [False, True, False])
    whole = replace(torn, stand_in=None)
    assert silence_by_index(torn, None) is torn
    assert silence_by_index(whole, LISTED) is whole
