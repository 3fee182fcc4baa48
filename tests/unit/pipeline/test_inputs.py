from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from mediarescue.errors import InputError, MediaRescueError, NothingToDoError, UsageError
from mediarescue.pipeline import inputs
from mediarescue.pipeline.inputs import Inputs, MediaKind, collect_inputs, media_kind, natural_key


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")


def collect(*named: str, suffix: str = "_healed", out_dir: str | None = None) -> Inputs:
    return collect_inputs(
        [Path(name) for name in named], suffix=suffix, out_dir=None if out_dir is None else Path(out_dir)
    )


def names(found: Inputs) -> list[str]:
    return [file.path.as_posix() for file in found.files if file.refusal is None]


def refusals(found: Inputs) -> list[MediaRescueError]:
    return [file.refusal for file in found.files if file.refusal is not None]


def test_a_folder_gives_its_films_and_photos_as_people_count_and_then_those_of_its_folders() -> None:
    put("in/clip10.MP4", "in/clip2.mp4", "in/Clip1.mov", "in/b/z.jpg", "in/a/y.PNG", "in/notes.txt", "in/README")
    found = collect("in")
    assert names(found) == ["in/Clip1.mov", "in/clip2.mp4", "in/clip10.MP4", "in/a/y.PNG", "in/b/z.jpg"]
    assert found.others == 2
    assert [file.relative.as_posix() for file in found.files][-1] == "b/z.jpg"
    assert found.files[-1].kind is MediaKind.PHOTO
    assert found.files[0].size == 1


def test_named_files_are_taken_whatever_they_are_called_in_the_order_of_their_names_on_the_line() -> None:
    put("z.unknown", ".hidden.mp4", "clip_healed.mp4", "in/a.mp4")
    found = collect("z.unknown", "in", ".hidden.mp4", "clip_healed.mp4")
    assert names(found) == ["z.unknown", "in/a.mp4", ".hidden.mp4", "clip_healed.mp4"]
    assert found.own == found.others == 0


def test_hidden_files_and_folders_of_the_system_are_passed_over() -> None:
    put("in/._clip.mp4", "in/.clip.mp4.mediarescue-work/000000.mp4", "in/@eaDir/clip.jpg", "in/$RECYCLE.BIN/clip.mp4")
    put("in/clip.mp4", "in/.clip.mp4.0123abcd.rescuing")
    assert names(collect("in")) == ["in/clip.mp4"]


def test_our_own_outputs_are_passed_over_and_counted() -> None:
    put("in/clip.mp4", "in/clip_healed.mp4", "in/clip_denoised.mp4", "in/clip_reencoded.mov", "in/gone_healed.mp4")
    put("in/old_denoised.jpg")
    found = collect("in")
    assert names(found) == ["in/clip.mp4", "in/clip_reencoded.mov", "in/old_denoised.jpg"]
    assert found.own == 3


def test_a_rescued_film_is_a_film_like_any_other() -> None:
    put("in/clip.mp4", "in/clip_rescued.mp4")
    assert names(collect("in")) == ["in/clip.mp4", "in/clip_rescued.mp4"]


@pytest.mark.parametrize("out_dir", ["in/out", "in/../in/out", "link/out"])
def test_the_folder_of_outputs_inside_the_folder_of_inputs_is_not_fed_back(out_dir: str) -> None:
    put("in/a.mp4", "in/out/a.mp4", "in/out/b/c.mp4", "in/other/out/d.mp4")
    Path("link").symlink_to("in")
    assert names(collect("in", out_dir=out_dir)) == ["in/a.mp4", "in/other/out/d.mp4"]
    assert names(collect("in/out", out_dir=out_dir)) == ["in/out/a.mp4", "in/out/b/c.mp4"]


def test_links_in_a_circle_come_to_an_end_and_a_file_is_taken_once() -> None:
    put("in/a.mp4", "in/b/c.mp4")
    Path("in/b/up").symlink_to("..", target_is_directory=True)
    Path("in/self").symlink_to("self")
    Path("in/b/again.mp4").symlink_to("c.mp4")
    found = collect("in", "in/a.mp4", "./in/../in/b", str(Path.cwd() / "in" / "b" / "c.mp4"))
    assert names(found) == ["in/a.mp4", "in/b/c.mp4"]
    assert refusals(found) == []


def test_a_link_to_nothing_is_said() -> None:
    put("in/a.mp4")
    Path("in/b.mp4").symlink_to("gone.mp4")
    found = collect("in")
    assert names(found) == ["in/a.mp4"]
    assert [str(error) for error in refusals(found)] == ["in/b.mp4: no such file"]


@pytest.mark.parametrize(
    ("files", "kind", "message"),
    [
        ([], InputError, "in: there is no film or photo in this folder"),
        (
            ["a.txt"],
            InputError,
            "in: the only file in it is no film or photo by its name; name a file to have it tried",
        ),
        (["a.txt", "b/c"], InputError, "in: none of its 2 files is a film or photo by its name"),
        (["a_healed.mp4"], NothingToDoError, "in: nothing to do, the only film or photo in it is an output"),
        (["a_healed.mp4", "b_healed.jpg"], NothingToDoError, "in: nothing to do, its 2 films and photos are outputs"),
    ],
)
def test_a_folder_with_nothing_to_work_on_is_refused_and_the_rest_taken(
    files: list[str], kind: type[Exception], message: str
) -> None:
    Path("in").mkdir()
    put(*(f"in/{name}" for name in files), "good.mp4")
    found = collect("in", "good.mp4")
    assert names(found) == ["good.mp4"]
    (error,) = refusals(found)
    assert type(error) is kind
    assert str(error).startswith(message)


def test_a_folder_whose_files_were_all_named_before_is_no_empty_one() -> None:
    put("in/a.mp4", "in/b/c.jpg")
    found = collect("in/a.mp4", "in/b", "in", "in")
    assert names(found) == ["in/a.mp4", "in/b/c.jpg"]
    assert refusals(found) == []


def test_nothing_named_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no input is named"):
        collect()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
def test_a_pipe_is_refused_and_not_waited_for() -> None:
    Path("in").mkdir()
    os.mkfifo("in/a.mp4")
    os.mkfifo("in/b.ts")
    os.mkfifo("c")
    errors = [str(error) for error in refusals(collect("in", "c", "gone.mp4"))]
    assert errors == [
        "in/a.mp4: is not a regular file; copy its contents to a file first",
        "c: is not a regular file; copy its contents to a file first",
        "gone.mp4: no such file",
    ]


def test_what_may_not_be_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    put("in/a.mp4", "in/b/c.mp4", "in/d.mp4")

    def opened(path: Path, mode: str) -> BinaryIO:
        if path.name == "a.mp4":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return path.open("rb")

    def scanned(path: Path) -> object:
        if path.name == "b":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr(inputs, "open", opened, raising=False)
    monkeypatch.setattr(os, "scandir", scanned)
    found = collect("in")
    assert names(found) == ["in/d.mp4"]
    assert [str(error) for error in refusals(found)] == [
        "in/a.mp4: no permission to read it",
        "in/b: no permission to look into it",
    ]


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.jpeg", b"", MediaKind.PHOTO),
        ("a.HEIC", b"", MediaKind.PHOTO),
        ("a.mkv", b"\xff\xd8\xff", MediaKind.VIDEO),
        ("a", b"\xff\xd8\xff\xe1", MediaKind.PHOTO),
        ("a.bak", b"\x89PNG\r\n\x1a\n", MediaKind.PHOTO),
        ("a.part", b"RIFF\x10\x00\x00\x00WEBPVP8 ", MediaKind.PHOTO),
        ("a.part", b"RIFF\x10\x00\x00\x00AVI LIST", MediaKind.VIDEO),
        ("a.1", b"\x00\x00\x00\x18ftypheic", MediaKind.PHOTO),
        ("a.1", b"\x00\x00\x00\x18ftypisom", MediaKind.VIDEO),
        ("a.1", b"", MediaKind.VIDEO),
        ("a.gif", b"GIF89a", MediaKind.PHOTO),
        ("a.bmp", b"BM", MediaKind.PHOTO),
        ("a.psd", b"8BPS", MediaKind.PHOTO),
    ],
)
def test_the_name_tells_photos_from_films_and_where_it_does_not_the_first_bytes(
    name: str, head: bytes, kind: MediaKind
) -> None:
    Path(name).write_bytes(head)
    assert media_kind(Path(name)) is kind


def test_program_code_and_music_are_no_films_for_their_endings() -> None:
    for name, head in {
        "app.ts": b"import { a } from 'b';",
        "tv.ts": b"\x47\x40\x00\x10",
        "bluray.ts": b"\x00\x11\x22\x33\x47\x40",
        "song.mod": b"a song",
        "MOV001.MOD": b"\x00\x00\x01\xba",
    }.items():
        Path("in", name).parent.mkdir(exist_ok=True)
        Path("in", name).write_bytes(head)
    assert names(collect("in")) == ["in/bluray.ts", "in/MOV001.MOD", "in/tv.ts"]


def test_names_sort_as_people_count() -> None:
    assert sorted(["b", "A10", "a2", "a02b", "1", ""], key=natural_key) == ["", "1", "a2", "a02b", "A10", "b"]
