from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mediarescue import open_photo, process_photo
from mediarescue.errors import InputError
from mediarescue.isobmff import BoxError
from mediarescue.isobmff.item_exchange import NewItem, exchange_items
from mediarescue.isobmff.items import read_items
from mediarescue.media.info import ColorTags
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoPlanes
from tests.support.heif import HeifSpec, build_heif
from tests.support.jpegs import picture
from tests.support.photos import XMP, exif

PICTURE = np.asarray(picture(302, 204))


def a_patch(planes: PhotoPlanes) -> list[Plane]:
    changed = [plane.copy() for plane in planes.planes]
    changed[0][10:20, 10:20] = 30 << (planes.bit_depth - 8)
    return changed


def run(tmp_path: Path, spec: HeifSpec) -> tuple[Any, bytes, bytes]:
    source, target = tmp_path / "a.heic", tmp_path / "b.heic"
    source.write_bytes(build_heif(PICTURE, spec))
    return process_photo(source, target, filter=a_patch), source.read_bytes(), target.read_bytes()


def packets(data: bytes, tmp_path: Path) -> list[bytes]:
    """Return the coded pictures as FFmpeg's own reader of HEIF finds them."""
    path = tmp_path / "look.heic"
    path.write_bytes(data)
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


@pytest.mark.parametrize("with_base", [False, True])
def test_tiles_without_a_change_stay_bit_for_bit(tmp_path: Path, with_base: bool) -> None:
    report, was, now = run(tmp_path, HeifSpec(columns=3, rows=2, with_base=with_base, exif=exif()))
    assert (report.rewritten, report.rewritten_of, report.rewritten_unit) == (1, 6, "tiles")
    before, after = packets(was, tmp_path), packets(now, tmp_path)
    assert len(before) == len(after) == 6
    assert [a == b for a, b in zip(before, after, strict=True)] == [False] + [True] * 5


@pytest.mark.parametrize("spec", [HeifSpec(), HeifSpec(pix_fmt="yuv420p10le"), HeifSpec(pix_fmt="yuv444p")])
def test_another_reader_sees_the_change_and_nothing_else(tmp_path: Path, spec: HeifSpec) -> None:
    run(tmp_path, spec)
    frames = []
    for name in ("a.heic", "b.heic"):
        with av.open(tmp_path / name) as container:
            frames.append(next(container.decode(video=0)))
    with open_photo(tmp_path / "a.heic") as photo:
        planes = photo.planes
        assert (frames[0].format.name, frames[1].format.name) == (spec.pix_fmt, spec.pix_fmt)
        wanted = a_patch(planes)
    depth = frames[1].format.components[0].bits
    luma = np.frombuffer(frames[1].planes[0], np.uint16 if depth > 8 else np.uint8)  # type: ignore[call-overload]
    luma = luma.reshape(frames[1].height, -1)[:, : frames[1].width]
    error = (luma.astype(float) - wanted[0]) / (1 << (depth - 8))
    assert 10 * np.log10(255**2 / (error**2).mean()) > 46
    assert abs(error[11:19, 11:19]).max() < 24


@pytest.mark.parametrize("kind", [b"hvc1", b"av01"])
def test_every_tile_stands_for_itself(tmp_path: Path, kind: bytes) -> None:
    source, target = tmp_path / "a.heic", tmp_path / "b.heic"
    brand = {b"hvc1": b"heic", b"av01": b"avif"}[kind]
    source.write_bytes(build_heif(PICTURE, HeifSpec(kind=kind, brand=brand, columns=3, rows=2)))

    def lighter(planes: PhotoPlanes) -> list[Plane]:
        return [np.minimum(planes.planes[0], 245) + np.uint8(10), *planes.planes[1:]]

    for number in range(4):
        report = process_photo(source, target, filter=lighter, overwrite=True)
        assert (report.rewritten, report.rewritten_of) == (6, 6), number
    with open_photo(source) as one, open_photo(target) as other:
        error = lighter(one.planes)[0].astype(float) - other.planes.planes[0]
    assert 10 * np.log10(255**2 / (error**2).mean()) > 42


@pytest.mark.parametrize(("turns", "orientation"), [(0, 1), (1, 8), (2, 3), (3, 6)])
def test_the_turn_is_that_of_the_file_and_not_that_of_exif(tmp_path: Path, turns: int, orientation: int) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(build_heif(PICTURE, HeifSpec(turns=turns, exif=exif(2), xmp=XMP)))
    with open_photo(path) as photo:
        assert photo.info.orientation == orientation
        assert (photo.info.camera_model, photo.info.has_exif, photo.info.has_xmp) == ("Rocket 3", True, True)


def test_the_colours_that_the_file_names_rule(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(build_heif(PICTURE, HeifSpec(nclx=(12, 13, 6, 1))))
    with open_photo(path) as photo:
        assert photo.info.color == ColorTags(2, 12, 13, 6)


def test_a_second_run_adds_no_second_configuration(tmp_path: Path) -> None:
    _, _, once = run(tmp_path, HeifSpec(columns=2, rows=2))
    (tmp_path / "c.heic").write_bytes(once)

    def another(planes: PhotoPlanes) -> list[Plane]:
        changed = [plane.copy() for plane in planes.planes]
        changed[0][100:110, 200:210] = 200
        return changed

    process_photo(tmp_path / "c.heic", tmp_path / "d.heic", filter=another)
    twice = (tmp_path / "d.heic").read_bytes()
    assert once.count(b"hvcC") == twice.count(b"hvcC") == 2


def test_a_burst_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(build_heif(PICTURE, HeifSpec(trailer=struct.pack(">I4s", 16, b"moov") + bytes(8))))
    with pytest.raises(InputError, match="sequence of pictures"):
        open_photo(path)


def test_an_overlay_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(build_heif(PICTURE, HeifSpec(columns=2, rows=2)).replace(b"\0\0grid", b"\0\0iovl"))
    with pytest.raises(InputError, match="'iovl'"):
        open_photo(path)


def test_items_keep_their_bytes_when_others_grow_or_shrink() -> None:
    data = build_heif(PICTURE, HeifSpec(columns=2, rows=2, exif=exif(), xmp=XMP, trailer=b"SEFH trailer"))
    file = read_items(data)
    for content in (b"x" * 90_000, b"y"):
        made = exchange_items(file, {2: NewItem(content, b"config")}, b"hvcC")
        again = read_items(made)
        assert again.content(again.items[2]) == content
        assert dict(again.properties_of(again.items[2]))[b"hvcC"] == b"config"
        assert made.endswith(b"SEFH trailer")
        for number, item in file.items.items():
            if number != 2:
                assert again.content(again.items[number]) == file.content(item)
                assert list(again.properties_of(again.items[number])) == list(file.properties_of(item))
        at = 0
        for box in again.top:
            assert box.offset == at
            at = box.end


def test_bytes_that_are_not_in_the_file_are_not_exchanged() -> None:
    file = read_items(build_heif(PICTURE, HeifSpec(columns=2, rows=2)))
    with pytest.raises(BoxError, match="no place of their own"):
        exchange_items(file, {file.primary: NewItem(b"x", b"y")}, b"hvcC")


def _with_place_of(data: bytes, target: int, source: int, size: int | None = None) -> bytes:
    """Let one item lie where another does."""
    file, made = read_items(data), bytearray(data)
    one, other = file.items[target].location, file.items[source].location
    one.offsets[0].write(made, other.offsets[0].value, file.iloc)
    one.sizes[0].write(made, other.sizes[0].value if size is None else size, file.iloc)
    return bytes(made)


@pytest.mark.parametrize("more", [0, 1])
def test_pictures_in_the_same_bytes_are_not_exchanged_both(more: int) -> None:
    data = build_heif(PICTURE, HeifSpec(columns=2, rows=2))
    size = read_items(data).items[1].location.sizes[0].value
    file = read_items(_with_place_of(data, 2, 1, size + more))
    with pytest.raises(BoxError, match="share their bytes"):
        exchange_items(file, {n: NewItem(b"new" * n, b"y") for n in (1, 2)}, b"hvcC")


def test_an_item_whose_size_is_not_said_is_not_exchanged() -> None:
    file = read_items(_with_place_of(build_heif(PICTURE, HeifSpec(columns=2, rows=2)), 2, 2, 0))
    with pytest.raises(BoxError, match="not said"):
        exchange_items(file, {2: NewItem(b"new", b"y")}, b"hvcC")


def test_a_photo_whose_tiles_share_their_bytes_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    source, target = tmp_path / "a.heic", tmp_path / "b.heic"
    source.write_bytes(_with_place_of(build_heif(np.full_like(PICTURE, 90), HeifSpec(columns=2, rows=2)), 2, 1))

    def lighter(planes: PhotoPlanes) -> list[Plane]:
        return [planes.planes[0] + np.uint8(10), *planes.planes[1:]]

    with pytest.raises(InputError, match="share their bytes"):
        process_photo(source, target, filter=lighter)
    assert not target.exists()
