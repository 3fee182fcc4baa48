"""JPEG images and the samples made of them, read to their exact size."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame, FrameSyntax
from mediarescue.bitstream.images import JPEG, Image, ImageSyntax, MotionJpegBSyntax, SampleLayout, learn_layout
from tests.support.codecs._pictures import encoded_pictures
from tests.support.codecs.mjpeg import format_a, format_b


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(payload)) + payload


def entropy(seed: int, size: int, *, restarts: bool = False) -> bytes:
    data = random.Random(seed).randbytes(size).replace(b"\xff", b"\xff\0")
    return data + b"\xff\xd3" + data if restarts else data


def image(*, thumbnail: bytes = b"", scans: int = 1, width: int = 64, restarts: bool = False) -> bytes:
    """Return a JPEG of the documented structure (T.81 B.2): its entropy-coded data is noise."""
    made = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    if thumbnail:
        made += segment(0xE1, b"Exif\0\0" + thumbnail)
    made += segment(0xC2 if scans > 1 else 0xC0, struct.pack(">BHHB", 8, 48, width, 1) + b"\1\x22\0")
    for scan in range(scans):
        made += segment(0xC4, bytes(17)) + segment(0xDA, b"\1\1\0\0\x3f\0") + entropy(scan, 300, restarts=restarts)
    return made + b"\xff\xd9"


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


SOME = [image(), image(scans=5), image(restarts=True), image(thumbnail=image(width=8))]


@pytest.mark.parametrize("data", SOME)
def test_an_image_ends_at_its_own_end_marker_whatever_follows(data: bytes) -> None:
    for behind in (b"", b"\xff\xd9", random.Random(3).randbytes(50), data):
        read = JPEG.read(array(data + behind), 0, len(data + behind))
        assert read == Image(len(data), 64, 48, 0)


@pytest.mark.parametrize("data", SOME)
def test_a_cut_image_asks_for_more(data: bytes) -> None:
    assert all(JPEG.read(array(data), 0, stop) == NEED_MORE for stop in range(3, len(data)))


def test_fill_bytes_may_stand_in_front_of_any_marker() -> None:
    data = image()
    filled = data[:2] + b"\xff\xff" + data[2:-2] + b"\xff\xff\xff\xd9"
    assert JPEG.read(array(filled), 0, len(filled)) == Image(len(filled), 64, 48, 0)


def test_a_start_of_image_inside_coded_data_is_damage() -> None:
    data = image()
    damaged = data[:-40] + image()
    assert JPEG.read(array(damaged), 0, len(damaged)) == INVALID


@pytest.mark.parametrize("huffman", ["default", "optimal"])
@pytest.mark.parametrize(("pix_fmt", "size"), [("yuvj420p", (160, 120)), ("yuvj444p", (322, 178))])
def test_images_of_an_encoder_are_read_to_the_byte(huffman: str, pix_fmt: str, size: tuple[int, int]) -> None:
    for data in encoded_pictures("mjpeg", 4, seed=1, size=size, pix_fmt=pix_fmt, options={"huffman": huffman}):
        assert JPEG.read(array(data + b"\0abc"), 0, len(data) + 4) == Image(len(data), size[0], size[1], 0)


def test_both_fields_and_their_padding_are_one_sample() -> None:
    samples = format_a(6, 1)
    layout = learn_layout(JPEG, samples)
    assert layout is not None
    assert layout.fields == 2
    buf, at = array(b"".join(samples) + b"\x80PCM"), 0
    for sample in samples:
        assert ImageSyntax(JPEG, layout).frame(buf, at, len(buf), final=True) == Frame(len(sample))
        at += len(sample)


def test_pictures_of_another_size_are_others_unless_the_reference_is_a_still() -> None:
    film, still = learn_layout(JPEG, [image()] * 4), learn_layout(JPEG, [image()])
    assert film is not None
    assert still is not None
    other = array(image(width=32))
    assert ImageSyntax(JPEG, film).frame(other, 0, len(other), final=True) == INVALID
    assert ImageSyntax(JPEG, still).frame(other, 0, len(other), final=True) == Frame(len(other))


def test_a_hole_of_zeros_does_not_make_one_image_of_three() -> None:
    images = encoded_pictures("mjpeg", 3, seed=1, pix_fmt="yuvj420p")
    layout = learn_layout(JPEG, images)
    assert layout is not None
    media = bytearray(b"".join(images))
    media[len(images[0]) // 2 : -len(images[2]) // 2] = bytes(len(media) - len(images[0]) // 2 + -len(images[2]) // 2)
    assert ImageSyntax(JPEG, layout).frame(array(bytes(media)), 0, len(media), final=True) == INVALID
    assert ImageSyntax(JPEG, SampleLayout()).frame(array(bytes(media)), 0, len(media), final=True) == Frame(len(media))


def test_what_is_no_image_teaches_no_layout() -> None:
    assert learn_layout(JPEG, [random.Random(1).randbytes(500)] * 4) is None
    assert learn_layout(JPEG, []) is None


def test_fields_without_markers_end_where_their_headers_say() -> None:
    samples = format_b(5, 1)
    buf = array(b"".join(samples))
    syntax, at = MotionJpegBSyntax(), 0
    for sample in samples:
        assert syntax.frame(buf, at, len(buf), final=True) == Frame(len(sample))
        for left in (8, 39, 41, len(sample) // 2 + 20, len(sample) - 1):
            assert syntax.frame(buf, at, at + left, final=True) == NEED_MORE
        at += len(sample)


@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_no_bytes_raise_or_give_a_size_beyond_the_end(data: bytes, keep: int, final: bool) -> None:
    for syntax, start in (
        (ImageSyntax(JPEG, SampleLayout()), image()[:keep]),
        (ImageSyntax(JPEG, SampleLayout(2)), image() + image()[:keep]),
        (MotionJpegBSyntax(), format_b(1, 1)[0][:keep]),
    ):
        check(syntax, start + data, final)


def check(syntax: FrameSyntax, data: bytes, final: bool) -> None:
    frame = syntax.frame(array(data), 0, len(data), final=final)
    assert frame in (INVALID, NEED_MORE) or (isinstance(frame, Frame) and 0 < frame.size <= len(data))
    assert -1 <= syntax.find(array(data), 0, len(data), len(data)) < max(len(data), 1)
