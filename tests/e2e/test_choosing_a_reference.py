"""``--ref`` of several films or a folder: the film of the same camera and mode is chosen, and it is said why."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mediarescue.api import save_profile, untrunc
from mediarescue.cli.app import main
from mediarescue.errors import ReferenceMismatchError
from mediarescue.options import UntruncOptions
from mediarescue.streams import extract
from tests.conftest import Clips
from tests.support.breaking import assert_rescued_like, drop_moov
from tests.support.clips import ClipSpec, VideoSpec

SMALLER = replace(VideoSpec(), size=(128, 96), options=(("x264-params", "keyint=25"),), frames=70)


@pytest.fixture
def card(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of films of several modes, with MOV_0004 without its index, of whose mode MOV_0007 is."""
    card = tmp_path / "card"
    (card / "DCIM").mkdir(parents=True)
    shutil.copyfile(clips.pair("h264_b").reference, card / "DCIM" / "MOV_0007.mp4")
    shutil.copyfile(clips.pair("hevc_b").reference, card / "DCIM" / "MOV_0003.mp4")
    shutil.copyfile(clips.pair("h264_b").take, card / "DCIM" / "MOV_0004_rescued.mp4")
    shutil.copyfile(clips.clip("smaller.mp4", ClipSpec(video=(SMALLER,))), card / "DCIM" / "MOV_0005.mp4")
    (card / "DCIM" / "MOV_0002.mp4").write_bytes(b"\0" * 5000)
    (card / "notes.json").write_text('{"kind": "something else"}')
    drop_moov(clips.pair("h264_b").take, card / "DCIM" / "MOV_0004.mp4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    return card


def test_the_film_of_the_same_mode_is_taken_from_a_card(card: Path, clips: Clips, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in card.rglob("*") if path.is_file()}
    broken = card / "DCIM" / "MOV_0004.mp4"
    report = untrunc(broken, reference=card, output=tmp_path / "out.mp4")
    assert report.reference == str(card / "DCIM" / "MOV_0007.mp4")
    assert_rescued_like(clips.pair("h264_b").take, tmp_path / "out.mp4")
    best, *others = report.candidates
    assert (best.path, best.rank, best.verdict) == (report.reference, 1, "")
    assert best.key_frames_decoded == best.key_frames_tried > 0
    assert {Path(other.path).name for other in others} == {"MOV_0003.mp4", "MOV_0005.mp4"}
    assert all(other.verdict for other in others)
    assert not any("best reference" in warning for warning in report.warnings)
    assert {path: path.read_bytes() for path in card.rglob("*") if path.is_file()} == before


def test_of_several_named_films_the_fitting_one_is_taken(card: Path, tmp_path: Path) -> None:
    films = [card / "DCIM" / f"MOV_000{number}.mp4" for number in (5, 7)]
    report = untrunc(card / "DCIM" / "MOV_0004.mp4", reference=films, options=UntruncOptions(dry_run=True))
    assert report.reference == str(films[1])


def test_a_saved_profile_on_the_card_is_a_candidate_too(card: Path) -> None:
    save_profile(card / "DCIM" / "MOV_0007.mp4", card / "camera.json")
    (card / "DCIM" / "MOV_0007.mp4").unlink()
    report = untrunc(card / "DCIM" / "MOV_0004.mp4", reference=card, options=UntruncOptions(dry_run=True))
    assert report.reference == str(card / "camera.json")


def test_where_no_film_fits_all_that_were_tried_are_told(card: Path) -> None:
    (card / "DCIM" / "MOV_0007.mp4").unlink()
    with pytest.raises(ReferenceMismatchError) as raised:
        untrunc(card / "DCIM" / "MOV_0004.mp4", reference=card)
    assert raised.value.exit_code == 4
    assert [candidate.rank for candidate in raised.value.candidates] == [1, 2]
    assert all(candidate.verdict for candidate in raised.value.candidates)
    assert not list(card.rglob("*_rescued_rescued*"))


def test_the_command_shows_the_table_and_writes_nothing_on_a_dry_run(
    card: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = str(card / "DCIM" / "MOV_0004.mp4")
    assert main(["untrunc", broken, "--ref", str(card), "--dry-run", "-o", "out.mp4", "--progress", "none"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["rank", "reference", "mode", "read", "keys", "verdict"]
    assert "MOV_0007.mp4" in out.splitlines()[1]
    assert "fits" in out.splitlines()[1]
    assert not Path("out.mp4").exists()


def test_the_command_shows_the_table_where_nothing_fits(card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (card / "DCIM" / "MOV_0007.mp4").unlink()
    arguments = ["untrunc", str(card / "DCIM" / "MOV_0004.mp4"), "--ref", str(card), "--progress", "none"]
    assert main(arguments) == 4
    out, err = capsys.readouterr()
    assert "MOV_0005.mp4" in out
    assert "none of the 2 films" in err
    assert main([*arguments, "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert [candidate["rank"] for candidate in document["candidates"]] == [1, 2]


def test_extract_takes_a_folder_too(card: Path, tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    report = extract(card / "DCIM" / "MOV_0004.mp4", out_dir=tmp_path / "streams", reference=card)
    assert report.reference == str(card / "DCIM" / "MOV_0007.mp4")
    assert len(report.streams) == 2


def test_a_folder_of_hundreds_of_films_costs_few_trials(card: Path, clips: Clips) -> None:
    for number in range(100, 300):
        (card / "DCIM" / f"MOV_0{number}.mp4").hardlink_to(card / "DCIM" / "MOV_0003.mp4")
    report = untrunc(card / "DCIM" / "MOV_0004.mp4", reference=card, options=UntruncOptions(dry_run=True))
    assert report.reference == str(card / "DCIM" / "MOV_0007.mp4")
    assert len(report.candidates) <= 20
