from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mediarescue import volumes
from mediarescue.errors import OutputError
from mediarescue.output import AtomicOutput, check_file_size
from mediarescue.volumes import file_system_of, largest_file, on_same_card

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads what Linux tells of its mounts")
pytestmark = linux_only


def device_of(path: Path) -> str:
    device = path.stat().st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def mounted(monkeypatch: pytest.MonkeyPatch, folder: Path, lines: list[str]) -> None:
    table = folder / "mountinfo"
    table.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(volumes, "MOUNTS", table)
    monkeypatch.setattr(volumes, "BLOCK_DEVICES", folder / "no devices")


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the mounts call a FAT card."""
    folder = tmp_path / "card"
    folder.mkdir()
    mounted(monkeypatch, tmp_path, [f"9 1 {device_of(folder)} / {folder} rw - vfat /dev/sdz1 rw"])
    return folder


def test_the_real_mounts_are_read(tmp_path: Path) -> None:
    assert file_system_of(Path("/proc")) == "proc"
    assert file_system_of(tmp_path) != ""
    assert file_system_of(tmp_path / "not" / "there" / "yet.mp4") == file_system_of(tmp_path)
    assert not on_same_card(tmp_path / "a.mp4", tmp_path / "b.mp4"), "a home folder is no card"


def test_a_mount_is_known_by_its_device(card: Path) -> None:
    assert file_system_of(card / "DCIM" / "clip.mp4") == "vfat"
    assert largest_file(card / "clip.mp4") == 4 * 1024**3 - 1


def test_a_mount_is_known_by_the_longest_path_where_the_device_has_another_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my card"
    folder.mkdir()
    escaped = str(folder).replace(" ", "\\040")
    mounted(
        monkeypatch,
        tmp_path,
        [
            f"8 1 0:9999 / {escaped} rw - exfat /dev/sdz1 rw",
            "7 1 0:9998 / / rw - btrfs /dev/sda1 rw",
            "damaged line",
            f"9 1 0:9997 / {tmp_path} rw shared:1 - ext4 /dev/sda2 rw",
        ],
    )
    assert file_system_of(folder / "clip.mp4") == "exfat"
    assert file_system_of(tmp_path / "clip.mp4") == "ext4"
    assert file_system_of(Path("/clip.mp4")) == "btrfs"
    assert largest_file(folder / "clip.mp4") is None


def test_two_files_on_a_fat_volume_are_on_one_card(card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_same_card(card / "broken.mp4", card / "rescued.mp4")
    mounted(monkeypatch, tmp_path, [f"9 1 {device_of(card)} / {card} rw - ext4 /dev/sda1 rw"])
    assert not on_same_card(card / "broken.mp4", card / "rescued.mp4")
    assert not on_same_card(card / "broken.mp4", Path("/proc/rescued.mp4"))


@pytest.mark.parametrize(("flag", "expected"), [("1\n", True), ("0\n", False)])
def test_a_removable_disk_of_any_file_system_is_a_card(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str, expected: bool
) -> None:
    mounted(monkeypatch, tmp_path, [f"9 1 {device_of(card)} / {card} rw - ext4 /dev/sdz1 rw"])
    partition = tmp_path / "sys" / "sdz" / "sdz1"
    partition.mkdir(parents=True)
    (partition.parent / "removable").write_text(flag)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / device_of(card)).symlink_to(partition)
    monkeypatch.setattr(volumes, "BLOCK_DEVICES", tmp_path / "dev")
    assert on_same_card(card / "a.mp4", card / "b.mp4") is expected


def test_a_system_that_tells_nothing_leaves_nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "MOUNTS", tmp_path / "none")
    monkeypatch.setattr(volumes, "BLOCK_DEVICES", tmp_path / "none")
    assert file_system_of(tmp_path) == ""
    assert largest_file(tmp_path) is None
    assert not on_same_card(tmp_path / "a", tmp_path / "b")


def test_four_gigabytes_on_fat_are_refused_before_anything_is_written(card: Path) -> None:
    target = card / "rescued.mp4"
    check_file_size(target, 4 * 1024**3 - 1)
    with pytest.raises(
        OutputError, match=r"it will have 4\.3 GB, and the file system there \(vfat\) holds no file of 4"
    ):
        AtomicOutput(target, needed_bytes=4 * 1024**3).__enter__()
    assert list(card.iterdir()) == []


def test_an_estimate_above_the_limit_is_no_reason_to_refuse(card: Path) -> None:
    with AtomicOutput(card / "rescued.mp4", needed_bytes=4 * 1024**3 + 5, least_bytes=100) as output:
        output.file.write(b"film")
        output.commit()
    assert (card / "rescued.mp4").read_bytes() == b"film"
