"""JPEG 2000 and PNG images, read to their exact size."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.images import JPEG_2000, PNG, Image, ImageFormat, ImageSyntax, SampleLayout, learn_layout
from tests.support.codecs._pictures import encoded_pictures
from tests.support.codecs.stills import jpeg_2000_fields


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def codestreams(count: int = 1, **options: str) -> list[bytes]:
    return encoded_pictures("jpeg2000", count, seed=1, options={"format": "j2k", **options})


def with_open_length(codestream: bytes) -> bytes:
    """Return a codestream whose tile-part does not tell its length (Psot 0, ISO/IEC 15444-1 A.4.2)."""
    at = codestream.find(b"\xff\x90\0\x0a")
    comment = b"\xff\x64\0\x0a\0\1\xff\xd9\xff\xd9ab"
    opened = codestream[: at + 6] + bytes(4) + codestream[at + 10 : at + 12] + comment + codestream[at + 12 :]
    assert codestream.count(b"\xff\x90\0\x0a") == 1
    return opened


ONE = codestreams()[0]
FORMS = [
    (JPEG_2000, ONE),
    (JPEG_2000, codestreams(tile_width="64", tile_height="64")[0]),
    (JPEG_2000, with_open_length(ONE)),
    (JPEG_2000, encoded_pictures("jpeg2000", 1, seed=1)[0]),
    (JPEG_2000, struct.pack(">I4s", 8 + len(ONE), b"jp2c") + ONE),
    (JPEG_2000, struct.pack(">I4s", 0, b"jp2c") + ONE),
    (JPEG_2000, struct.pack(">I4sQ", 1, b"jp2c", 16 + len(ONE)) + ONE),
    (PNG, encoded_pictures("png", 1, seed=1, pix_fmt="rgb24")[0]),
    (PNG, encoded_pictures("png", 1, seed=1, pix_fmt="rgba")[0]),
]


@pytest.mark.parametrize(("form", "data"), FORMS)
def test_an_image_ends_where_its_structure_says_whatever_follows(form: ImageFormat, data: bytes) -> None:
    for behind in (b"", b"\xff\xd9\xff\xd9", random.Random(3).randbytes(50), data):
        assert form.read(array(data + behind), 0, len(data + behind)) == Image(len(data), 160, 120)
    for left in (24, 60, len(data) // 2, len(data) - 1):
        assert form.read(array(data), 0, left) == NEED_MORE
    assert form.read(array(b"\0" + data), 0, len(data) + 1) == INVALID


def test_two_fields_in_boxes_are_one_sample() -> None:
    samples = jpeg_2000_fields(3, 1)
    layout = learn_layout(JPEG_2000, samples)
    assert layout is not None
    syntax = ImageSyntax(JPEG_2000, layout)
    buf = array(b"".join(samples))
    assert syntax.frame(buf, 0, len(buf), final=True) == Frame(len(samples[0]))
    inner = samples[0].find(b"\xff\x4f\xff\x51")
    assert syntax.frame(buf, inner, len(buf), final=True) == INVALID
    assert syntax.find(buf, 1, len(buf), len(buf)) == samples[0].find(b"jp2c", 9) - 4


def test_a_broken_chain_of_lengths_is_no_image() -> None:
    damaged = ONE[: len(ONE) - 6] + b"\0" * 6
    assert JPEG_2000.read(array(damaged), 0, len(damaged)) == INVALID
    png = FORMS[-1][1]
    damaged = png[:33] + b"\0\0\0\4\0\0\0\0" + png[41:]
    assert PNG.read(array(damaged), 0, len(damaged)) == INVALID


@given(st.sampled_from(FORMS), st.integers(0, 200), st.binary(max_size=300), st.booleans())
def test_no_bytes_raise_or_give_a_size_beyond_the_end(
    form: tuple[ImageFormat, bytes], keep: int, data: bytes, final: bool
) -> None:
    buf = array(form[1][:keep] + data)
    syntax = ImageSyntax(form[0], SampleLayout())
    frame = syntax.frame(buf, 0, len(buf), final=final)
    assert frame in (INVALID, NEED_MORE) or (isinstance(frame, Frame) and 0 < frame.size <= len(buf))
    assert -1 <= syntax.find(buf, 0, len(buf), len(buf)) < max(len(buf), 1)
