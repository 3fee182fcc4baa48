from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediarescue import open_photo, process_photo
from mediarescue.errors import InputError, MissingDependencyError, OutputError, UsageError, VerificationError
from mediarescue.events import Artifact, Event
from mediarescue.media.planes import Plane
from mediarescue.media.stills import av_pixels, png
from mediarescue.media.stills.still import PhotoPlanes
from tests.support.jpegs import jpeg
from tests.support.photos import SAMPLES


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return next(sample for sample in SAMPLES if sample.name == "png-rgb").write(tmp_path)


def darker(planes: PhotoPlanes) -> list[Plane]:
    changed = [plane.copy() for plane in planes.planes]
    changed[0][5, 6] ^= 0x30
    return changed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"GIF89a" + bytes(99), "a GIF"),
        (b"BM" + bytes(99), "a BMP"),
        (b"8BPS\0\1" + bytes(99), "Photoshop"),
        (b"\0\0\0\x18ftypcrx " + bytes(99), "Canon CR3"),
        (b"FUJIFILMCCD-RAW " + bytes(99), "develop it"),
        (b"II*\0\x10\0\0\0CR\2\0" + struct.pack("<IH", 0, 1) + struct.pack("<HHII", 256, 3, 1, 9) + bytes(99), "CR2"),
        (b"IIU\0\x08\0\0\0" + bytes(99), "Panasonic RW2"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99), "JPEG 2000"),
        (bytes(500), "begins with zeros"),
        (b"Dear diary, " * 20, "no photo of a known format"),
        (b"\xff\xd8\xff\xe0garbage", "damaged or cut short"),
        (b"\x89PNG\r\n\x1a\ngarbage", "cut short"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "cut short"),
        (b"II*\0\x08\0\0\0", "damaged or cut short"),
        (b"\0\0\0\x18ftypheic" + bytes(16), "damaged or cut short"),
    ],
)
def test_what_is_no_photo_of_ours_is_said_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        process_photo(path, tmp_path / "out.jpg", filter=darker)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_content_rules_and_not_the_name(photo: Path, tmp_path: Path) -> None:
    wrong = photo.rename(tmp_path / "really-a-png.jpg")
    with open_photo(wrong) as opened:
        assert opened.info.format == "PNG"


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_photo(tmp_path / "nothing.jpg")
    with pytest.raises(InputError, match="folder"):
        open_photo(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match="not a regular file"):
        open_photo(tmp_path / "pipe.jpg")


def test_targets_are_guarded(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the input"):
        process_photo(photo, photo, filter=darker, overwrite=True)
    (tmp_path / "there.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match="--overwrite"):
        process_photo(photo, tmp_path / "there.png", filter=darker)
    assert (tmp_path / "there.png").read_bytes() == b"mine"
    process_photo(photo, tmp_path / "there.png", filter=darker, overwrite=True)


def test_a_photo_keeps_its_format_and_an_extension_of_it(photo: Path, tmp_path: Path) -> None:
    for name in ("out.jpg", "out.tif", "out.xyz", "out"):
        with pytest.raises(UsageError, match=r"is PNG: a photo keeps its format; call the output \*\.png"):
            process_photo(photo, tmp_path / name)
        assert not (tmp_path / name).exists()
    process_photo(photo, tmp_path / "out.PNG")
    (tmp_path / "odd.xyz").write_bytes(photo.read_bytes())
    process_photo(tmp_path / "odd.xyz", tmp_path / "again.xyz")
    tiff = next(sample for sample in SAMPLES if sample.name.startswith("tiff")).write(tmp_path)
    process_photo(tiff, tmp_path / "a.tiff")
    process_photo(tiff, tmp_path / "a.tif")


def test_planes_of_another_shape_are_a_mistake_of_the_filter(photo: Path, tmp_path: Path) -> None:
    for wrong in (
        lambda planes: planes.planes[:2],
        lambda planes: [plane[:-1] for plane in planes.planes],
        lambda planes: [plane.astype(np.uint16) for plane in planes.planes],
        lambda planes: [plane.tolist() for plane in planes.planes],
    ):
        with pytest.raises(ValueError, match="the filter returned"):
            process_photo(photo, tmp_path / "out.png", filter=wrong)
    assert [path.name for path in tmp_path.iterdir()] == [photo.name]


def test_planes_can_be_given_in_place_of_a_filter(photo: Path, tmp_path: Path) -> None:
    with open_photo(photo) as opened:
        new = darker(opened.planes)
        assert opened.write(tmp_path / "a.png", new).changed_pixels == 1
        assert not opened.write(tmp_path / "b.png").changed
        with pytest.raises(ValueError, match="not both"):
            opened.write(tmp_path / "c.png", new, filter=darker)
    with open_photo(tmp_path / "a.png") as made:
        assert np.array_equal(made.planes.planes[0], new[0])


def test_planes_cannot_be_written_to_by_mistake(photo: Path) -> None:
    with open_photo(photo) as opened, pytest.raises(ValueError, match="read-only"):
        opened.planes.planes[0][0, 0] = 1


def test_a_closed_photo_says_so(photo: Path, tmp_path: Path) -> None:
    with open_photo(photo) as opened:
        pass
    with pytest.raises(ValueError, match="closed"):
        opened.write(tmp_path / "out.png", filter=darker)
    assert opened.info.format == "PNG"


def test_places_are_those_that_a_viewer_shows(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(next(sample for sample in SAMPLES if sample.name == "jpeg-444").build())
    with open_photo(path) as opened:
        assert opened.info.orientation == 6
        assert opened.upright_size == (62, 84)
        luma = opened.planes.planes[0]
        x, y = opened.to_stored(50, 70)
        assert opened.upright(luma)[70, 50] == luma[int(y), int(x)]


def test_listeners_and_batches_get_what_they_need(photo: Path, tmp_path: Path) -> None:
    heard: list[Event] = []
    report = process_photo(photo, tmp_path / "out.png", filter=darker, listener=heard.append)
    assert Artifact(str(tmp_path / "out.png"), "output") in heard
    assert pickle.loads(pickle.dumps(report)) == report
    assert report.exit_code == 0


def test_an_output_that_does_not_decode_to_what_was_meant_is_removed(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(codec: str, frame: Any, options: dict[str, str], *, interlaced: bool = False) -> list[bytes]:
        av_pixels.samples_of(frame, 3, 8)[0, 0, 0] ^= 1
        return av_pixels.encode_still(codec, frame, options, interlaced=interlaced)

    monkeypatch.setattr(png, "encode_still", lying)
    with pytest.raises(VerificationError, match="sample 0, 0 of plane 0"):
        process_photo(photo, tmp_path / "out.png", filter=darker)
    assert [path.name for path in tmp_path.iterdir()] == [photo.name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_no_permission_is_said(photo: Path) -> None:
    photo.chmod(0)
    with pytest.raises(InputError, match="no permission"):
        open_photo(photo)


def test_a_cut_jpeg_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    data = jpeg(400, 300)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"damaged or cut short: .* only about 4\d % of its picture can be decoded"):
        process_photo(path, tmp_path / "out.jpg", filter=darker)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.jpg"]


def test_an_encoder_that_is_not_there_is_named(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def another(codec: str, *_: Any, **__: Any) -> list[bytes]:
        return av_pixels.encode_still("no_such_encoder", *_, **__)

    monkeypatch.setattr(png, "encode_still", another)
    with pytest.raises(MissingDependencyError, match="no_such_encoder"):
        process_photo(photo, tmp_path / "out.png", filter=darker)
    assert [path.name for path in tmp_path.iterdir()] == [photo.name]
