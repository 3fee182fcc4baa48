"""What is said where a command was meant otherwise: the command that was probably meant, and no word of Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.cli._candidates import candidates_text
from mediarescue.cli.app import main
from mediarescue.reference_reports import CandidateReport
from tests.conftest import Clips
from tests.support.breaking import drop_moov
from tests.support.clips import ClipSpec


@pytest.mark.parametrize("healthy_first", [True, False])
def test_a_healthy_film_given_without_ref_is_taken_for_the_reference_that_was_meant(
    healthy_first: bool, clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = clips.clip("plain-ref.mp4", ClipSpec())
    bad = drop_moov(clips.clip("plain-take.mp4", ClipSpec()), tmp_path / "bad.mp4")
    files = [good, bad] if healthy_first else [bad, good]
    assert main(["untrunc", *map(str, files)]) == 2
    err = capsys.readouterr().err
    assert f"{good} is healthy" in err
    assert f"mediarescue untrunc {bad} --ref {good}" in err


def test_a_film_that_is_shown_as_a_profile_is_called_a_film(clips: Clips, capsys: pytest.CaptureFixture[str]) -> None:
    good = clips.clip("plain-ref.mp4", ClipSpec())
    assert main(["profile", "show", str(good)]) != 0
    err = capsys.readouterr().err
    assert f"mediarescue profile save {good} -o" in err
    assert "codec can't decode" not in err


def test_a_misspelt_choice_and_a_usual_refusal_show_no_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["untrunc", "a.mp4", "--gaps", "clsoe"]) == 2
    assert "Value error" not in (err := capsys.readouterr().err)
    assert "'clsoe' is not one of 'keep', 'close'" in err
    assert main(["untrunc", str(tmp_path / "none.mp4"), "-v"]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_names_of_candidates_stay_in_one_piece() -> None:
    name = "sample_with_long_name_360p.mp4"
    candidate = CandidateReport(
        f"/films/{name}", "no key frame decodes: other frame size or mode", 1, "avc1", 1920, 1080
    )
    assert name in candidates_text([candidate], 80)
