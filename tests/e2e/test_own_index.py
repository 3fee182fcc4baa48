"""A broken file's own ``moov`` that lies: what is true of it is used, and the rest of the media is searched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mediarescue
from mediarescue.cli.app import main
from mediarescue.errors import NothingToDoError, UsageError
from mediarescue.inspection import FileState
from mediarescue.options import UntruncOptions
from mediarescue.reports import TimingSource
from tests.conftest import Clips
from tests.support.boxes import mdat_of, moov_of, tables_of
from tests.support.breaking import assert_rescued_like
from tests.support.lying import half_moov, moved, short_index, stale_index, trak_ends

LAYOUTS = ["h264_b", "hevc_b", "pcm_sowt_mov", "two_aac_long_chunks"]


@pytest.mark.parametrize("fraction", [0.35, 0.7, 0.95])
def test_a_cut_film_with_its_index_in_front_needs_no_reference(clips: Clips, tmp_path: Path, fraction: float) -> None:
    take = clips.pair("moov_first").take
    size = int(take.stat().st_size * fraction)
    broken = tmp_path / "cut.mp4"
    broken.write_bytes(take.read_bytes()[:size])
    report = mediarescue.untrunc(broken, output=tmp_path / "out.mp4")
    assert {track.timing_source for track in report.tracks} == {TimingSource.INDEX}
    assert report.own_index is not None
    assert report.own_index.used + report.own_index.missing == report.own_index.listed
    assert report.exit_code == 10
    assert_rescued_like(take, tmp_path / "out.mp4", cut_at=size)
    verdict = mediarescue.inspect(broken)
    assert (verdict.state, verdict.command) == (FileState.CUT, f"mediarescue untrunc {broken}")


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("fraction", [0.3, 0.6])
def test_an_index_of_the_first_part_teaches_what_the_rest_is(
    clips: Clips, tmp_path: Path, name: str, fraction: float
) -> None:
    if (name, fraction) == ("two_aac_long_chunks", 0.3):
        pytest.skip("one chunk of each of two alike tracks does not teach how they take turns")
    take = clips.pair(name).take
    broken, out = short_index(take, tmp_path / f"f{take.suffix}", fraction), tmp_path / f"out{take.suffix}"
    report = mediarescue.untrunc(broken, output=out)
    assert report.own_index is not None
    assert report.own_index.used == report.own_index.listed > 0
    assert report.own_index.added > 0
    assert_rescued_like(take, out)
    verdict = mediarescue.inspect(broken)
    assert (verdict.state, verdict.command) == (FileState.INDEX_SHORT, f"mediarescue untrunc {broken}")


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("by", [1, 12_345, -20])
def test_a_film_that_moved_is_found_by_its_distance(clips: Clips, tmp_path: Path, name: str, by: int) -> None:
    take = clips.pair(name).take
    broken, out = moved(take, tmp_path / f"f{take.suffix}", by), tmp_path / f"out{take.suffix}"
    report = mediarescue.untrunc(broken, output=out)
    assert report.own_index is not None
    assert (report.own_index.shift, report.own_index.missing) == (by, 0)
    assert_rescued_like(take, out)


@pytest.mark.parametrize("name", ["h264_b", "hevc_b"])
def test_tables_are_trusted_as_far_as_pictures_bear_them_out(clips: Clips, tmp_path: Path, name: str) -> None:
    take = clips.pair(name).take
    report = mediarescue.untrunc(stale_index(take, tmp_path / "f.mp4", 0.5), output=tmp_path / "out.mp4")
    assert report.own_index is not None
    assert report.own_index.distrusted > 0
    assert_rescued_like(take, tmp_path / "out.mp4")


def test_a_moov_of_another_film_is_not_believed(clips: Clips, tmp_path: Path) -> None:
    pair, other = clips.pair("h264_b"), clips.pair("hevc_b").take
    data = pair.take.read_bytes()
    broken = tmp_path / "f.mp4"
    broken.write_bytes(data[: mdat_of(pair.take).end] + moov_of(other))
    with pytest.raises(UsageError, match="--ref GOOD"):
        mediarescue.untrunc(broken, output=tmp_path / "out.mp4")
    mediarescue.untrunc(broken, reference=pair.reference, output=tmp_path / "out.mp4")
    assert_rescued_like(pair.take, tmp_path / "out.mp4")


def test_a_moov_cut_behind_its_picture_track_gives_the_pictures(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    video = trak_ends(pair.take)[0]
    broken = half_moov(pair.take, tmp_path / "f.mp4", video + 30)
    report = mediarescue.untrunc(broken, output=tmp_path / "out.mp4")
    assert [track.kind for track in report.tracks] == ["video"]
    assert report.own_index is not None
    assert report.own_index.cut
    assert report.exit_code == 10
    whole = mediarescue.untrunc(broken, reference=pair.reference, output=tmp_path / "whole.mp4")
    assert [track.kind for track in whole.tracks] == ["video", "audio"]
    assert_rescued_like(pair.take, tmp_path / "whole.mp4")


@pytest.mark.parametrize("size", [8, 40, 200])
def test_a_moov_of_a_few_bytes_asks_for_a_reference(clips: Clips, tmp_path: Path, size: int) -> None:
    pair = clips.pair("h264_b")
    broken = half_moov(pair.take, tmp_path / "f.mp4", size)
    with pytest.raises(UsageError, match="--ref GOOD"):
        mediarescue.untrunc(broken, output=tmp_path / "out.mp4")


def test_ignore_moov_takes_a_healthy_film_for_one_without_an_index(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    with pytest.raises(NothingToDoError):
        mediarescue.untrunc(pair.take, reference=pair.reference, output=tmp_path / "out.mp4")
    options = UntruncOptions(ignore_moov=True)
    report = mediarescue.untrunc(pair.take, reference=pair.reference, output=tmp_path / "out.mp4", options=options)
    assert report.own_index is None
    assert_rescued_like(pair.take, tmp_path / "out.mp4")


def test_what_was_used_of_the_index_is_told(
    clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    short_index(clips.pair("h264_b").take, Path("f.mp4"), 0.5)
    assert main(["untrunc", "f.mp4", "--progress", "none"]) == 0
    assert "own index" in capsys.readouterr().out
    assert main(["untrunc", "f.mp4", "--json", "--overwrite", "--progress", "none"]) == 0
    index = json.loads(capsys.readouterr().out)["own_index"]
    assert index["used"] == index["listed"]
    assert index["added"] > 0


def test_a_listed_track_of_which_nothing_is_left_is_named(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("moov_first").take
    video, audio = sorted(min(table.offsets) for table in tables_of(take))
    broken = tmp_path / "cut.mp4"
    broken.write_bytes(take.read_bytes()[:audio])
    report = mediarescue.untrunc(broken, output=tmp_path / "out.mp4")
    assert video < audio
    assert len(report.tracks) == 1
    assert len(report.missing_tracks) == 1


def test_inspect_and_extract_know_a_film_that_moved(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("h264_b").take
    broken = moved(take, tmp_path / "moved.mp4", 1000)
    report = mediarescue.inspect(broken)
    assert "1000 bytes" in report.verdict
    assert report.verdict.endswith("no reference is needed")
    assert "--ref" not in report.command
    streams = []
    for number, film in enumerate((take, broken)):
        folder = tmp_path / str(number)
        folder.mkdir()
        streams.append([Path(s.path).read_bytes() for s in mediarescue.extract(film, out_dir=folder).streams])
    assert streams[0] == streams[1]


def test_a_reference_is_asked_for_with_the_true_reason(clips: Clips, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--ignore-moov"):
        mediarescue.untrunc(
            clips.pair("h264_b").take, output=tmp_path / "out.mp4", options=UntruncOptions(ignore_moov=True)
        )
