"""One track with pictures of two sample entries, as where a camera changes its mode or an editor joins takes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mediarescue.api import untrunc
from mediarescue.isobmff import ByteSource, SampleTable, expand, read_movie
from mediarescue.recover.joining import joined_samples
from tests.support.boxes import box, tables_of
from tests.support.breaking import cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.layout import add_entry
from tests.support.remux import tracks_of
from tests.support.synthetic import write_movie

_STEADY = (("x264-params", "bframes=0:keyint=15"),)


def film(path: Path, seed: int, counts: tuple[int, int], per_chunk: int) -> Path:
    """Write a film whose video track goes on with other pictures, of another size and entry; with AAC."""
    made = [
        VideoSpec(options=_STEADY, frames=count, seed=seed + n, size=((160, 120), (192, 96))[n])
        for n, count in enumerate(counts)
    ]
    audio = AudioSpec(seconds=Fraction(sum(counts), 25), seed=seed)
    first, sound = tracks_of(make_clip(path.with_suffix(".a.mp4"), ClipSpec(video=(made[0],), audio=(audio,))))
    (second,) = tracks_of(make_clip(path.with_suffix(".b.mp4"), ClipSpec(video=(made[1],), audio=())))
    keys = (*(first.sync or ()), *(counts[0] + key for key in second.sync or ()))
    video = replace(first, samples=first.samples + second.samples, sync=keys, per_chunk=per_chunk)
    laid = path.with_suffix(".c.mp4")
    write_movie(laid, (video, replace(sound, per_chunk=2 * per_chunk)))
    entry = box(second.kind, bytes(6) + b"\0\1" + second.entry)
    return add_entry(laid, path, entry=entry, first_chunk=counts[0] // per_chunk)


def table(path: Path) -> SampleTable:
    with ByteSource.open(path) as source:
        return expand(read_movie(source).tracks[0].stbl)


@pytest.mark.parametrize("per_chunk", [1, 5])
@pytest.mark.parametrize("end", ["whole", "cut"])
def test_pictures_of_both_entries_come_back_with_their_entry(tmp_path: Path, end: str, per_chunk: int) -> None:
    reference = film(tmp_path / "reference.mp4", 1, (30, 40), per_chunk)
    take, broken = film(tmp_path / "take.mp4", 5, (40, 45), per_chunk), tmp_path / "broken.mp4"
    kept = 0
    if end == "whole":
        drop_moov(take, broken)
    else:
        kept = cut(take, broken, 0.7)
    report = untrunc(broken, reference=reference, output=tmp_path / "out.mp4")
    whole, got = table(take), table(tmp_path / "out.mp4")
    count = int((whole.offset + whole.size <= kept).sum()) if kept else len(whole)
    assert count > 40
    assert len(got) == count
    assert np.array_equal(got.size, whole.size[:count])
    assert np.array_equal(got.description_index, whole.description_index[:count])
    assert np.array_equal(got.is_sync, whole.is_sync[:count])
    data, rescued = take.read_bytes(), (tmp_path / "out.mp4").read_bytes()
    for mine, theirs, size in zip(got.offset.tolist(), whole.offset.tolist(), got.size.tolist(), strict=False):
        assert rescued[mine : mine + size] == data[theirs : theirs + size]
    sound = [len(tables_of(path)[1].sizes) for path in (take, tmp_path / "out.mp4")]
    assert sound[0] == sound[1] or kept
    assert report.recovered_bytes == report.media_bytes or kept


def test_a_take_of_one_entry_alone_has_that_entry(tmp_path: Path) -> None:
    reference = film(tmp_path / "reference.mp4", 1, (30, 30), 5)
    clip = ClipSpec(
        video=(VideoSpec(options=_STEADY, frames=40, seed=9, size=(192, 96)),), audio=(AudioSpec(seconds=Fraction(2)),)
    )
    broken = drop_moov(make_clip(tmp_path / "take.mp4", clip), tmp_path / "broken.mp4")
    untrunc(broken, reference=reference, output=tmp_path / "out.mp4")
    got = table(tmp_path / "out.mp4")
    assert got.description_index.tolist() == [1] * 40


def test_places_of_joined_parts_stay_among_their_own_pictures() -> None:
    offsets = [np.array([0, 10, 20, 60, 70]), np.array([30, 40, 50])]
    found = joined_samples(offsets, [np.array([0, 2, 1, 3, 4]), np.array([0, 2, 1])])
    assert found.order.tolist() == [0, 1, 2, 5, 6, 7, 3, 4]
    assert found.ranks is not None
    assert found.ranks.tolist() == [0, 2, 1, 3, 5, 4, 6, 7]
    assert joined_samples(offsets, [None, None]).ranks is None
