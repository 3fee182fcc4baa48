from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mediarescue import open_photo, process_photo
from mediarescue.errors import InputError, OutputError
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoPlanes
from mediarescue.pipeline.photo_formats import FORMATS
from tests.support.photos import SAMPLES, Sample

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")

ROWS, COLUMNS = slice(20, 23), slice(33, 38)


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda sample: sample.name)
def sample(request: pytest.FixtureRequest) -> Sample:
    made: Sample = request.param
    return made


@pytest.fixture(scope="module")
def photo(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = sample.write(tmp_path_factory.mktemp(sample.name))
    before = path.read_bytes()
    os.utime(path, ns=(10**18, 10**18))
    yield path
    assert path.read_bytes() == before


def a_few_pixels(planes: PhotoPlanes) -> list[Plane]:
    """Change a small patch of each plane by a step that no quantisation swallows."""
    changed = [plane.copy() for plane in planes.planes]
    for plane in changed:
        step = 40 << (planes.bit_depth - 8)
        part: NDArray[Any] = plane[ROWS, COLUMNS]
        part[:] = np.where(part > step, part - step, part + step)
    return changed


def test_every_format_has_a_sample() -> None:
    assert {sample.format for sample in SAMPLES} == {name for name, _ in FORMATS} | {"AVIF"}


def test_what_a_filter_changes_is_all_that_changes(sample: Sample, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / photo.name
    report = process_photo(photo, target, filter=a_few_pixels)
    assert report.changed
    assert report.changed_pixels == 15
    assert 0 < report.rewritten <= report.rewritten_of
    with open_photo(photo) as source, open_photo(target) as made:
        wanted = a_few_pixels(source.planes)
        for was, now, want in zip(source.planes.planes, made.planes.planes, wanted, strict=True):
            if sample.lossless:
                assert np.array_equal(now, want)
            elif sample.format == "JPEG":
                untouched = np.ones(was.shape, bool)
                untouched[16:24, 32:40] = False
                assert np.array_equal(now[untouched], was[untouched])
                assert not np.array_equal(now, was)
            else:
                error = now.astype(float) - want
                assert np.sqrt((error**2).mean()) < 3 << (source.info.bit_depth - 8)
    assert target.stat().st_mtime_ns == 10**18


def test_everything_but_the_picture_is_kept_byte_for_byte(sample: Sample, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / photo.name
    process_photo(photo, target, filter=a_few_pixels)
    assert OTHERS[sample.format](target.read_bytes()) == OTHERS[sample.format](photo.read_bytes())


def test_another_reader_finds_the_same_metadata(sample: Sample, photo: Path, tmp_path: Path) -> None:
    if sample.format == "HEIC":
        pytest.skip("Pillow reads no HEIC")
    target = tmp_path / photo.name
    process_photo(photo, target, filter=a_few_pixels)
    with Image.open(photo) as was, Image.open(target) as now:
        assert (now.mode, now.size, now.format) == (was.mode, was.size, was.format)
        kept = {"exif", "icc_profile", "xmp", "dpi", "Author", "gamma", "photoshop", "XML:com.adobe.xmp"}
        assert {k: v for k, v in now.info.items() if k in kept} == {k: v for k, v in was.info.items() if k in kept}
        places = {273, 279, 324, 325}
        described = [{t: v for t, v in i.getexif().items() if t not in places} for i in (was, now)]
        assert described[0] == described[1]
        assert bool(described[0]) or not sample.described
        for directory in (0x8769, 0x8825):
            assert now.getexif().get_ifd(directory) == was.getexif().get_ifd(directory)


def test_the_planes_are_what_another_reader_decodes(sample: Sample, photo: Path) -> None:
    if sample.format in ("HEIC", "AVIF", "JPEG") or not sample.lossless:
        pytest.skip("the planes are not R, G, B")
    with open_photo(photo) as source:
        planes = source.planes
        orientation, order = source.info.orientation, source.info.channels
    with Image.open(photo) as picture:
        if planes.bit_depth == 16 and picture.mode != "I;16":
            pytest.skip("Pillow has no 16 bits of several channels")
        pixels = np.asarray(picture)
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    assert len(order) == pixels.shape[2]
    for number, plane in enumerate(planes.planes):
        turned = plane.T[:, ::-1] if sample.format == "TIFF" and orientation == 6 else plane  # as Pillow shows TIFF
        assert np.array_equal(turned, pixels[:, :, number])


def test_without_a_change_the_file_is_copied(photo: Path, tmp_path: Path) -> None:
    for number, nothing in enumerate((None, lambda _: None, lambda planes: planes.planes, _copies)):
        target = tmp_path / f"{number}{photo.suffix}"
        report = process_photo(photo, target, filter=nothing)
        assert not report.changed
        assert "byte for byte" in report.notes[0]
        assert target.read_bytes() == photo.read_bytes()
        assert target.stat().st_mtime_ns == 10**18


def _copies(planes: PhotoPlanes) -> list[Plane]:
    return [plane.copy() for plane in planes.planes]


def test_the_facts_are_read(sample: Sample, photo: Path) -> None:
    with open_photo(photo) as source:
        info = source.info
        assert info.format == sample.format
        planes = source.planes.planes
        assert planes[0].shape == (info.height, info.width)
        assert len(planes) == len(info.channels)
        assert all(not plane.flags.writeable for plane in planes)
        assert planes[0].dtype == (np.uint8 if info.bit_depth == 8 else np.uint16)
        if sample.described and sample.format not in ("HEIC", "AVIF"):
            assert (info.camera_make, info.camera_model, info.orientation) == ("Acme", "Rocket 3", 6)
            assert info.has_exif


def test_a_dry_run_writes_nothing(photo: Path, tmp_path: Path) -> None:
    report = process_photo(photo, tmp_path / photo.name, filter=a_few_pixels, dry_run=True)
    assert (report.output, report.changed, report.dry_run) == (None, True, True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.995])
def test_a_cut_file_is_refused_or_whole(sample: Sample, photo: Path, tmp_path: Path, part: float) -> None:
    cut = tmp_path / f"cut{photo.suffix}"
    data = photo.read_bytes()
    cut.write_bytes(data[: int(part * len(data))])
    refusal = _refusal(cut, tmp_path / f"out{photo.suffix}")
    if refusal is not None:
        assert str(cut) in refusal
        assert "\n" not in refusal
        assert list(tmp_path.iterdir()) == [cut]
    else:
        # Only what stands behind the picture may be missing, or metadata that nothing points at.
        with open_photo(cut) as one, open_photo(photo) as other:
            assert all(np.array_equal(a, b) for a, b in zip(one.planes.planes, other.planes.planes, strict=True))


def test_damage_anywhere_is_answered_in_one_sentence(sample: Sample, photo: Path, tmp_path: Path) -> None:
    data = photo.read_bytes()
    rng = np.random.default_rng(5)
    for number in range(12):
        broken = bytearray(data)
        for at in rng.integers(12, min(len(data), 4000), 3):
            broken[at] = int(rng.integers(0, 256))
        path = tmp_path / f"{number}{photo.suffix}"
        path.write_bytes(broken)
        assert "\n" not in (_refusal(path, tmp_path / f"out-{number}{photo.suffix}") or "")


def _refusal(source: Path, target: Path) -> str | None:
    """Return the sentence with which a photo is refused; any other error is none of ours."""
    try:
        with open_photo(source) as photo:
            planes = photo.planes
            fits = all(plane.shape[0] > 8 and plane.shape[1] > 8 for plane in planes.planes)
            photo.write(target, filter=a_few_pixels if fits else None)
    except (InputError, OutputError) as error:
        return str(error)
    return None


def _png_others(data: bytes) -> list[bytes]:
    at, kept = 8, []
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind != b"IDAT":
            kept.append(data[at : at + 12 + size])
        elif not kept or kept[-1] != b"picture":
            kept.append(b"picture")
        at += 12 + size
    return kept


def _webp_others(data: bytes) -> list[bytes]:
    at, kept = 12, []
    while at < len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        kept.append(kind if kind in (b"VP8 ", b"VP8L", b"ALPH") else data[at : at + 8 + size])
        at += 8 + size + size % 2
    return kept


def _jpeg_others(data: bytes) -> list[bytes]:
    at, kept = 2, []
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != 0xC4:
            kept.append(data[at:end])
        at = end
    return [*kept, data[data.rindex(b"\xff\xd9") :]]


def _tiff_others(data: bytes) -> list[object]:
    """Everything of every page that another reader knows, but where strips and tiles are."""
    kept: list[object] = []
    with Image.open(io.BytesIO(data)) as pages:
        for page in range(getattr(pages, "n_frames", 1)):
            pages.seek(page)
            tags = {t: v for t, v in pages.tag_v2.items() if t not in (273, 279, 324, 325)}  # type: ignore[attr-defined]
            kept += [tags, pages.getexif().get_ifd(0x8769), np.asarray(pages).tolist() if page else None]
    return kept


def _heif_others(data: bytes) -> list[bytes]:
    """The boxes of meta but those that say where things are, and what stands behind the boxes."""
    at, kept = 0, []
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            break
        if kind == b"meta":
            inner = at + 12
            while inner < at + size:
                length, name = struct.unpack_from(">I4s", data, inner)
                if name not in (b"iloc", b"iprp"):
                    kept.append(data[inner : inner + length])
                inner += length
        elif kind != b"mdat":
            kept.append(data[at : at + size])
        at += size
    return [*kept, data[at:]]


OTHERS: dict[str, Any] = {
    "PNG": _png_others,
    "WebP": _webp_others,
    "JPEG": _jpeg_others,
    "TIFF": _tiff_others,
    "HEIC": _heif_others,
    "AVIF": _heif_others,
}
