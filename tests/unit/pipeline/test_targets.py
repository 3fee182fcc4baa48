from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.errors import UsageError
from mediarescue.pipeline import targets
from mediarescue.pipeline.inputs import collect_inputs
from mediarescue.pipeline.targets import Job, plan_jobs


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.mp4", "in/sub/b.jpg", "other/a.mp4", "clip.mp4"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(name.encode())


def plan(*named: str, output: str | None = None, out_dir: str | None = None) -> tuple[Job, ...]:
    folder = None if out_dir is None else Path(out_dir)
    inputs = collect_inputs([Path(name) for name in named], suffix="_healed", out_dir=folder)
    return plan_jobs(inputs, output=None if output is None else Path(output), out_dir=folder, suffix="_healed")


def goals(jobs: tuple[Job, ...]) -> list[str]:
    return [job.target.as_posix() for job in jobs]


def test_without_a_place_outputs_stand_beside_their_inputs() -> None:
    assert goals(plan("in", "clip.mp4")) == ["in/a_healed.mp4", "in/sub/b_healed.jpg", "clip_healed.mp4"]


def test_in_a_folder_they_have_the_same_names_below_the_same_folders() -> None:
    assert goals(plan("in", "clip.mp4", out_dir="out")) == ["out/a.mp4", "out/sub/b.jpg", "out/clip.mp4"]


def test_one_input_may_have_a_name_for_its_output() -> None:
    assert goals(plan("clip.mp4", output="x/y.mov")) == ["x/y.mov"]


@pytest.mark.parametrize("named", [("in",), ("clip.mp4", "in/a.mp4"), ("other",)])
def test_one_name_for_several_inputs_or_a_folder_is_refused(named: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="use --out-dir"):
        plan(*named, output="x.mp4")


def test_a_name_and_a_folder_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="contradict"):
        plan("clip.mp4", output="x.mp4", out_dir="out")


def test_two_inputs_with_one_output_are_refused_before_any_work() -> None:
    with pytest.raises(UsageError, match=r"in/a\.mp4 and other/a\.mp4 would both become out/a\.mp4"):
        plan("in", "other", out_dir="out")


def test_names_that_differ_in_their_case_alone_are_refused_where_the_folder_ignores_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("in/A.MP4").write_bytes(b"")
    if len(list(Path("in").glob("*"))) < 3:
        pytest.skip("this file system ignores case itself")
    assert len(goals(plan("in", out_dir="out"))) == 3
    monkeypatch.setattr(targets, "_ignores_case", lambda folder: True)
    with pytest.raises(UsageError, match="would both become"):
        plan("in", out_dir="out")


def test_whether_a_folder_ignores_case_is_asked_of_the_nearest_that_exists() -> None:
    Path("Mixed").mkdir()
    assert targets._ignores_case(Path("Mixed/not/yet")) is Path("mIXED").exists()


@pytest.mark.parametrize(
    ("named", "output", "out_dir"),
    [
        (("clip.mp4",), "clip.mp4", None),
        (("clip.mp4",), "in/../clip.mp4", None),
        (("clip.mp4",), "soft.mp4", None),
        (("clip.mp4",), "hard.mp4", None),
        (("in",), None, "in"),
        (("clip.mp4", "clip_healed.mp4"), None, None),
    ],
)
def test_an_output_that_is_an_input_is_refused_before_any_work(
    named: tuple[str, ...], output: str | None, out_dir: str | None
) -> None:
    Path("clip_healed.mp4").write_bytes(b"")
    Path("soft.mp4").symlink_to("clip.mp4")
    Path("hard.mp4").hardlink_to("clip.mp4")
    with pytest.raises(UsageError, match="inputs are never written to"):
        plan(*named, output=output, out_dir=out_dir)


def test_what_cannot_be_worked_on_stands_in_nobodys_way() -> None:
    jobs = plan("gone/a.mp4", "in", out_dir="out")
    assert [job.refusal is None for job in jobs] == [False, True, True]
