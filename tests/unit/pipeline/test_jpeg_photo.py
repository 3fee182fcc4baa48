from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mediarescue import open_photo, process_photo
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoPlanes
from tests.support.jpeg_writer import Odd, coefficients, write
from tests.support.jpegs import jpeg, picture
from tests.support.photos import XMP

MOTION = b"\0\0\0\x18ftypmp42 the film of a motion photo"
SEF = b"\0\0\x30\x0aMotionPhoto_Data" + bytes(8) + b"SEFH\1\0\0\0" + struct.pack("<I", 40) + b"SEFT"


def noisy(planes: PhotoPlanes) -> list[Plane]:
    """Make blocks larger than they were."""
    changed = [plane.copy() for plane in planes.planes]
    changed[0][:24, :24] = np.random.default_rng(1).integers(0, 256, (24, 24))
    return changed


def flat(planes: PhotoPlanes) -> list[Plane]:
    """Make blocks smaller than they were."""
    changed = [plane.copy() for plane in planes.planes]
    changed[0][:40, :40] = 77
    return changed


def several_pictures() -> bytes:
    made = io.BytesIO()
    first, *others = (picture(96, 64, seed) for seed in range(3))
    first.save(made, "MPO", save_all=True, append_images=others, quality=85)
    return made.getvalue()


def entries(data: bytes) -> list[tuple[int, int]]:
    """Return place in the file and size of the pictures that the MPF index lists (CIPA DC-007 5.2.3.3)."""
    base = data.index(b"MPF\0") + 4
    order = "<" if data[base : base + 2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, base + 4)
    (count,) = struct.unpack_from(order + "H", data, base + first)
    for number in range(count):
        tag, _, size, place = struct.unpack_from(order + "HHII", data, base + first + 2 + 12 * number)
        if tag == 0xB002:
            rows = [struct.unpack_from(order + "III", data, base + place + 16 * i) for i in range(size // 16)]
            return [(base + offset if offset else 0, length) for _, length, offset in rows]
    raise AssertionError("no index")


@pytest.mark.parametrize("change", [noisy, flat])
def test_the_pictures_behind_the_first_are_found_at_their_new_places(tmp_path: Path, change: object) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(several_pictures() + SEF)
    process_photo(source, target, filter=change)  # type: ignore[arg-type]
    was, now = source.read_bytes(), target.read_bytes()
    assert (len(now) > len(was)) == (change is noisy)
    assert len(entries(now)) == 3
    for (old, old_size), (new, new_size) in zip(entries(was)[1:], entries(now)[1:], strict=True):
        assert new - old == len(now) - len(was)
        assert now[new : new + new_size] == was[old : old + old_size]
        assert now[new : new + 3] == b"\xff\xd8\xff"
    assert entries(now)[0] == (0, entries(was)[0][1] + len(now) - len(was))
    with Image.open(source) as one, Image.open(target) as other:
        for page in (1, 2):
            one.seek(page)
            other.seek(page)
            assert np.array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("change", [noisy, flat])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_preview_that_makers_notes_point_at_is_found_at_its_new_place(
    tmp_path: Path, change: object, order: str
) -> None:
    preview = jpeg(40, 30, seed=4)

    def with_note(offset: int) -> bytes:
        made = Image.Exif()
        made.get_ifd(0x8769)[0x927C] = b"Maker\0" + struct.pack(order + "HHII", 0x2001, 4, 1, offset) + b"\1\2\3"
        return jpeg(96, 64, exif=made.tobytes(), quality=80)

    begin = with_note(0).index(b"Exif\0\0") + 6
    plain = len(with_note(0))
    data = with_note(plain - begin) + preview + MOTION
    assert len(with_note(plain - begin)) == plain
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(data)
    process_photo(source, target, filter=change)  # type: ignore[arg-type]
    now = target.read_bytes()
    assert (len(now) > len(data)) == (change is noisy)
    note = now.index(b"Maker\0")
    (offset,) = struct.unpack_from(order + "I", now, note + 14)
    assert now[begin + offset :] == preview + MOTION
    assert now[:note] == data[:note]


def test_trailers_and_extended_xmp_stay_byte_for_byte(tmp_path: Path) -> None:
    plain = jpeg(96, 64, xmp=XMP)
    extended = b"http://ns.adobe.com/xmp/extension/\0" + b"5" * 32 + struct.pack(">II", 400, 0) + b"e" * 200
    segments = b"".join(
        struct.pack(">BBH", 0xFF, 0xE1, len(extended) + 2) + part
        for part in (extended, extended[:71] + struct.pack(">I", 200) + b"f" * 200)
    )
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(plain[:2] + segments + plain[2:] + MOTION + SEF)
    process_photo(source, target, filter=flat)
    now = target.read_bytes()
    assert now.endswith(MOTION + SEF)
    assert now[: len(segments) + 2] == plain[:2] + segments
    with open_photo(target) as photo:
        assert photo.info.has_xmp


def test_components_of_which_nobody_knows_what_they_are_have_numbers_for_names(tmp_path: Path) -> None:
    odd = Odd(size=(96, 64), sampling=((1, 1), (1, 1)), identifiers=(1, 34))
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(write(odd, coefficients(odd, 1)))
    process_photo(source, target, filter=flat)
    with open_photo(source) as before, open_photo(target) as after:
        assert before.info.channels == ("1", "34")
        assert before.info.color.matrix == 2  # H.273: unspecified
        (was, other), (now, kept) = before.planes.planes, after.planes.planes
    assert np.array_equal(kept, other)
    assert np.array_equal(now[40:], was[40:])
    assert abs(now[:40, :40].astype(int) - 77).mean() < abs(was[:40, :40].astype(int) - 77).mean()


def test_changes_finer_than_the_quantisation_leave_the_file(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(jpeg(96, 64, quality=5))

    def faint(planes: PhotoPlanes) -> list[Plane]:
        changed = [plane.copy() for plane in planes.planes]
        changed[0][20, 20] ^= 1
        return changed

    report = process_photo(source, target, filter=faint)
    assert target.read_bytes() == source.read_bytes()
    assert not report.changed
    assert "finer" in report.notes[0]
