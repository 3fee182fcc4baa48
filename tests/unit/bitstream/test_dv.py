"""DV frames, as long as their system."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.dv import DvSyntax, learn_dv
from mediarescue.bitstream.frames import Frame
from tests.support.codecs._pictures import encoded_pictures


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def frames(size: tuple[int, int], pix_fmt: str, rate: int) -> list[bytes]:
    return encoded_pictures("dvvideo", 2, seed=1, size=size, pix_fmt=pix_fmt, rate=rate)


def learned(samples: list[bytes]) -> DvSyntax:
    syntax = learn_dv(samples)
    assert syntax is not None
    return syntax


@pytest.mark.parametrize(
    ("size", "pix_fmt", "rate"),
    [
        ((720, 576), "yuv420p", 25),
        ((720, 576), "yuv422p", 25),
        ((1440, 1080), "yuv422p", 25),
        ((960, 720), "yuv422p", 50),
    ],
)
def test_frames_of_an_encoder_are_read_to_the_byte(size: tuple[int, int], pix_fmt: str, rate: int) -> None:
    samples = frames(size, pix_fmt, rate)
    syntax = learned(samples)
    buf = array(b"".join(samples) + b"PCM")
    for at in (0, len(samples[0])):
        assert syntax.frame(buf, at, len(buf), final=True) == Frame(len(samples[0]))
        for left in (24, 5000, len(samples[0]) // 2, len(samples[0]) - 1):
            assert syntax.frame(buf, at, at + left, final=True) == NEED_MORE
    assert syntax.frame(buf, 12000, len(buf), final=True) == INVALID
    assert syntax.find(buf, 1, len(buf), len(buf)) == len(samples[0])


def test_a_drop_out_does_not_lose_the_frame_and_the_header_alone_does_not_make_one() -> None:
    sample = frames((720, 576), "yuv420p", 25)[0]
    syntax = learned([sample])
    damaged = sample[:30000] + random.Random(1).randbytes(20000) + sample[50000:]
    assert syntax.frame(array(damaged), 0, len(damaged), final=True) == Frame(len(sample))
    other = sample[:8000] + random.Random(1).randbytes(len(sample))
    assert syntax.frame(array(other), 0, len(other), final=True) == INVALID


def test_what_is_no_whole_number_of_sequences_teaches_nothing() -> None:
    assert learn_dv([]) is None
    assert learn_dv([b"", bytes(12001), b"\xff" * 12000]) is None


_SYNTAX = learned(frames((720, 576), "yuv420p", 25))
_HEAD = frames((720, 576), "yuv420p", 25)[0][:1000]


@given(st.binary(max_size=300), st.integers(0, 1000), st.booleans())
def test_no_bytes_raise_or_give_a_size_beyond_the_end(data: bytes, keep: int, final: bool) -> None:
    buf = array(_HEAD[:keep] + data)
    assert _SYNTAX.frame(buf, 0, len(buf), final=final) in (INVALID, NEED_MORE)
    assert -1 <= _SYNTAX.find(buf, 0, len(buf), len(buf)) < max(len(buf), 1)
