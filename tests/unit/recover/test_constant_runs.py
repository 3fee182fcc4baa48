"""Mono tracks of a recorder: whose chunks are whose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import FamilySamples
from mediarescue.recover.constant_runs import split_constant_runs
from mediarescue.recover.profile import TrackProfile, learn_reference
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie


def profiles(folder: Path, *tracks: SyntheticTrack, between: bytes = b"") -> tuple[TrackProfile, ...]:
    write_movie(folder / "reference.mov", tracks, between=between)
    with ByteSource.open(folder / "reference.mov") as source:
        return learn_reference(source).tracks


def runs(*sizes: int) -> FamilySamples:
    offset = np.arange(len(sizes), dtype=np.int64) * 10_000
    return FamilySamples(offset, np.ones(len(sizes), dtype=np.int64), np.array(sizes, dtype=np.uint32), None)


def split(
    tracks: tuple[TrackProfile, ...], samples: FamilySamples, *, cut_short: bool = False
) -> list[list[list[int]]]:
    shares = split_constant_runs(tracks, samples, cut_short=cut_short)
    return [np.stack(share, axis=1).tolist() for share in shares]


def test_tracks_of_unequal_chunks_beside_each_other_are_split_as_in_the_reference(tmp_path: Path) -> None:
    known = profiles(tmp_path, pcm_track(10, frames=100), pcm_track(10, frames=60, seed=8))
    assert split(known, runs(1280)) == [[[0, 400], [640, 400]], [[400, 240], [1040, 240]]]


def test_tracks_with_other_data_between_their_chunks_take_turns(tmp_path: Path) -> None:
    known = profiles(tmp_path, pcm_track(10), pcm_track(10, seed=8), between=b"video")
    shares = split(known, runs(*[1600] * 5))
    assert shares == [[[0, 1600], [20_000, 1600], [40_000, 1600]], [[10_000, 1600], [30_000, 1600]]]


def test_at_the_end_of_a_film_the_tracks_end_together(tmp_path: Path) -> None:
    known = profiles(tmp_path, pcm_track(10), pcm_track(10, seed=8))
    assert split(known, runs(3200 + 800)) == [[[0, 1600], [3200, 400]], [[1600, 1600], [3600, 400]]]


def test_where_a_film_is_cut_the_last_chunk_is_what_is_left(tmp_path: Path) -> None:
    known = profiles(tmp_path, pcm_track(10), pcm_track(10, seed=8))
    wanted = [[[0, 1600], [3200, 800]], [[1600, 1600]]]
    assert split(known, runs(3200 + 800), cut_short=True) == wanted
    assert split(known, runs(3200 + 804)) == [[[0, 1600], [3200, 804]], [[1600, 1600]]]
