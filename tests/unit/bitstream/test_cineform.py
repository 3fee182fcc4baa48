"""CineForm samples, walked to their trailer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.cineform import CineFormSyntax, picture_size
from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from tests.support.codecs._pictures import encoded_pictures
from tests.support.codecs.cineform import gopro_samples


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


@pytest.mark.parametrize(
    ("pix_fmt", "size"),
    [
        ("yuv422p10le", (160, 120)),
        ("yuv422p10le", (336, 178)),
        ("yuv422p10le", (1920, 1080)),
        ("gbrp12le", (160, 120)),
        ("gbrap12le", (336, 144)),
    ],
)
@pytest.mark.parametrize("quality", ["film3+", "low"])
def test_samples_of_an_encoder_are_read_to_the_byte(pix_fmt: str, size: tuple[int, int], quality: str) -> None:
    samples = encoded_pictures("cfhd", 2, seed=1, size=size, pix_fmt=pix_fmt, options={"quality": quality})
    coded = (size[0], -(-size[1] // 8) * 8)
    assert {picture_size(sample) for sample in samples} == {coded}
    syntax = CineFormSyntax({coded})
    buf = array(b"".join(samples) + b"\0\1PCM")
    for at, sample in ((0, samples[0]), (len(samples[0]), samples[1])):
        assert syntax.frame(buf, at, len(buf), final=True) == Frame(len(sample))
        for left in (24, len(sample) // 3, len(sample) - 4, len(sample) - 1):
            assert syntax.frame(buf, at, at + left, final=True) == NEED_MORE
    assert syntax.find(buf, 1, len(buf), len(buf)) == len(samples[0])


def test_a_told_size_is_believed_and_predicted_frames_are_no_keys() -> None:
    intra, predicted = gopro_samples(1, 1)
    syntax = CineFormSyntax({(160, 120)})
    buf = array(intra + predicted + intra)
    assert syntax.frame(buf, 0, len(buf), final=True) == Frame(len(intra))
    assert syntax.frame(buf, len(intra), len(buf), final=True) == Frame(len(predicted), key=False)
    assert syntax.frame(buf, 0, len(intra) - 1, final=True) == NEED_MORE


def test_pictures_of_another_size_are_others() -> None:
    sample = gopro_samples(1, 1)[0]
    assert CineFormSyntax({(640, 480)}).frame(array(sample), 0, len(sample), final=True) == INVALID


_SAMPLES = gopro_samples(1, 1) + encoded_pictures("cfhd", 1, seed=1, pix_fmt="yuv422p10le")


@given(st.sampled_from(_SAMPLES), st.integers(0, 300), st.binary(max_size=300), st.booleans())
def test_no_bytes_raise_or_give_a_size_beyond_the_end(sample: bytes, keep: int, data: bytes, final: bool) -> None:
    buf = array(sample[:keep] + data)
    frame = CineFormSyntax(set()).frame(buf, 0, len(buf), final=final)
    assert frame in (INVALID, NEED_MORE) or (isinstance(frame, Frame) and 0 < frame.size <= len(buf))
    assert -1 <= CineFormSyntax(set()).find(buf, 0, len(buf), len(buf)) < max(len(buf), 1)
    picture_size(sample[:keep] + data)
