"""Times with the edit list applied, of films of any length."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mediarescue.media.encoded import EncodedVideo
from mediarescue.media.shown_times import shown_times
from tests.support.films import edited

LATE = 7
"""Pictures that an empty edit stands for in front of the first."""


def _film(path: Path, count: int) -> EncodedVideo:
    """Write a film of tiny pictures that begins late, by an edit list; return its pictures at their raw times."""
    with av.open(
        str(path), "w", format="mov", options={"movie_timescale": "25", "video_track_timescale": "25"}
    ) as film:
        stream: Any = film.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 2, 2, "rgb24"
        for number in range(count):
            packet = av.Packet(bytes(12))
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number + LATE
            film.mux(packet)
    with av.open(str(path)) as film:
        base = film.streams.video[0].time_base
    assert base == Fraction(1, 25)
    return EncodedVideo(stream_index=0, stream_id=1, segments=(), pts=np.arange(count, dtype=np.int64), time_base=base)


def test_an_empty_edit_shows_all_pictures_later(tmp_path: Path) -> None:
    encoded = _film(tmp_path / "a.mov", 20)
    assert shown_times(tmp_path / "a.mov", encoded).tolist() == list(range(LATE, LATE + 20))


@pytest.mark.parametrize(
    ("edits", "shown"),
    [
        ([(20, 3)], range(-3, 17)),
        ([(10, 0), (5, -1), (10, 10)], [*range(10), *range(15, 25)]),
        ([(5, 5), (5, 12)], range(-5, 15)),  # the second would show two pictures at once
    ],
    ids=["one", "a pause", "a cut"],
)
def test_each_edit_moves_its_pictures(tmp_path: Path, edits: list[tuple[int, int]], shown: Iterable[int]) -> None:
    encoded = _film(tmp_path / "a.mov", 20)
    edited(*edits)(tmp_path / "a.mov", tmp_path / "b.mov")
    assert shown_times(tmp_path / "b.mov", encoded).tolist() == list(shown)


def test_a_film_of_any_length_needs_no_list_of_its_packets(tmp_path: Path) -> None:
    peaks = []
    for count in (1000, 11_000):
        encoded = _film(tmp_path / "a.mov", count)
        tracemalloc.start()
        try:
            shown_times(tmp_path / "a.mov", encoded)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 10_000 < 16  # the times themselves are 8 bytes
