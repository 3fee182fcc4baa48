"""Which of several tracks of one codec a sample belongs to: told by the interleave alone."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from mediarescue.isobmff import ByteSource
from mediarescue.recover.assign import assign_by_interleave
from mediarescue.recover.candidate import FamilySamples
from mediarescue.recover.interleave_model import InterleaveModel
from mediarescue.recover.profile import TrackProfile, learn_reference
from tests.support.synthetic import SyntheticTrack, write_movie


class Nothing:
    """Evidence that says nothing."""

    def alone(self, place: int, index: int) -> float:
        return 0.0

    def following(self, place: int, before: int, index: int) -> float:
        return 0.0


def profiles(folder: Path, tracks: Sequence[SyntheticTrack], **options: bytes) -> tuple[TrackProfile, ...]:
    write_movie(folder / "reference.mov", tuple(tracks), **options)  # type: ignore[arg-type]
    with ByteSource.open(folder / "reference.mov") as source:
        return learn_reference(source).tracks


def sound(count: int, per_chunk: int, seed: int) -> SyntheticTrack:
    noise = random.Random(seed)
    samples = tuple(noise.randbytes(noise.randrange(20, 60)) for _ in range(count))
    return SyntheticTrack(
        b"soun", b"mp4a", samples, timescale=48000, duration=1024, per_chunk=per_chunk, entry=bytes(20)
    )


def film(tracks: Sequence[SyntheticTrack], gap: int = 0) -> tuple[FamilySamples, list[int]]:
    """Return the samples of the tracks' chunks in turn, as a family, and the true track of each."""
    offsets, sizes, true, counts, pos = [], [], [], [], 0
    for turn in range(max(len(track.chunks) for track in tracks)):
        for place, track in enumerate(tracks):
            if turn < len(track.chunks):
                chunk = track.chunks[turn]
                offsets.append(pos)
                counts.append(len(chunk))
                sizes += [len(sample) for sample in chunk]
                true += [place] * len(chunk)
                pos += sum(map(len, chunk)) + gap
    samples = FamilySamples(
        np.array(offsets, dtype=np.int64), np.array(counts, dtype=np.int64), np.array(sizes, dtype=np.uint32), None
    )
    return samples, true


@pytest.mark.parametrize("between", [0, 100])
@pytest.mark.parametrize("lengths", [(3, 3), (1, 1), (7, 7)])
def test_two_tracks_are_told_apart_by_their_chunks(tmp_path: Path, lengths: tuple[int, int], between: int) -> None:
    reference = [sound(n * 30, n, seed) for seed, n in enumerate(lengths)]
    known = profiles(tmp_path, reference, between=b"" if not between else bytes(between))
    samples, true = film([sound(n * 17, n, seed + 9) for seed, n in enumerate(lengths)], gap=between)
    got = assign_by_interleave(known, samples, evidence=Nothing(), complete=True)
    assert got.tolist() == true


def test_a_short_last_chunk_is_understood(tmp_path: Path) -> None:
    known = profiles(tmp_path, [sound(60, 4, 1), sound(60, 4, 2)])
    samples, true = film([sound(22, 4, 3), sound(22, 4, 4)])
    assert assign_by_interleave(known, samples, evidence=Nothing(), complete=True).tolist() == true


def test_each_sample_has_one_track(tmp_path: Path) -> None:
    known = profiles(tmp_path, [sound(60, 4, 1), sound(60, 5, 2), sound(60, 1, 3)])
    samples, _ = film([sound(11, 3, 3), sound(40, 2, 4), sound(3, 3, 4)])
    got = assign_by_interleave(known, samples, evidence=Nothing(), complete=False)
    assert len(got) == 54
    assert set(got.tolist()) <= {0, 1, 2}


def test_no_samples_need_no_track(tmp_path: Path) -> None:
    known = profiles(tmp_path, [sound(60, 4, 1), sound(60, 4, 2)])
    nothing = FamilySamples(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint32), None)
    assert assign_by_interleave(known, nothing, evidence=Nothing(), complete=True).tolist() == []


def test_the_model_prefers_what_the_reference_does(tmp_path: Path) -> None:
    model = InterleaveModel.learn(profiles(tmp_path, [sound(60, 4, 1), sound(60, 4, 2)]))
    assert model.next_cost(False, (0,), 1) < model.next_cost(False, (0,), 0)
    assert model.end_cost(0, 4, ended=True) < model.end_cost(0, 4, ended=False)
    assert model.end_cost(0, 2, ended=False) < model.end_cost(0, 2, ended=True)


def test_evidence_is_weighed_against_the_order(tmp_path: Path) -> None:
    """The chunks stand in another turn than in the reference; what the samples say of themselves decides."""
    known = profiles(tmp_path, [sound(60, 2, 1), sound(60, 2, 2)])
    samples, true = film([sound(20, 2, 3), sound(20, 2, 4)])
    turned = [1 - place for place in true]

    class Certain(Nothing):
        def alone(self, place: int, index: int) -> float:
            return 0.0 if turned[index] == place else 50.0

    got = assign_by_interleave(known, samples, evidence=Certain(), complete=True)
    assert got.tolist() == turned


@dataclass(frozen=True)
class Made:
    """A track of the reference of which only the chunks are known."""

    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    count: NDArray[np.int64]

    def runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        return self.offset, self.size, self.count


def in_turn(tracks: int, turns: int, per_chunk: int, *, gap: int) -> tuple[FamilySamples, NDArray[np.int64]]:
    """Return chunks of 100-byte samples of each track in turn, ``gap`` bytes of other data before each turn."""
    true = np.tile(np.repeat(np.arange(tracks), per_chunk), turns)
    each = tracks * per_chunk
    size = np.full(len(true), 100, dtype=np.uint32)
    offset = np.arange(turns) * (each * 100 + gap) + gap
    return FamilySamples(offset, np.full(turns, each), size, None), true


def made(tracks: int, turns: int, per_chunk: int, *, gap: int) -> tuple[TrackProfile, ...]:
    samples, true = in_turn(tracks, turns, per_chunk, gap=gap)
    chunks = samples.offset[::per_chunk], true[::per_chunk]
    bytes_, count = np.full(turns, 100 * per_chunk), np.full(turns, per_chunk)
    return tuple(cast(TrackProfile, Made(chunks[0][chunks[1] == place], bytes_, count)) for place in range(tracks))


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize(("per_chunk", "gap"), [(1, 900), (1, 0), (24, 0), (24, 900)])
def test_a_long_film_of_many_tracks_is_shared_out(per_chunk: int, gap: int, complete: bool) -> None:
    """Also where nothing tells which track began, so that the paths never meet."""
    known = made(6, 480 // per_chunk, per_chunk, gap=gap)
    samples, true = in_turn(6, 1600 // per_chunk, per_chunk, gap=gap)
    assert np.array_equal(assign_by_interleave(known, samples, evidence=Nothing(), complete=complete), true)


def test_memory_does_not_grow_with_each_sample_of_each_path() -> None:
    known = made(6, 80, 1, gap=0)
    samples, _ = in_turn(6, 1600, 1, gap=0)
    tracemalloc.start()
    assign_by_interleave(known, samples, evidence=Nothing(), complete=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6


def test_the_order_is_counted_with_up_to_three_chunks_before() -> None:
    model = InterleaveModel.learn(made(3, 5, 2, gap=50))
    assert model.order[(1,)] == {0: 5}
    assert model.order[(0,)] == {1: 5, 2: 5}
    assert model.order[(0, 0)] == {1: 5}
    assert model.order[(1, 1, 2)] == {0: 4}
    assert model.order[(1, 0, 1, 2)] == {0: 4}
    assert model.order[(0, 2, 0, 1)] == {2: 4}
    assert [dict(seen) for seen in model.lengths] == [{2: 5}, {2: 5}, {2: 4}]


def test_chunks_of_one_track_that_touch_count_as_one() -> None:
    split = Made(np.array([0, 100, 300, 600]), np.array([100, 100, 100, 100]), np.array([1, 1, 1, 1]))
    other = Made(np.array([200, 400]), np.array([100, 100]), np.array([1, 1]))
    model = InterleaveModel.learn([cast(TrackProfile, split), cast(TrackProfile, other)])
    assert model.lengths[0] == {2: 1, 1: 1}
    assert model.lengths[1] == {1: 2}
    assert model.order[(1,)] == {0: 2}


def test_a_reference_without_chunks_teaches_nothing() -> None:
    empty = np.zeros(0, dtype=np.int64)
    model = InterleaveModel.learn([cast(TrackProfile, Made(empty, empty, empty))] * 2)
    assert model.next_cost(False, (), 0) == model.next_cost(False, (0,), 1)
