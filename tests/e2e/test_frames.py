"""A film out as pictures and back: all that nobody changed is the film's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import mediarescue
from mediarescue import export_frames, import_frames, open_video
from mediarescue.cli.app import main
from mediarescue.errors import InputError, OutputError, UsageError
from mediarescue.options import (
    EncodeOptions,
    FramesExportOptions,
    FramesImportOptions,
    MissingPictures,
    PictureFormat,
)
from tests.support.fidelity import compare_films
from tests.support.film_catalogue import ISOBMFF
from tests.support.films import Film, make_film

LOSSLESS = EncodeOptions(lossless=True, preset="ultrafast")
BOX = (slice(10, 30), slice(20, 40))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


def film(folder: Path, name: str) -> Path:
    made: Film = ISOBMFF[name]
    path = folder / (name + made.suffix)
    return path if path.exists() else make_film(path, made)


@pytest.fixture
def clip(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with ``clip.mp4``: varying times, sound, 24 frames."""
    monkeypatch.chdir(tmp_path)
    path = Path("clip.mp4")
    path.write_bytes(film(films, "vfr_b").read_bytes())
    return path


def change(path: Path) -> None:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    picture[BOX] = 85 if picture.dtype == np.uint8 else 21845
    cv2.imwrite(str(path), picture)


def planes_of(path: Path) -> list[tuple[int, list[Any]]]:
    with open_video(path) as video:
        return [(frame.pts, [plane.copy() for plane in frame.planes]) for frame in video.frames()]


def changed_frames(source: Path, result: Path) -> dict[int, list[tuple[int, ...]]]:
    """Of each frame that is not the same: for each plane the box (rows, columns) around what is not."""
    told = {}
    old, new = planes_of(source), planes_of(result)
    assert [pts for pts, _ in old] == [pts for pts, _ in new]
    for index, ((_, was), (_, now)) in enumerate(zip(old, new, strict=True)):
        boxes = []
        for a, b in zip(was, now, strict=True):
            places = np.argwhere(a != b)
            boxes.append((*map(int, places.min(0)), *map(int, places.max(0) + 1)) if places.size else (0, 0, 0, 0))
        if any(any(box) for box in boxes):
            told[index] = boxes
    return told


def inside(box: tuple[int, ...], limits: tuple[int, int, int, int]) -> bool:
    return box[0] >= limits[0] and box[1] >= limits[1] and box[2] <= limits[2] and box[3] <= limits[3]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vfr_b", FramesExportOptions()),
        ("vfr_b", FramesExportOptions(format=PictureFormat.JPEG)),
        ("hevc_10_bit", FramesExportOptions(format=PictureFormat.TIFF)),
        ("h264_444_odd", FramesExportOptions(depth=16)),
        ("prores_422", FramesExportOptions(planes=True)),
        ("edit_cuts_the_beginning", FramesExportOptions(planes=True)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_what_was_changed_is_changed(name: str, options: FramesExportOptions, films: Path, tmp_path: Path) -> None:
    source, result = film(films, name), tmp_path / f"out{ISOBMFF[name].suffix}"
    report = export_frames(source, tmp_path / "pictures", options=options)
    assert report.frames == ISOBMFF[name].frames
    if options.format is PictureFormat.JPEG:
        # Saved without loss, as a JPEG saved again has other noise everywhere.
        picture = cv2.imread(str(tmp_path / "pictures" / "000003.jpg"))
        assert picture is not None
        cv2.imwrite(str(tmp_path / "pictures" / "000003.png"), picture)
        change(tmp_path / "pictures" / "000003.png")
        (tmp_path / "pictures" / "000003.jpg").unlink()
    else:
        change(next(path for path in sorted((tmp_path / "pictures").iterdir()) if path.name.startswith("000003")))
    told = import_frames(tmp_path / "pictures", source, result, options=FramesImportOptions(encode=LOSSLESS))
    assert told.changed_frames == 1
    (changed,) = changed_frames(source, result).items()
    assert changed[0] == 2
    for box, plane in zip(changed[1], planes_of(source)[2][1], strict=True):
        # The picture of a plane is changed in the plane's own samples.
        whole = plane if options.planes else planes_of(source)[2][1][0]
        down, across = (-(-size // own) for size, own in zip(whole.shape, plane.shape, strict=True))
        assert not any(box) or inside(box, (10 // down, 20 // across, -(-30 // down), -(-40 // across)))
    # All but that picture is held against the source by what knows nothing of the package.
    assert not [
        line for line in compare_films(source, result).that_matter if "frame 2" not in line and "PSNR" not in line
    ]


def test_turned_films_are_upright_outside_and_as_they_were_inside(films: Path, tmp_path: Path) -> None:
    source = film(films, "turned")
    for stored in (False, True):
        folder, result = tmp_path / f"{stored}", tmp_path / f"{stored}.mp4"
        report = export_frames(source, folder, options=FramesExportOptions(as_stored=stored))
        assert (report.width, report.height) == ((64, 48) if stored else (48, 64))
        assert report.orientation == (1 if stored else 6)
        change(folder / "000001.png")
        import_frames(folder, source, result, options=FramesImportOptions(encode=LOSSLESS))
        # A quarter to the right brings the stored (row, column) to (column, rows - 1 - row).
        limits = (10, 20, 30, 40) if stored else (48 - 40, 10, 48 - 20, 30)
        assert changed_frames(source, result)[0][0] == limits


def test_a_film_without_a_change_is_copied(clip: Path) -> None:
    export_frames(clip, "pictures")
    report = import_frames("pictures", clip)
    assert not report.changed
    assert Path("clip_edited.mp4").read_bytes() == clip.read_bytes()


def test_pictures_saved_again_without_a_change_keep_every_sample(clip: Path) -> None:
    export_frames(clip, "pictures")
    for path in Path("pictures").glob("*.png"):
        picture = cv2.imread(str(path))
        assert picture is not None
        path.unlink()
        cv2.imwrite(str(path.with_suffix(".tif")), picture)
    report = import_frames("pictures", clip, "out.mp4", options=FramesImportOptions(encode=LOSSLESS))
    assert report.changed_frames == 0
    assert changed_frames(clip, Path("out.mp4")) == {}


def test_the_list_tells_every_frame(clip: Path) -> None:
    export_frames(clip, "pictures")
    listed = json.loads(Path("pictures/frames.json").read_bytes())
    with open_video(clip) as video:
        frames = [(frame.index + 1, frame.pts, frame.decoded.key_frame) for frame in video.frames()]
        base = video.info.time_base
    assert [(row["number"], row["pts"], row["key"]) for row in listed["frames"]] == frames
    assert Fraction(listed["source"]["time_base"]) == base
    assert listed["frames"][0]["seconds"] == 0
    for row in listed["frames"]:
        assert row["seconds"] == pytest.approx(float((row["pts"] - frames[0][1]) * base), abs=1e-6)
    assert sorted(path.name for path in Path("pictures").glob("*.png")) == [row["files"][0] for row in listed["frames"]]


def numbers(folder: str) -> list[int]:
    return [row["number"] for row in json.loads(Path(folder, "frames.json").read_bytes())["frames"]]


def test_a_part_of_a_film_comes_back_into_the_whole(clip: Path) -> None:
    export_frames(clip, "some", options=FramesExportOptions(first=5, last=9, every=2))
    assert numbers("some") == [5, 7, 9]
    ticks = [pts for pts, _ in planes_of(clip)]
    export_frames(clip, "times", options=FramesExportOptions(start=0.2, end=0.5))
    assert numbers("times") == [n for n, pts in enumerate(ticks, 1) if 18000 <= pts - ticks[0] < 45000]
    change(Path("some/000007.png"))
    import_frames("some", clip, "out.mp4", options=FramesImportOptions(encode=LOSSLESS))
    assert list(changed_frames(clip, Path("out.mp4"))) == [6]
    with pytest.raises(UsageError, match="no frame of"):
        export_frames(clip, "late", options=FramesExportOptions(start=100))
    assert not Path("late").exists()


def test_missing_pictures_are_an_error_or_the_original(clip: Path) -> None:
    export_frames(clip, "pictures")
    change(Path("pictures/000002.png"))
    for number in (1, 4):
        Path(f"pictures/{number:06d}.png").unlink()
    with pytest.raises(InputError, match=r"2 pictures are missing in pictures: 000001\.png, 000004\.png; "):
        import_frames("pictures", clip, "out.mp4")
    options = FramesImportOptions(encode=LOSSLESS, missing=MissingPictures.ORIGINAL)
    import_frames("pictures", clip, "out.mp4", options=options)
    assert list(changed_frames(clip, Path("out.mp4"))) == [1]


def test_pictures_of_another_size_are_refused_before_any_work(clip: Path) -> None:
    export_frames(clip, "pictures")
    cv2.imwrite("pictures/000020.png", np.zeros((96, 128, 3), np.uint8))
    with pytest.raises(InputError, match=r"000020\.png has 128x96 pixels where the film's picture has 64x48"):
        import_frames("pictures", clip, "out.mp4")
    assert not Path("out.mp4").exists()


def test_planes_of_another_kind_of_clip_are_refused(clip: Path) -> None:
    export_frames(clip, "pictures", options=FramesExportOptions(planes=True, last=1))
    listed = json.loads(Path("pictures/frames.json").read_bytes())
    del listed["frames"][0]["files"][2], listed["frames"][0]["sha256"][2]
    Path("pictures/frames.json").write_text(json.dumps(listed))
    with pytest.raises(InputError, match=r"000001_Y\.png, 000001_Cb\.png in pictures .* has 3 planes in .*clip"):
        import_frames("pictures", clip, "out.mp4")


def test_another_clip_is_refused_or_doubted(clip: Path, films: Path) -> None:
    export_frames(clip, "pictures")
    change(Path("pictures/000002.png"))
    with pytest.raises(UsageError, match="another clip"):
        import_frames("pictures", film(films, "prores_422"), "out.mov")
    twin = Path("twin.mp4")
    twin.write_bytes(clip.read_bytes() + b"\0\0\0\x08free")
    report = import_frames("pictures", twin, "out.mp4", options=FramesImportOptions(encode=LOSSLESS))
    assert report.exit_code == 10
    assert list(changed_frames(twin, Path("out.mp4"))) == [1]


def test_pictures_elsewhere_go_by_the_list_of_the_export(clip: Path) -> None:
    export_frames(clip, "pictures", options=FramesExportOptions(first=3, last=3))
    Path("new").mkdir()
    change(Path("pictures/000003.png"))
    Path("pictures/000003.png").rename("new/000003_denoised.png")
    options = FramesImportOptions(encode=LOSSLESS, times=Path("pictures/frames.json"))
    import_frames("new", clip, "out.mp4", options=options)
    assert list(changed_frames(clip, Path("out.mp4"))) == [2]


def test_a_plain_sequence_is_taken_frame_by_frame(clip: Path) -> None:
    export_frames(clip, "pictures")
    Path("pictures/frames.json").unlink()
    change(Path("pictures/000003.png"))
    import_frames("pictures", clip, "out.mp4", options=FramesImportOptions(encode=LOSSLESS))
    assert list(changed_frames(clip, Path("out.mp4"))) == [2]
    Path("pictures/000024.png").unlink()
    with pytest.raises(InputError, match="23 pictures and the clip has 24 frames"):
        import_frames("pictures", clip, "out2.mp4")


def test_a_jpeg_saved_again_changes_little_with_a_tolerance(clip: Path) -> None:
    export_frames(clip, "pictures", options=FramesExportOptions(format=PictureFormat.JPEG, first=1, last=2))
    path = Path("pictures/000001.jpg")
    picture = cv2.imread(str(path))
    assert picture is not None
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    again = cv2.imread(str(path))
    assert again is not None
    most = int(cv2.absdiff(again, picture).max())
    seen = []
    for number, tolerance in enumerate((most - 1, most)):
        options = FramesImportOptions(encode=LOSSLESS, tolerance=tolerance)
        seen.append(import_frames("pictures", clip, f"out{number}.mp4", options=options).changed_frames)
    assert seen == [1, 0]


@pytest.fixture
def folder_of_user(clip: Path) -> Iterator[Path]:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine", encoding="utf-8")
    yield Path("mine")
    assert Path("mine/notes.txt").read_text(encoding="utf-8") == "mine"


def test_only_an_earlier_export_is_replaced(clip: Path, folder_of_user: Path) -> None:
    with pytest.raises(OutputError, match="is not empty"):
        export_frames(clip, folder_of_user)
    with pytest.raises(OutputError, match="no earlier export"):
        export_frames(clip, folder_of_user, options=FramesExportOptions(overwrite=True))
    Path("pictures").mkdir()
    inode = Path("pictures").stat().st_ino
    export_frames(clip, "pictures")
    export_frames(clip, "pictures", options=FramesExportOptions(last=4, overwrite=True))
    assert numbers("pictures") == [1, 2, 3, 4]
    assert len(list(Path("pictures").iterdir())) == 5
    assert Path("pictures").stat().st_ino == inode, "who stands in the folder would stand nowhere"
    Path("pictures/edited.xcf").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"more than an earlier export \(edited\.xcf\)"):
        export_frames(clip, "pictures", options=FramesExportOptions(overwrite=True))


def test_a_full_disk_leaves_nothing(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = mediarescue.pipeline.frames_export.shutil.disk_usage(".")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=20_000))
    with pytest.raises(OutputError, match=r"not enough space for pictures: about \d+\.\d kB are needed"):
        export_frames(clip, "pictures")
    assert [path.name for path in Path().iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    "code", ["--frames 0-3", "--frames 9-3", "--start later", "--depth 12", "--planes --format jpeg"]
)
def test_arguments_that_make_no_sense_are_refused(code: str, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frames", "export", str(clip), "pictures", *code.split()]) == 2
    assert capsys.readouterr().err.startswith("mediarescue: ")
    assert not Path("pictures").exists()


def test_the_command_line_does_the_same(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frames", "export", str(clip), "deep/pictures", "--start", "0:00.2", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["dry_run"]
    assert told["output"] is None
    assert not Path("deep").exists()
    assert main(["frames", "export", str(clip), "deep/pictures", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["files"], told["command"]) == (24, 24, "frames export")
    assert told["output_bytes"] == sum(path.stat().st_size for path in Path("deep/pictures").glob("*.png"))
    change(Path("deep/pictures/000003.png"))
    words = ["frames", "import", "deep/pictures", "--like", str(clip), "--lossless", "--preset", "ultrafast"]
    assert main([*words, "--dry-run"]) == 0
    told_words = " ".join(capsys.readouterr().out.split())
    assert "the pictures of 1 of 24 frames are other files than the exported ones" in told_words
    assert not Path("clip_edited.mp4").exists()
    assert main(words) == 0
    assert "1 of 24 frames" in capsys.readouterr().out
    assert main(words) == 6
    assert main([*words, "-o", str(clip), "--overwrite"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupted_export_leaves_nothing(clip: Path) -> None:
    # Pictures that take the packer long, so that the signal meets it at work.
    words = ["frames", "export", str(clip), "pictures", "--progress", "json", "--compression", "9"]
    slow = "import mediarescue.media.pictures as p, time; pack = p.encode_picture\n"
    slow += "import mediarescue.pipeline.frame_pictures as f\n"
    slow += "f.encode_picture = lambda *given: (time.sleep(0.5), pack(*given))[1]\n"
    slow += f"from mediarescue.cli.app import main; raise SystemExit(main({words!r}))"
    with subprocess.Popen([sys.executable, "-W", "error", "-c", slow], stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        while '"progressed"' not in run.stderr.readline():
            assert run.poll() is None
        os.kill(run.pid, signal.SIGINT)
        assert "interrupted" in run.stderr.read()
        assert run.wait() == 130
    assert [path.name for path in Path().iterdir()] == ["clip.mp4"]
