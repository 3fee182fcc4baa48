"""A folder of pictures is there whole or not at all, and nothing of the user's is lost for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mediarescue.errors import OutputError
from mediarescue.pipeline.frames_folder import NewFolder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path) -> None:
    for name in ("000001.png", "000002.png", "frames.json"):
        (folder / name).write_bytes(b"new")


@pytest.mark.parametrize("exists", [False, True])
def test_it_takes_its_name_at_the_end(exists: bool, tmp_path: Path) -> None:
    target = tmp_path / "pictures"
    if exists:
        target.mkdir()
    with NewFolder(target, overwrite=False) as folder:
        fill(folder.path)
        assert not exists or names(target) == [folder.path.name]
        assert exists or not target.exists()
        folder.commit()
    assert names(target) == ["000001.png", "000002.png", "frames.json"]
    assert names(tmp_path) == ["pictures"]


@pytest.mark.parametrize("exists", [False, True])
def test_without_a_commit_nothing_stays(exists: bool, tmp_path: Path) -> None:
    target = tmp_path / "pictures"
    if exists:
        target.mkdir()

    def interrupted() -> None:
        with NewFolder(target, overwrite=False) as folder:
            fill(folder.path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == (["pictures"] if exists else [])
    assert not exists or names(target) == []


def test_a_link_leads_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    with NewFolder(tmp_path / "link", overwrite=False) as folder:
        fill(folder.path)
        folder.commit()
    assert (tmp_path / "link").is_symlink()
    assert len(names(tmp_path / "disk")) == 3


def test_what_came_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "pictures"
    target.mkdir()
    with NewFolder(target, overwrite=False) as folder:
        fill(folder.path)
        (target / "mine.txt").write_bytes(b"mine")
        with pytest.raises(OutputError, match="is not empty"):
            folder.commit()
    assert names(target) == ["mine.txt"]


def test_a_move_that_fails_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "pictures"
    target.mkdir()
    rename = Path.rename

    def failing(self: Path, other: Path) -> Path:
        if self.name == "frames.json":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", failing)
    with NewFolder(target, overwrite=False) as folder:
        fill(folder.path)
        with pytest.raises(OutputError, match="input/output error"):
            folder.commit()
    assert names(target) == []


def test_places_that_cannot_be_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for target, sentence in {
        tmp_path / "file": "there is a file of that name",
        tmp_path / "no" / "where": "does not exist",
    }.items():
        with pytest.raises(OutputError, match=sentence):
            NewFolder(target, overwrite=True).check()


def test_a_full_disk_is_told_of_the_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="pictures: the disk is full"),
        NewFolder(tmp_path / "pictures", overwrite=False),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []
