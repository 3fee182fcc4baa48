"""Damage inside samples that an index lists: told, left out where nothing is left of a sample, at the index's times."""

from __future__ import annotations

from pathlib import Path

import pytest

import mediarescue
from mediarescue.isobmff import ByteSource
from mediarescue.recover.listed_damage import DAMAGED, zero_runs
from tests.conftest import Clips
from tests.support.boxes import children, find, moov_of


def _cut_with_hole(take: Path, path: Path, at: float, size: int) -> Path:
    data = bytearray(take.read_bytes())
    data = data[: int(len(data) * 0.9)]
    begin = int(len(data) * at)
    data[begin : begin + size] = bytes(size)
    path.write_bytes(data)
    return path


def test_a_hole_in_listed_samples_is_said_and_left_out(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("moov_first").take
    broken = _cut_with_hole(take, tmp_path / "cut.mp4", 0.5, 3_000)
    whole = _cut_with_hole(take, tmp_path / "whole.mp4", 0.5, 0)
    report = mediarescue.untrunc(broken, output=tmp_path / "out.mp4")
    sound = mediarescue.untrunc(whole, output=tmp_path / "sound.mp4")
    gaps = [gap for gap in report.gaps if gap.reason == DAMAGED]
    assert gaps
    assert report.exit_code == 10
    assert not [gap for gap in sound.gaps if gap.reason == DAMAGED]
    assert not sound.damaged
    assert all(gap.time_seconds is not None and gap.lost_seconds and gap.lost_error_seconds == 0.0 for gap in gaps)
    for mine, theirs in zip(report.tracks, sound.tracks, strict=True):
        assert mine.samples < theirs.samples
        assert mine.duration_seconds == pytest.approx(theirs.duration_seconds)


@pytest.mark.parametrize(("begin", "size"), [(0, 512), (1000, 700), (4 * 2**20 - 300, 600), (5 * 2**20, 511)])
def test_runs_of_zeros_are_found_whole_from_512_bytes_on(tmp_path: Path, begin: int, size: int) -> None:
    data = bytearray(b"\1" * (6 * 2**20))
    data[begin : begin + size] = bytes(size)
    path = tmp_path / "f"
    path.write_bytes(data)
    with ByteSource.open(path) as source:
        assert list(zero_runs(source, 0, source.size)) == ([(begin, begin + size)] if size >= 512 else [])


@pytest.mark.parametrize("deep", [False, True])
def test_a_track_whose_boxes_run_past_its_end_is_left_out(clips: Clips, tmp_path: Path, deep: bool) -> None:
    take = clips.pair("moov_first").take
    moov = bytearray(moov_of(take))
    _, body, end = find(bytes(moov), b"moov") or (b"moov", 8, len(moov))
    trak = [child for child in children(bytes(moov), body, end) if child[0] == b"trak"][-1]
    box = next(child for child in children(bytes(moov), trak[2], trak[3]) if child[0] == b"mdia") if deep else trak
    size = int.from_bytes(moov[box[1] : box[1] + 4], "big")
    moov[box[1] : box[1] + 4] = (size + 5000).to_bytes(4, "big")
    broken = tmp_path / "torn.mp4"
    data = take.read_bytes()
    broken.write_bytes(data.replace(moov_of(take), moov)[: int(len(data) * 0.9)])
    report = mediarescue.untrunc(broken, output=tmp_path / "out.mp4")
    assert report.exit_code == 10
    assert report.own_index is not None
    assert report.own_index.cut
    assert [track.kind for track in report.tracks] == ["video"]
