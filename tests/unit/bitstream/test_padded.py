"""What stands behind samples is learned from the reference's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.images import JPEG, ImageSyntax, SampleLayout
from mediarescue.bitstream.padded import Fill, PaddedSyntax, learn_fill
from tests.support.codecs._pictures import encoded_pictures
from tests.support.codecs.mjpeg import padded_images

IMAGES = encoded_pictures("mjpeg", 12, seed=1, pix_fmt="yuvj420p")
BARE = ImageSyntax(JPEG, SampleLayout())


def aligned(unit: int, *, more: bool = False, filler: bytes = b"\0") -> list[bytes]:
    """Return images filled up to a multiple of ``unit``; with ``more`` some by further units."""
    return [
        image + filler * (-len(image) % unit + (3 * unit if more and number % 3 == 2 else 0))
        for number, image in enumerate(IMAGES)
    ]


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


@pytest.mark.parametrize(
    ("samples", "fill"),
    [
        (IMAGES, Fill()),
        ([image + b"abcd" for image in IMAGES], Fill(constant=4)),
        (aligned(2), Fill(alignment=2)),
        (aligned(512), Fill(alignment=512)),
        (aligned(16, filler=b"x"), Fill(alignment=16)),
        (aligned(64, more=True), Fill(alignment=64, filler=b"\0")),
        (aligned(16, more=True, filler=b"\xff"), Fill(alignment=16, filler=b"\xff")),
        (padded_images(30, 2), Fill(alignment=16, filler=b"\0\xff")),
    ],
)
def test_samples_come_out_as_the_reference_fills_them(samples: list[bytes], fill: Fill) -> None:
    assert learn_fill(BARE, samples) == fill
    syntax = PaddedSyntax(BARE, fill)
    buf, at = array(b"".join(samples) + b"\x80PCM"), 0
    for sample in samples:
        assert syntax.frame(buf, at, len(buf), final=True) == Frame(len(sample))
        at += len(sample)
    assert syntax.frame(buf, at, len(buf), final=True) == INVALID


def test_a_sample_whose_fill_is_cut_off_is_not_whole() -> None:
    sample = aligned(512)[0]
    syntax = PaddedSyntax(BARE, Fill(alignment=512))
    for left in (len(IMAGES[0]), len(sample) - 1):
        assert syntax.frame(array(sample), 0, left, final=True) == NEED_MORE


def test_fill_up_to_the_end_of_the_buffer_may_go_on_behind_it() -> None:
    sample = aligned(64)[0] + bytes(64)
    syntax = PaddedSyntax(BARE, Fill(alignment=64, filler=b"\0"))
    assert syntax.frame(array(sample), 0, len(sample), final=False) == NEED_MORE
    assert syntax.frame(array(sample), 0, len(sample), final=True) == Frame(len(sample))


@pytest.mark.parametrize("step", [1, 2])
def test_zeros_of_no_alignment_could_be_anybodys(step: int) -> None:
    samples = [image + bytes(-len(image) % step + step * (number % 5)) for number, image in enumerate(IMAGES)]
    assert learn_fill(BARE, samples) == Fill()


@given(st.binary(max_size=200), st.integers(0, 40), st.integers(0, 12), st.booleans())
def test_no_bytes_give_a_size_beyond_the_end(data: bytes, constant: int, power: int, final: bool) -> None:
    syntax = PaddedSyntax(BARE, Fill(constant, 1 << power, b"\0\xff"))
    buf = array(IMAGES[0] + data)
    frame = syntax.frame(buf, 0, len(buf), final=final)
    assert frame == NEED_MORE or (isinstance(frame, Frame) and len(IMAGES[0]) <= frame.size <= len(buf))
