"""Pictures are found under the names that other programs give them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mediarescue.errors import InputError
from mediarescue.pipeline.frames_list import FrameRow, read_list, writing_list
from mediarescue.pipeline.picture_files import find_listed, find_sequence

ROWS = tuple(
    FrameRow(n, (f"{n:06d}.png",), (hashlib.sha256(b"old").hexdigest(),), n, n / 25, n == 1) for n in (1, 2, 3)
)


def fill(folder: Path, *names: str, content: bytes = b"new") -> None:
    for name in names:
        (folder / name).write_bytes(content)


def found(folder: Path) -> dict[int, list[str]]:
    return {index: [p.path.name for p in pictures] for index, pictures in find_listed(folder, ROWS).by_frame.items()}


@pytest.mark.parametrize("names", ["{}.png", "{}.jpg", "{}_out.tif", "clip-{}.webp", "{}-4x_model.png"])
def test_the_number_tells_the_frame(names: str, tmp_path: Path) -> None:
    fill(tmp_path, *(names.format(f"{n:06d}") for n in (1, 2, 3)), "notes.txt", ".000001.png.part")
    assert found(tmp_path) == {n - 1: [names.format(f"{n:06d}")] for n in (1, 2, 3)}
    assert find_listed(tmp_path, ROWS).elsewhere == (0 if names == "{}.png" else 3)


def test_what_is_missing_is_told_by_name(tmp_path: Path) -> None:
    fill(tmp_path, "000002.png", "1.png", "0000031.png")
    assert find_listed(tmp_path, ROWS).missing == ("000001.png", "000003.png")


def test_beside_an_untouched_picture_the_new_one_counts(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{n:06d}.png" for n in (1, 2, 3)), content=b"old")
    fill(tmp_path, "000002.jpg")
    assert found(tmp_path)[1] == ["000002.jpg"]


@pytest.mark.parametrize("names", [("000002.png", "000002.jpg"), ("000002_a.png", "000002_b.png")])
def test_two_new_pictures_of_a_frame_are_refused(names: tuple[str, ...], tmp_path: Path) -> None:
    fill(tmp_path, "000001.png", "000003.png", *names)
    with pytest.raises(InputError, match=r"could all be the picture 000002\.png"):
        found(tmp_path)


def test_planes_are_told_apart(tmp_path: Path) -> None:
    names = tuple(f"000001_{part}.png" for part in ("Y", "Cb", "Cr"))
    row = FrameRow(1, names, ("", "", ""), 0, 0.0, True)
    fill(tmp_path, "000001_Y-new.tif", "000001_Cb.png", "x_000001_Cr_done.png")
    (pictures,) = find_listed(tmp_path, (row,)).by_frame.values()
    assert [p.path.name for p in pictures] == ["000001_Y-new.tif", "000001_Cb.png", "x_000001_Cr_done.png"]


def test_a_sequence_goes_by_its_numbers(tmp_path: Path) -> None:
    fill(tmp_path, "out9.png", "out10.png", "out11.jpg")
    by_frame = find_sequence(tmp_path, 3).by_frame
    assert [by_frame[i][0].path.name for i in range(3)] == ["out9.png", "out10.png", "out11.jpg"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a1.png", "a2.png"), "holds 2 pictures and the clip has 3 frames; "),
        (("a1.png",), "holds 1 picture and the clip has 3 frames; "),
        (("a1.png", "a3.png"), "number 2 is missing"),
        (("a1.png", "b1.png", "a2.png"), "have the same number"),
        (("a1.png", "two.png", "a3.png"), "holds no number"),
        (("a.txt",), "holds no pictures"),
    ],
)
def test_a_sequence_that_does_not_fit_is_refused(names: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    fill(tmp_path, *names)
    with pytest.raises(InputError, match=sentence):
        find_sequence(tmp_path, 3)


def list_of(path: Path) -> Path:
    source = {"name": "c.mp4", "size": 1, "sha256": "", "width": 2, "height": 2}
    made = {"format": "png", "bit_depth": 8, "planes": False, "orientation": 1, "quality": 95}
    with writing_list(path, source, made) as rows:
        for row in ROWS:
            rows.add(row)
    return path


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_list(list_of(tmp_path / "frames.json")).rows == ROWS


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("mediarescue frames", "others", "not a list of frames"),
        ('"schema_version": 1', '"schema_version": 2', "newer mediarescue"),
        ("000002.png", "../x.png", "not a list of frames"),
        ('"orientation": 1', '"orientation": 9', "not a list of frames"),
        ("]\n}", "", "is not whole"),
    ],
)
def test_a_list_that_is_none_is_refused(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    path = list_of(tmp_path / "frames.json")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=sentence):
        read_list(path)
