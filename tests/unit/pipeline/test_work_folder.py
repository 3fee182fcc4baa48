"""What an interrupted run leaves is used again by the same job only, and never by two runs at once."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from mediarescue.errors import OutputError
from mediarescue.pipeline.work_folder import WorkFolder, file_fingerprint, work_path

JOB: dict[str, Any] = {"input": {"size": 3}, "plan": "x"}


def piece(work: WorkFolder, number: int, pts: list[int]) -> None:
    path = work.path / f"{number:06d}.mp4"
    path.write_bytes(b"film")
    work.add(number, path, pts)


def interrupted(target: Path, pieces: int = 2) -> None:
    work = WorkFolder(target, JOB, resume=True)
    for number in range(pieces):
        piece(work, number, [number * 10, number * 10 + 1])
    (work.path / f"{pieces:06d}.mp4").write_bytes(b"half")
    work.close()


def test_finished_pieces_of_the_same_job_are_found_again(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    interrupted(target)
    work = WorkFolder(target, JOB, resume=True)
    assert work.frames == 4
    assert [p.pts.tolist() for p in work.pieces] == [[0, 1], [10, 11]]
    assert not (work.path / "000002.mp4").exists(), "what was not finished is gone"
    work.finish()
    work.close()
    assert list(tmp_path.iterdir()) == []


def test_another_job_begins_anew_only_when_asked(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    interrupted(target)
    other = JOB | {"plan": "y"}
    with pytest.raises(OutputError, match=r"2 finished pieces in .* not of this job \(another encoding\): go on as"):
        WorkFolder(target, other, resume=True)
    assert len(list(work_path(target).glob("*.pts"))) == 2
    work = WorkFolder(target, other, resume=True, overwrite=True)
    assert work.frames == 0
    work.close()


def test_pieces_in_any_container_are_found(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "out.avi", JOB, resume=True)
    (work.path / "000000.nut").write_bytes(b"film")
    work.add(0, work.path / "000000.nut", [0, 1])
    work.close()
    again = WorkFolder(tmp_path / "out.avi", JOB, resume=True)
    assert again.frames == 2
    again.close()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "photo.jpg").write_bytes(b"photo")
    work_path(target).symlink_to(precious)
    with pytest.raises(OutputError, match="is in the way"):
        WorkFolder(target, JOB, resume=False, overwrite=True)
    assert [path.name for path in precious.iterdir()] == ["photo.jpg"]
    work_path(target).unlink()
    precious.rename(work_path(target))
    with pytest.raises(OutputError, match="is in the way"):
        WorkFolder(target, JOB, resume=False, overwrite=True)
    assert [path.name for path in work_path(target).iterdir()] == ["photo.jpg"]


def test_a_disk_that_is_full_from_the_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mediarescue.pipeline.work_folder._write_whole", full)
    with pytest.raises(OutputError, match="the disk is full"):
        WorkFolder(tmp_path / "out.mp4", JOB, resume=True)
    assert list(tmp_path.iterdir()) == []


def test_long_names_have_folders_of_their_own(tmp_path: Path) -> None:
    assert work_path(tmp_path / ("x" * 220 + "1.mp4")) != work_path(tmp_path / ("x" * 220 + "2.mp4"))


def test_work_that_was_left_is_not_thrown_away_unasked(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    interrupted(target)
    with pytest.raises(OutputError, match="add --resume to go on"):
        WorkFolder(target, JOB, resume=False)
    assert len(list(work_path(target).glob("*.pts"))) == 2
    work = WorkFolder(target, JOB, resume=False, overwrite=True)
    assert work.frames == 0
    work.close()


def test_without_resume_nothing_is_left_behind(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / "out.mp4", JOB, resume=False)
    piece(work, 0, [0])
    work.close()
    assert list(tmp_path.iterdir()) == []


def test_a_gap_in_the_pieces_ends_them(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    interrupted(target, 3)
    (work_path(target) / "000001.mp4").unlink()
    work = WorkFolder(target, JOB, resume=True)
    assert work.frames == 2
    work.close()


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    work = WorkFolder(tmp_path / "out.mp4", JOB, resume=True)
    with pytest.raises(OutputError, match="another run is at work"):
        WorkFolder(tmp_path / "out.mp4", JOB, resume=True)
    work.close()


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out\.mp4"):
        WorkFolder(tmp_path / "no" / "out.mp4", JOB, resume=True)


def test_the_longest_file_name_has_a_folder(tmp_path: Path) -> None:
    work = WorkFolder(tmp_path / ("ä" * 125 + ".mp4"), JOB, resume=True)
    assert work.path.is_dir()
    work.close()


def test_the_fingerprint_tells_a_changed_file(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(bytes(3 << 20))
    first = file_fingerprint(film)
    with open(film, "r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    assert file_fingerprint(film) != first
