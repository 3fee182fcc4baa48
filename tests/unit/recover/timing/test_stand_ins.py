"""Stand-ins go in, and out again: what is left keeps its times, or closes up by one time for all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Gap
from mediarescue.recover.profile import TrackProfile, learn_reference
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.stand_ins import LostSamples, with_stand_ins, without_stand_ins
from mediarescue.reports import TimingSource
from tests.support.synthetic import gpmf_track, pcm_track, write_movie

GAP = Gap(1000, 500, "not recognised")


@pytest.fixture
def profiles(tmp_path: Path) -> tuple[TrackProfile, TrackProfile]:
    """Profiles of a track of samples and of one of PCM."""
    write_movie(tmp_path / "good.mov", (gpmf_track(20, seed=1), pcm_track(20)))
    with ByteSource.open(tmp_path / "good.mov") as source:
        samples, sound = learn_reference(source).tracks
    return samples, sound


def track(profile: TrackProfile, offset: list[int], size: int, duration: int, **more: object) -> RescuedTrack:
    count = len(offset)
    return RescuedTrack(
        profile,
        np.array(offset, dtype=np.int64),
        np.full(count, size, dtype=np.int64),
        np.full(count, duration, dtype=np.int64),
        None,
        0,
        np.ones(count, dtype=bool),
        TimingSource.CONSTANT,
        **more,  # type: ignore[arg-type]
    )


def test_the_sample_before_a_gap_lasts_longer(profiles: tuple[TrackProfile, TrackProfile]) -> None:
    film = track(profiles[0], [0, 500, 1500, 2000], 500, 40)
    full = with_stand_ins(film, [LostSamples(GAP, 2, 3, 40.0)])
    assert len(full.offset) == 7
    assert (np.diff(full.offset) >= 0).all()
    (kept,), (pause,) = without_stand_ins([full], [GAP], close=False)
    assert kept.duration.tolist() == [40, 160, 40, 40]
    assert kept.offset.tolist() == film.offset.tolist()
    assert kept.stand_in is None
    timescale = profiles[0].track.timescale
    assert pause.time == pytest.approx(80 / timescale)
    assert pause.lost == pytest.approx(120 / timescale)


def test_samples_lost_in_front_of_the_first_move_the_track(profiles: tuple[TrackProfile, TrackProfile]) -> None:
    film = track(profiles[0], [1500, 2000], 500, 40)
    full = with_stand_ins(film, [LostSamples(GAP, 0, 2, 40.0)])
    (kept,), _ = without_stand_ins([full], [GAP], close=False)
    assert kept.duration.tolist() == [40, 40]
    assert kept.lead == 80


def test_closed_tracks_go_on_by_what_the_shortest_lost(profiles: tuple[TrackProfile, TrackProfile]) -> None:
    film = track(profiles[0], [0, 500, 1500, 2000], 500, 40)
    parts = [with_stand_ins(film, [LostSamples(GAP, 2, count, 40.0)]) for count in (3, 5)]
    closed, _ = without_stand_ins(parts, [GAP], close=True)
    assert [t.duration.tolist() for t in closed] == [[40, 40, 40, 40], [40, 120, 40, 40]]


def test_tracks_of_few_samples_are_moved_along_with_sound(profiles: tuple[TrackProfile, TrackProfile]) -> None:
    few, chunks = profiles[0], profiles[1].chunks
    assert chunks is not None
    second, block = few.track.timescale, chunks.block
    rate = profiles[1].track.timescale // chunks.delta
    quiet = replace(track(profiles[1], [0, 1500], rate * block, 0), duration=np.zeros(0, dtype=np.int64))
    sound = with_stand_ins(quiet, [LostSamples(GAP, 1, rate, 1.0)])
    told = track(few, [500, 1600], 10, 2 * second)
    single = track(few, [20], 10, 3 * second)
    closed, (pause,) = without_stand_ins([sound, told, single], [GAP], close=True)
    assert [t.seconds for t in closed] == pytest.approx([2.0, 3.0, 2.0])
    assert closed[1].duration.tolist() == [second, 2 * second]
    assert pause.closed == pytest.approx(1.0)


def test_order_on_screen_does_not_cross_a_gap(profiles: tuple[TrackProfile, TrackProfile]) -> None:
    ranks = np.array([0, 2, 1, 4, 3])
    film = replace(track(profiles[0], [0, 300, 600, 1500, 2000], 300, 40), ranks=ranks, shift=40)
    full = with_stand_ins(film, [LostSamples(GAP, 3, 2, 40.0)])
    (kept,), _ = without_stand_ins([full], [GAP], close=False)
    assert kept.composition_offset.tolist() == film.composition_offset.tolist()
    assert np.cumsum(kept.duration).tolist()[2] == 200


def test_a_picture_waits_for_lost_ones_shown_before_it(profiles: tuple[TrackProfile, TrackProfile]) -> None:
    # the anchor of place 3 stands before the gap, the two B-frames shown before it are lost
    film = replace(track(profiles[0], [0, 300, 1500, 2000], 300, 40), ranks=np.array([0, 1, 2, 3]), shift=40)
    full = with_stand_ins(film, [LostSamples(GAP, 2, 2, 40.0, ((1, False, np.array([1])),))])
    (kept,), _ = without_stand_ins([full], [GAP], close=False)
    assert kept.composition_offset.tolist() == [40, 120, 40, 40]


@pytest.mark.parametrize("close", [False, True])
def test_pcm_gets_a_chunk_of_silence(close: bool, profiles: tuple[TrackProfile, TrackProfile]) -> None:
    chunks = profiles[1].chunks
    assert chunks is not None
    film = track(profiles[1], [0, 2000], 100 * chunks.block, 0)
    full = with_stand_ins(film, [LostSamples(GAP, 1, 70, 1.0)])
    (got,), (pause,) = without_stand_ins([full], [GAP], close=close)
    assert got.sample_count == (200 if close else 270)
    assert got.size[got.recorded].tolist() == film.size.tolist()
    assert pause.lost == pytest.approx(70 * chunks.delta / profiles[1].track.timescale)


def test_marks_that_only_count_count_lost_samples_too(profiles: tuple[TrackProfile, TrackProfile]) -> None:
    film = replace(track(profiles[0], [0, 500, 1500, 2000], 500, 40), sync_period=4)
    full = with_stand_ins(film, [LostSamples(GAP, 2, 2, 40.0)])
    (kept,), _ = without_stand_ins([full], [GAP], close=False)
    assert kept.is_sync.tolist() == [True, False, True, False]
