"""``profile test``: a film is broken in memory and rescued by itself, and what would be lost is told."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.cli.app import main
from mediarescue.errors import InputError, ReferenceMismatchError
from mediarescue.profiles import save_profile
from mediarescue.rehearsal import try_reference
from tests.conftest import Clips
from tests.support.breaking import drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec

LONG = ClipSpec(
    video=(replace(VideoSpec(), frames=250, options=(("x264-params", "keyint=25:bframes=2"),)),),
    audio=(AudioSpec(seconds=Fraction(10), content="music"),),
)


@pytest.mark.parametrize("preset", ["h264_no_b", "hevc_b", "aac_51"])
def test_a_film_of_a_sound_kind_comes_back_whole_without_its_index(preset: str, clips: Clips) -> None:
    report = try_reference(clips.pair(preset).reference)
    whole = next(trial for trial in report.trials if trial.damage == "no index")
    assert whole.is_clean
    assert [track.kind for track in whole.tracks] == ["video", "audio"]
    assert all(0 <= track.time_error_seconds < 0.02 for track in whole.tracks)
    assert all(track.found == track.samples > 0 for track in whole.tracks)


def test_a_longer_film_is_rescued_by_its_beginning(clips: Clips) -> None:
    film = clips.clip("long.mp4", LONG)
    report = try_reference(film)
    assert [trial.damage.split(" of ")[0] for trial in report.trials] == [
        "no index",
        "no index, cut",
        "a hole",
        "no beginning",
    ]
    for trial in report.trials:
        assert not trial.error
        for track in trial.tracks:
            assert track.found + track.missed == track.samples
            assert track.wrong == 0
            assert track.missed <= 0.02 * track.samples
    video = report.trials[0].tracks[0]
    assert video.samples == 250


def test_what_cannot_be_rescued_is_told(clips: Clips, tmp_path: Path) -> None:
    film = tmp_path / "odd.mp4"
    data = bytearray(clips.pair("h264_no_b").reference.read_bytes())
    at = data.find(b"avcC")
    data[at + 4 : at + 40] = bytes(36)  # unusable parameter sets
    film.write_bytes(data)
    report = try_reference(film)
    assert report.exit_code == 10
    assert all(trial.error for trial in report.trials)
    assert len(report.reservations) == 4


def test_nothing_is_tried_on_what_is_no_film_with_an_index(clips: Clips, tmp_path: Path) -> None:
    broken = drop_moov(clips.pair("h264_no_b").take, tmp_path / "broken.mp4")
    with pytest.raises(ReferenceMismatchError, match="cannot serve"):
        try_reference(broken)
    save_profile(clips.pair("h264_no_b").reference, tmp_path / "camera.json")
    with pytest.raises(InputError, match="camera profile"):
        try_reference(tmp_path / "camera.json")


def test_the_command_shows_a_table_and_writes_nothing(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    film = str(clips.pair("h264_no_b").reference)
    code = main(["profile", "test", film, "--progress", "none"])
    out = capsys.readouterr().out
    assert out.splitlines()[0].split()[:3] == ["damage", "track", "codec"]
    assert main(["profile", "test", film, "--json", "--progress", "none"]) == code
    document = json.loads(capsys.readouterr().out)
    assert (document["command"], document["exit_code"]) == ("profile test", code)
    assert len(document["trials"]) == 4
    assert not list(tmp_path.iterdir())
