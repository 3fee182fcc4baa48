from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mediarescue import open_photo, process_photo
from mediarescue.errors import InputError, VerificationError
from mediarescue.media.planes import Plane
from mediarescue.media.stills.ifd import IfdReader, bytes_reader
from mediarescue.media.stills.still import PhotoPlanes, Written
from mediarescue.media.stills.tiff import TiffStill
from mediarescue.media.stills.tiff_room import claims
from mediarescue.media_reports import PhotoReport
from tests.support.photos import deep_samples
from tests.support.tiffs import TiffSpec, TiffWriter, tiff

SAMPLES = (deep_samples(3) >> 8).astype(np.uint8)


def a_line(planes: PhotoPlanes) -> list[Plane]:
    changed = [plane.copy() for plane in planes.planes]
    changed[0][30, 5:9] ^= 0x40
    return changed


def noise(planes: PhotoPlanes) -> list[Plane]:
    rng = np.random.default_rng(8)
    return [rng.integers(0, 256, plane.shape, dtype=np.uint8) for plane in planes.planes]


def zeros(planes: PhotoPlanes) -> list[Plane]:
    return [np.zeros_like(plane) for plane in planes.planes]


def places(data: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return offsets and sizes of the strips."""
    with Image.open(io.BytesIO(data)) as image:
        tags = image.tag_v2  # type: ignore[attr-defined]
        return tags[273], tags[279]


def with_strips_last(data: bytes) -> bytes:
    """Move the strips behind the directories, as Photoshop has them."""
    offsets, sizes = places(data)
    moved = bytearray(data)
    at = data.index(struct.pack(f"<{len(offsets)}I", *offsets))
    for number, (offset, size) in enumerate(zip(offsets, sizes, strict=True)):
        struct.pack_into("<I", moved, at + 4 * number, len(moved))
        moved += data[offset : offset + size]
    return bytes(moved)


def run(tmp_path: Path, data: bytes, change: Any = a_line) -> tuple[PhotoReport, bytes]:
    source, target = tmp_path / "a.tif", tmp_path / "b.tif"
    source.write_bytes(data)
    report = process_photo(source, target, filter=change, overwrite=True)
    with open_photo(source) as one, open_photo(target) as other:
        wanted = change(one.planes)
        assert all(np.array_equal(a, b) for a, b in zip(wanted, other.planes.planes, strict=True))
    return report, target.read_bytes()


def test_only_the_strip_with_the_change_is_written_anew(tmp_path: Path) -> None:
    data = tiff(SAMPLES, TiffSpec())
    report, made = run(tmp_path, data)
    assert (report.rewritten, report.rewritten_of, report.rewritten_unit) == (1, 9, "strips")
    assert [i for i, (a, b) in enumerate(zip(data, made, strict=True)) if a != b] == [
        8 + 30 * 84 * 3 + 3 * x for x in range(5, 9)
    ]


def test_larger_strips_go_to_the_end_and_nothing_else_moves(tmp_path: Path) -> None:
    flat = SAMPLES.copy()
    flat[:, :, 0] = 7
    data = tiff(flat, TiffSpec(compression=8))
    report, made = run(tmp_path, data, lambda planes: [noise(planes)[0], *planes.planes[1:]])
    assert report.rewritten == 9
    assert len(made) > len(data)
    offsets, sizes = places(data)
    strips = max(offset + size for offset, size in zip(offsets, sizes, strict=True))
    lists = [data.index(struct.pack("<9I", *numbers)) for numbers in (offsets, sizes)]
    for at in range(strips, len(data)):
        assert data[at] == made[at] or any(place <= at < place + 36 for place in lists)


def test_strips_that_become_smaller_share_the_room_they_leave(tmp_path: Path) -> None:
    data = tiff(SAMPLES, TiffSpec(compression=8))
    _, made = run(tmp_path, data, zeros)
    assert len(made) == len(data)


def test_a_picture_at_the_end_of_the_file_leaves_no_dead_bytes(tmp_path: Path) -> None:
    data = with_strips_last(tiff(SAMPLES, TiffSpec(compression=8)))
    _, larger = run(tmp_path, data, noise)
    _, smaller = run(tmp_path, larger, zeros)
    assert len(larger) > len(data) > len(smaller)
    _, again = run(tmp_path, smaller, noise)
    assert len(again) == len(larger)


def test_sizes_that_no_longer_fit_16_bits_get_a_wider_field(tmp_path: Path) -> None:
    flat = np.zeros((200, 300, 3), np.uint8)
    data = tiff(flat, TiffSpec(compression=8, short_numbers=True, rows_per_strip=200))
    run(tmp_path, data, noise)
    several = tiff(flat, TiffSpec(compression=8, short_numbers=True, rows_per_strip=20))
    run(tmp_path, several, noise)


def test_strips_that_share_their_bytes_are_parted(tmp_path: Path) -> None:
    data = bytearray(tiff(np.full((62, 84, 3), 5, np.uint8), TiffSpec(compression=8)))
    offsets, sizes = places(bytes(data))
    packed, shared = (struct.pack("<9I", *numbers) for numbers in (offsets, [offsets[0]] * 8 + [offsets[8]]))
    assert len(set(sizes[:8])) == 1
    at = data.index(packed)
    data[at : at + 36] = shared
    run(tmp_path, bytes(data))


@pytest.mark.parametrize("tile", [None, (32, 16)])
def test_sizes_that_are_left_out_follow_from_the_picture(tmp_path: Path, tile: tuple[int, int] | None) -> None:
    report, _ = run(tmp_path, tiff(SAMPLES, TiffSpec(tile=tile, without=(279, 325, 339))))
    assert report.rewritten == 1


def test_further_pages_stay_and_are_told(tmp_path: Path) -> None:
    report, made = run(tmp_path, tiff(SAMPLES, TiffSpec(compression=8), pages=3))
    assert "of its 3 pictures" in report.notes[0]
    with Image.open(io.BytesIO(made)) as image:
        image.seek(2)
        assert np.array_equal(np.asarray(image).ravel(), np.arange(64))


def test_a_component_that_is_no_plane_of_ours_stays(tmp_path: Path) -> None:
    samples = (deep_samples(4) >> 8).astype(np.uint8)
    data = tiff(samples, TiffSpec(extra_samples=(0,), compression=8))
    source, target = tmp_path / "a.tif", tmp_path / "b.tif"
    source.write_bytes(data)
    process_photo(source, target, filter=noise)
    with open_photo(target) as photo:
        assert photo.info.channels == ("R", "G", "B")
    made = target.read_bytes()
    strips = b"".join(zlib.decompress(made[at : at + size]) for at, size in zip(*places(made), strict=True))
    assert np.array_equal(np.frombuffer(strips, np.uint8).reshape(samples.shape)[:, :, 3], samples[:, :, 3])


@pytest.mark.parametrize(
    ("spec", "kind", "words"),
    [
        (TiffSpec(sample_format=3), np.float32, "floating-point"),
        (TiffSpec(photometric=8), np.uint8, r"CIE L\*a\*b\*"),
        (TiffSpec(compression=7), np.uint8, "JPEG"),
        (TiffSpec(), np.uint32, "32 bits a sample"),
        (TiffSpec(photometric=32803), np.uint16, "camera's raw file"),
        (TiffSpec(compression=34713), np.uint16, "Nikon NEF"),
        (TiffSpec(fields=((50706, 1, b"\1\4\0\0"),)), np.uint8, "DNG"),
        (TiffSpec(predictor=3), np.uint8, "predictor 3"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_not_worked_on_is_said(tmp_path: Path, spec: TiffSpec, kind: type[Any], words: str) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(SAMPLES.astype(kind), spec))
    with pytest.raises(InputError, match=words):
        open_photo(path)


def test_a_raw_file_is_known_by_its_sub_directories(tmp_path: Path) -> None:
    writer = TiffWriter(TiffSpec())
    raw = writer.directory([(256, 3, [4000]), (257, 3, [3000]), (259, 3, [32767]), (262, 3, [32803])])
    preview = writer.put(bytes(192))
    first = writer.directory(
        [(254, 4, [1]), (256, 3, [8]), (257, 3, [8]), (258, 3, [8, 8, 8]), (259, 3, [1]), (262, 3, [2]),
         (273, 4, [preview]), (277, 3, [3]), (278, 3, [8]), (279, 4, [192]), (330, 4, [raw])]
    )  # fmt: skip
    path = tmp_path / "DSC00001.tif"
    path.write_bytes(writer.finish(first))
    with pytest.raises(InputError, match=r"raw file \(Sony ARW\)"):
        open_photo(path)


def test_a_directory_in_a_circle_comes_to_an_end(tmp_path: Path) -> None:
    data = bytearray(tiff(SAMPLES, TiffSpec()))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    report, _ = run(tmp_path, bytes(data))
    assert not report.notes


def test_a_strip_outside_the_file_says_how_much_is_in_front_of_it(tmp_path: Path) -> None:
    whole = with_strips_last(tiff(SAMPLES, TiffSpec(compression=8)))
    path = tmp_path / "a.tif"
    path.write_bytes(whole[: -len(whole) // 4])
    with open_photo(path) as photo, pytest.raises(InputError, match=r"ends outside the file\); [3-6]\d % of the"):
        _ = photo.planes


GREY: list[tuple[int, int, Any]] = [(256, 3, [8]), (257, 3, [8]), (258, 3, [8]), (259, 3, [1]), (262, 3, [1])]


def _two_directories(*, sub: bool, shift: int = 0) -> bytes:
    """Return a TIFF whose second directory, the next one or a SubIFD, has its strip in those of the first."""
    writer = TiffWriter(TiffSpec())
    strip = writer.put(bytes(range(128)))
    strips: list[tuple[int, int, Any]] = [(277, 3, [1]), (278, 3, [8]), (279, 4, [64])]
    other = writer.directory([*GREY, (273, 4, [strip + shift]), *strips])
    first = [*GREY, (273, 4, [strip]), *strips, *([(330, 4, [other])] if sub else [])]
    return writer.finish(writer.directory(first, 0 if sub else other))


@pytest.mark.parametrize("shift", [0, 63])
@pytest.mark.parametrize("sub", [False, True])
def test_strips_that_another_picture_has_too_stay_for_it(tmp_path: Path, sub: bool, shift: int) -> None:
    data = _two_directories(sub=sub, shift=shift)
    report, made = run(tmp_path, data, noise)
    assert report.rewritten == 1
    assert made[8:136] == data[8:136] == bytes(range(128))
    with Image.open(io.BytesIO(made)) as image:
        assert image.tag_v2[273] == (len(data),)  # type: ignore[attr-defined]


def test_the_check_notices_where_the_strips_of_another_picture_were_written_over(tmp_path: Path) -> None:
    data = _two_directories(sub=False)
    source, target = tmp_path / "a.tif", tmp_path / "b.tif"
    source.write_bytes(data)
    target.write_bytes(data[:8] + bytes(64) + data[72:])
    still = TiffStill(source)
    black = (np.zeros((8, 8), np.uint8),)
    with pytest.raises(VerificationError, match="bytes from 0 on"):
        still.verify(target, Written(black, 1, 1, "strips", ()))
    still.close()


def test_a_strip_that_is_said_to_reach_into_its_directory_leaves_that_alone(tmp_path: Path) -> None:
    writer = TiffWriter(TiffSpec())
    strip = writer.put(bytes(range(64)))
    data = writer.finish(
        writer.directory([*GREY, (273, 4, [strip]), (277, 3, [1]), (278, 3, [8]), (279, 4, [64 + 20])])
    )
    _, made = run(tmp_path, data, noise)
    assert made[72:92] == data[72:92]


def test_a_list_of_sizes_that_two_pictures_have_in_common_stays_for_the_other(tmp_path: Path) -> None:
    writer = TiffWriter(TiffSpec(compression=8))
    packed = [zlib.compress(bytes(range(n, n + 32))) for n in range(0, 128, 32)]
    strips = [writer.put(content) for content in packed]
    sizes = writer.put(struct.pack("<2I", *map(len, packed[:2])))
    grey = [*GREY[:3], (259, 3, [8]), GREY[4], (277, 3, [1]), (278, 3, [4])]

    def directory(own: list[int], following: int) -> int:
        at = writer.directory([*grey, (273, 4, own), (279, 4, [0, 0])], following)
        struct.pack_into("<I", writer.data, at + 2 + 12 * 9 - 4, sizes)
        return at

    assert len({len(content) for content in packed}) == 1
    data = writer.finish(directory(strips[:2], directory(strips[2:], 0)))
    _, made = run(tmp_path, data, zeros)
    with Image.open(io.BytesIO(made)) as image:
        assert not np.asarray(image).any()
        image.seek(1)
        assert np.array_equal(np.asarray(image).ravel(), np.arange(64, 128))


def test_directories_in_each_other_come_to_an_end_and_nothing_is_free(tmp_path: Path) -> None:
    writer = TiffWriter(TiffSpec())
    strip = writer.put(bytes(range(64)))
    # One number again and again: each even place among them begins a directory of 3000 fields.
    at = writer.put(struct.pack("<H", 3000) * 36_000)
    others = list(range(at, at + 36_000, 2))
    strips: list[tuple[int, int, Any]] = [(273, 4, [strip]), (277, 3, [1]), (278, 3, [8]), (279, 4, [64])]
    data = writer.finish(writer.directory([*GREY, *strips, (330, 4, others)]))
    reader = IfdReader(bytes_reader(data))
    assert claims(reader, reader.directory(reader.first), (273, 279)) == [(0, 1 << 62)]
    _, made = run(tmp_path, data, noise)
    assert made[8:72] == data[8:72]
