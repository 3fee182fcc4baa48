from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mediarescue import errors
from mediarescue.cli.app import main
from mediarescue.events import Listener
from mediarescue.options import UntruncOptions
from tests.unit.cli.conftest import GAPS, FakeApi

BASE = ["untrunc", "broken.mp4", "--ref", "good.mp4"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_clean_rescue_exits_with_0_and_prints_its_result_on_stdout_only(
    api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(BASE) == 0
    out, err = capsys.readouterr()
    assert "broken_rescued.mp4 (1.5 GB)" in out
    assert err == ""
    assert api.calls == [
        {
            "broken": Path("broken.mp4"),
            "reference": Path("good.mp4"),
            "output": Path("broken_rescued.mp4"),
            "options": UntruncOptions(),
        }
    ]


def test_reservations_exit_with_10(api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api.report = GAPS
    assert main(BASE) == 10
    assert "12 gaps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.MediaRescueError("m"), 1),
        (errors.UsageError("m"), 2),
        (errors.InputError("m"), 3),
        (errors.ReferenceMismatchError("m"), 4),
        (errors.NothingRecoverableError("m"), 5),
        (errors.OutputError("m"), 6),
        (errors.VerificationError("m"), 7),
        (errors.MissingDependencyError("m"), 8),
        (errors.NothingToDoError("m"), 9),
    ],
)
@pytest.mark.parametrize("extra", [[], ["--json"], ["-q"], ["--json", "-q"]])
def test_each_error_has_its_exit_code_and_one_sentence(
    api: FakeApi,
    here: Path,
    capsys: pytest.CaptureFixture[str],
    error: errors.MediaRescueError,
    code: int,
    extra: list[str],
) -> None:
    api.error = error
    assert main([*BASE, *extra]) == code
    out, err = capsys.readouterr()
    assert err == "mediarescue: m\n"
    if "--json" in extra:
        assert json.loads(out) == {
            "schema_version": 1,
            "command": "untrunc",
            "exit_code": code,
            "error": {"type": type(error).__name__, "message": "m"},
        }
    else:
        assert out == ""
    assert names(here) == ["broken.mp4", "good.mp4"]


@pytest.mark.parametrize("verbose", [False, True])
def test_an_unknown_exception_is_called_a_bug_with_a_traceback_only_on_request(
    api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    api.error = ValueError("odd\nthing")
    assert main([*BASE, *(["-v"] if verbose else [])]) == 1
    err = capsys.readouterr().err
    assert r"ValueError: odd\nthing. This is a bug" in err
    assert ("Traceback" in err) is verbose


@pytest.mark.parametrize(
    "arguments",
    [
        ["untrunc"],
        ["untrunc", "--ref", "good.mp4"],
        [*BASE, "--nope"],
        [*BASE, "--progress", "loud"],
        [*BASE, "-o"],
        [*BASE, "-o", "a.mp4", "--out-dir", "d"],
        [*BASE, "-o", "broken.mp4", "--overwrite"],
        [*BASE, "--report", "good.mp4", "--overwrite"],
        [*BASE, "-o", "x.mp4", "--report", "x.mp4"],
        [*BASE, "-o", "x.mp4", "--report", "../{here}/x.mp4", "--overwrite"],
        [*BASE, "--report", "broken_rescued.mp4", "--overwrite"],
        [*BASE, "--report", "broken_rescued.mp4", "--dry-run"],
        [*BASE, "--out-dir", "d", "--report", "d/broken.mp4"],
        ["--nope"],
        ["untrunk"],
    ],
    ids=" ".join,
)
def test_usage_errors_exit_with_2_and_one_sentence(
    api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    arguments = [word.replace("{here}", here.name) for word in arguments]
    assert main(arguments) == 2
    assert api.calls == [] or "-o broken.mp4" in " ".join(arguments)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mediarescue: ")
    assert err.count("\n") == 1
    assert names(here) == ["broken.mp4", "good.mp4"]
    assert main([arguments[0], "--json", *arguments[1:]]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 2
    assert document["error"]["type"] == "UsageError"


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "untrunc" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["untrunc", "--help"]])
def test_help_exits_with_0(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "Usage: mediarescue" in out
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mediarescue {version('mediarescue')}\n"


class TestWhereTheOutputGoes:
    def test_o_names_the_file(self, api: FakeApi, here: Path) -> None:
        assert main([*BASE, "-o", "x.mp4"]) == 0
        assert (here / "x.mp4").exists()

    def test_out_dir_is_made_and_keeps_the_inputs_name(self, api: FakeApi, here: Path) -> None:
        assert main([*BASE, "--out-dir", "a/b"]) == 0
        assert (here / "a" / "b" / "broken.mp4").read_bytes() == b"rescued"

    @pytest.mark.parametrize("how", ["failure", "dry run"])
    def test_a_folder_made_for_nothing_is_removed_again(self, api: FakeApi, here: Path, how: str) -> None:
        (here / "a").mkdir()
        if how == "failure":
            api.error = errors.InputError("m")
        assert main([*BASE, "--out-dir", "a/b/c", *(["--dry-run"] if how == "dry run" else [])]) in (0, 3)
        assert names(here / "a") == []

    def test_a_file_in_the_folders_place_is_an_output_error(self, api: FakeApi, here: Path) -> None:
        assert main([*BASE, "--out-dir", "good.mp4/x"]) == 6
        assert main([*BASE, "--out-dir", "good.mp4"]) == 6

    def test_the_inputs_own_folder_as_out_dir_is_refused(self, api: FakeApi, here: Path) -> None:
        assert main([*BASE, "--out-dir", ".", "--overwrite"]) == 2
        assert (here / "broken.mp4").read_bytes() == b"broken"

    def test_an_existing_output_needs_overwrite(self, api: FakeApi, here: Path) -> None:
        (here / "x.mp4").write_bytes(b"old")
        assert main([*BASE, "-o", "x.mp4"]) == 6
        assert (here / "x.mp4").read_bytes() == b"old"
        assert main([*BASE, "-o", "x.mp4", "--overwrite"]) == 0
        assert (here / "x.mp4").read_bytes() == b"rescued"

    @pytest.mark.parametrize("link", ["symbolic", "hard"])
    @pytest.mark.parametrize("name", ["broken.mp4", "good.mp4"])
    def test_links_to_an_input_are_refused(self, api: FakeApi, here: Path, link: str, name: str) -> None:
        target = here / "x.mp4"
        target.symlink_to(here / name) if link == "symbolic" else os.link(here / name, target)
        assert main([*BASE, "-o", "x.mp4", "--overwrite"]) == 2
        assert main([*BASE, "--report", "x.mp4", "--overwrite"]) == 2
        assert (here / name).read_bytes() in (b"broken", b"good")

    def test_a_dry_run_writes_nothing_and_says_so(
        self, api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*BASE, "--dry-run"]) == 0
        assert "none, this was a dry run; it would be broken_rescued.mp4" in capsys.readouterr().out
        assert names(here) == ["broken.mp4", "good.mp4"]


class TestResults:
    def test_json_is_one_document_and_stdout_holds_nothing_else(
        self, api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        api.report = GAPS
        assert main([*BASE, "--json"]) == 10
        document = json.loads(capsys.readouterr().out)
        assert document["schema_version"] == 1
        assert document["command"] == "untrunc"
        assert document["exit_code"] == 10
        assert document["output"] == "broken_rescued.mp4"
        assert len(document["gaps"]) == 12
        assert document["tracks"][0]["timing_source"] == "constant"

    def test_quiet_prints_nothing(self, api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*BASE, "-q"]) == 0
        assert capsys.readouterr() == ("", "")

    def test_the_report_file_holds_the_same_document(
        self, api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*BASE, "--json", "--report", "r.json"]) == 0
        assert (here / "r.json").read_text() == capsys.readouterr().out

    @pytest.mark.parametrize("way", ["symbolic link", "hard link", "linked folder"])
    def test_a_report_that_is_the_output_through_a_link_is_refused_before_any_work(
        self, api: FakeApi, here: Path, way: str
    ) -> None:
        (here / "broken_rescued.mp4").write_bytes(b"film")
        report = "r.json"
        if way == "symbolic link":
            (here / report).symlink_to("broken_rescued.mp4")
        elif way == "hard link":
            os.link(here / "broken_rescued.mp4", here / report)
        else:
            (here / "folder").symlink_to(here)
            report = "folder/broken_rescued.mp4"
        assert main([*BASE, "--report", report, "--overwrite"]) == 2
        assert api.calls == []
        assert (here / "broken_rescued.mp4").read_bytes() == b"film"

    def test_a_report_whose_name_turns_out_to_be_the_films_does_not_replace_it(
        self, api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def appear(listener: Listener) -> None:
            (here / "r.json").symlink_to("x.mp4")

        api.during = appear
        assert main([*BASE, "-o", "x.mp4", "--report", "r.json", "--overwrite"]) == 6
        assert "it is the rescued file itself" in capsys.readouterr().err
        assert (here / "x.mp4").read_bytes() == b"rescued"

    def test_a_report_may_stand_in_the_folder_that_is_made(self, api: FakeApi, here: Path) -> None:
        assert main([*BASE, "--out-dir", "d", "--report", "d/r.json"]) == 0
        assert names(here / "d") == ["broken.mp4", "r.json"]

    def test_an_existing_report_is_refused_before_any_work(self, api: FakeApi, here: Path) -> None:
        (here / "r.json").write_text("old")
        assert main([*BASE, "--report", "r.json"]) == 6
        assert api.calls == []
        assert main([*BASE, "--report", "r.json", "--overwrite"]) == 0
        assert json.loads((here / "r.json").read_text())["exit_code"] == 0

    def test_a_report_that_fails_late_says_that_the_output_is_complete(
        self, api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def appear(listener: Listener) -> None:
            (here / "r.json").write_text("theirs")

        api.during = appear
        assert main([*BASE, "--report", "r.json"]) == 6
        assert "broken_rescued.mp4 is complete" in capsys.readouterr().err
        assert (here / "r.json").read_text() == "theirs"

    def test_a_name_that_is_no_text_and_steers_terminals_is_printed_safely(
        self, api: FakeApi, here: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        name = os.fsdecode(b"a\x1b[31m\xff\n.mp4")
        (here / name).write_bytes(b"broken")
        assert main(["untrunc", name, "--ref", "good.mp4"]) == 0
        assert r"a\x1b[31m\udcff\n_rescued.mp4" in capsys.readouterr().out
        assert main(["untrunc", name, "--ref", "good.mp4", "--overwrite", "--json"]) == 0
        assert os.fsencode(json.loads(capsys.readouterr().out)["input"]) == b"a\x1b[31m\xff\n.mp4"
