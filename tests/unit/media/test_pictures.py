"""Pictures of frames as files: exact, with pixel aspect and HDR tags where the format has them."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mediarescue.errors import InputError
from mediarescue.media.display_matrix import matrix_orientation
from mediarescue.media.orientation import upright
from mediarescue.media.picture_changes import differing, like
from mediarescue.media.pictures import (
    PictureCoding,
    decode_picture,
    encode_picture,
    has_own_profile,
    picture_size,
)

NOISE = np.random.default_rng(4).integers(0, 65536, (20, 30, 3)).astype(np.uint16)
SMALL = (NOISE >> 8).astype(np.uint8)


def chunks(png: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        found.setdefault(kind, png[at + 8 : at + 8 + size])
        at += 12 + size
    return found


@pytest.mark.parametrize("compression", [0, 1, 6])
@pytest.mark.parametrize("picture", [SMALL, NOISE, SMALL[..., 0], NOISE[..., 0]], ids=["8", "16", "grey 8", "grey 16"])
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_no_number_is_lost(format: str, picture: np.ndarray, compression: int) -> None:
    data = encode_picture(picture, PictureCoding(format=format, compression=compression, aspect=Fraction(64, 45)))
    back = decode_picture(data, Path("x"))
    assert back.dtype == picture.dtype
    assert np.array_equal(back, picture)


def test_other_programs_see_the_same_colours() -> None:
    for format in ("png", "tiff"):
        with Image.open(io.BytesIO(encode_picture(SMALL, PictureCoding(format=format)))) as seen:
            assert np.array_equal(np.asarray(seen), SMALL[..., ::-1])


def test_wide_pixels_are_fewer_across() -> None:
    coding = PictureCoding(aspect=Fraction(64, 45))
    assert chunks(encode_picture(SMALL, coding))[b"pHYs"] == struct.pack(">IIB", 45, 64, 0)
    jpeg = encode_picture(SMALL, PictureCoding(format="jpeg", aspect=Fraction(64, 45)))
    assert jpeg[6:18] == b"JFIF\0\1\1\0" + struct.pack(">HH", 45, 64)
    assert decode_picture(jpeg, Path("x")).shape == SMALL.shape
    with Image.open(io.BytesIO(encode_picture(SMALL, PictureCoding(format="tiff", aspect=Fraction(64, 45))))) as tiff:
        assert (tiff.tag_v2[282], tiff.tag_v2[283], tiff.tag_v2[296]) == (45, 64, 1)  # type: ignore[attr-defined]


def test_hdr_is_said_in_a_cicp_chunk() -> None:
    png = encode_picture(NOISE, PictureCoding(cicp=(9, 16)))
    assert chunks(png)[b"cICP"] == bytes((9, 16, 0, 1))
    assert list(chunks(png)).index(b"cICP") < list(chunks(png)).index(b"IDAT")
    assert not has_own_profile(png)
    with Image.open(io.BytesIO(encode_picture(SMALL, PictureCoding()))) as picture:
        saved = io.BytesIO()
        picture.save(saved, "png", icc_profile=b"a profile")
    assert has_own_profile(saved.getvalue())


@pytest.mark.parametrize("format", ["png", "jpeg", "tiff"])
@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.95])
def test_a_cut_picture_is_no_picture(format: str, part: float) -> None:
    data = encode_picture(SMALL, PictureCoding(format=format))
    with pytest.raises(InputError, match="x cannot be read as a picture"):
        decode_picture(data[: int(len(data) * part)], Path("x"))


def test_numbers_with_fractions_are_refused() -> None:
    import cv2

    data = cv2.imencode(".tiff", np.zeros((4, 4, 3), np.float32))[1].tobytes()
    with pytest.raises(InputError, match="8 or 16 bits"):
        decode_picture(data, Path("x"))


def test_the_size_comes_from_the_head(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encode_picture(NOISE, PictureCoding())[:200])
    assert picture_size(path) == (30, 20)
    path.write_bytes(b"text")
    with pytest.raises(InputError, match="cannot be read as a picture"):
        picture_size(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_display_matrices_turn_as_exif_does(orientation: int) -> None:
    """Where a pixel right of the origin, and one below it, go: a, b and c, d of the matrix."""
    seen = upright(np.arange(12).reshape(3, 4), orientation)
    at = {int(value): np.array((x, y)) for (y, x), value in np.ndenumerate(seen)}
    (a, b), (c, d) = at[1] - at[0], at[4] - at[0]
    assert (
        matrix_orientation(struct.pack("=9i", *(int(v) << 16 for v in (a, b, 0, c, d, 0, 0, 0, 16384)))) == orientation
    )


def test_a_slanted_matrix_has_no_orientation() -> None:
    assert matrix_orientation(struct.pack("=9i", 46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)) is None


def test_alpha_and_grey_are_met() -> None:
    notes: set[str] = set()
    opaque = np.dstack([SMALL, np.full((20, 30), 255, np.uint8)])
    assert np.array_equal(like(opaque, SMALL, notes), SMALL)
    assert not notes
    opaque[3, 3, 3] = 100
    assert np.array_equal(like(opaque, SMALL, notes), SMALL)
    assert np.array_equal(like(SMALL[..., 0], SMALL, notes)[..., 2], SMALL[..., 0])
    assert len(notes) == 2
    assert like(SMALL, SMALL[..., 0], notes).ndim == 2
    assert len(notes) == 3


def test_two_depths_are_compared_as_rounding_leaves_them() -> None:
    notes: set[str] = set()
    for fewer in (NOISE // 256, (NOISE + 128.0) // 257):
        assert not differing(np.asarray(fewer, np.uint8), NOISE, 0, notes).any()
    assert len(notes) == 1
    for factor in (256, 257):
        assert not differing(np.asarray(SMALL * np.uint16(factor), np.uint16), SMALL, 0, notes).any()
    other = SMALL.copy()
    other[4, 5, 1] ^= 64
    assert np.argwhere(differing(other, NOISE, 0, notes)).tolist() == [[4, 5]]


def test_a_tolerance_lets_small_differences_pass() -> None:
    other = SMALL.copy()
    other[0, 0, 0] = SMALL[0, 0, 0] ^ 4
    assert differing(other, SMALL, 3, set()).sum() == 1
    assert differing(other, SMALL, 4, set()).sum() == 0
