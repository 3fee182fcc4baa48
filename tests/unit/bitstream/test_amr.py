"""Speech frames: the sizes of every type, runs of several a sample, and what may follow them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediarescue.bitstream.amr import AMR, AMR_WB, EVRC, QCELP, SpeechCodec, SpeechSyntax
from mediarescue.bitstream.columns import INVALID, NEED_MORE
from tests.support.codecs.speech import AMR_122, AMR_SILENCE, speech_frame

CODECS = {"amr": AMR, "amr_wb": AMR_WB, "evrc": EVRC, "qcelp": QCELP}


def array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def amr_122(seed: int = 1, count: int = 20) -> list[bytes]:
    source = random.Random(seed)
    return [speech_frame(AMR_122, source) for _ in range(count)]


@pytest.mark.parametrize(
    ("codec", "sizes"),
    [
        (AMR, {0: 13, 1: 14, 2: 16, 3: 18, 4: 20, 5: 21, 6: 27, 7: 32, 8: 6, 15: 1}),
        (AMR_WB, {0: 18, 1: 24, 2: 33, 3: 37, 4: 41, 5: 47, 6: 51, 7: 59, 8: 61, 9: 6, 14: 1, 15: 1}),
    ],
)
def test_each_frame_type_has_the_size_the_standard_gives(codec: SpeechCodec, sizes: dict[int, int]) -> None:
    for kind, size in sizes.items():
        sample = bytes([kind << 3 | 4]) + bytes([0x50] * (size - 2) + [0] if size > 1 else [])
        syntax = SpeechSyntax(codec, [sample])
        frame = syntax.frame(array(sample + b"\0\0\x80"), 0, size + 3, final=False)
        assert not isinstance(frame, int)
        assert frame.size == size
        assert frame.ticks * 50 == codec.rate


@pytest.mark.parametrize("name", CODECS)
@given(data=st.binary(max_size=200), tail=st.integers(0, 40))
def test_random_bytes_give_no_size_beyond_the_end(name: str, data: bytes, tail: int) -> None:
    codec = CODECS[name]
    source = random.Random(1)
    syntax = SpeechSyntax(codec, [speech_frame(mode, source) for mode in codec.bits.items()], 0xFFFF)
    stop = max(0, len(data) - tail)
    for at in range(stop):
        frame = syntax.frame(array(data), at, stop, final=True)
        assert isinstance(frame, int) or at + frame.size <= stop


def test_a_run_ends_where_a_picture_follows() -> None:
    frames = amr_122()
    syntax = SpeechSyntax(AMR, frames, 0x81FF)
    for following in (b"\0\0\x80\x02\x0c", b"\0\0\x81\x02", b"\0\0\x0c\x41\x65\x88", b"DEVC\0\1", b"\xff\xd8\xff"):
        data = array(frames[0] + following + bytes(200))
        assert syntax.frame(data, 32, len(data), final=False) == INVALID


def test_pauses_are_known_though_the_reference_has_none() -> None:
    syntax = SpeechSyntax(AMR, amr_122(), 0x80)
    source = random.Random(2)
    data = array(b"".join(speech_frame(mode, source) for mode in (*AMR_SILENCE, AMR_122)))
    sizes, at = [], 0
    while at < len(data):
        frame = syntax.frame(data, at, len(data), final=True)
        assert not isinstance(frame, int)
        sizes.append(frame.size)
        at += frame.size
    assert sizes == [6, 1, 1, 32]


def test_a_frame_of_zeros_is_none_though_bad_frames_begin_with_a_zero() -> None:
    bad = b"\0" + bytes([0xA0] * 12)
    syntax = SpeechSyntax(AMR, [bad])
    assert not isinstance(syntax.frame(array(bad), 0, 13, final=True), int)
    assert syntax.frame(array(bytes(100)), 0, 100, final=True) == INVALID


def test_spare_bits_count_only_where_the_reference_keeps_them_zero() -> None:
    clean, dirty = amr_122(), [frame[:-1] + b"\xff" for frame in amr_122(2)]
    assert SpeechSyntax(AMR, clean).frame(array(dirty[0]), 0, 32, final=True) == INVALID
    assert not isinstance(SpeechSyntax(AMR, dirty).frame(array(dirty[1]), 0, 32, final=True), int)


def test_ten_frames_make_a_sample_where_the_reference_says_so_and_the_last_may_have_fewer() -> None:
    frames = amr_122(count=64)
    samples = [b"".join(frames[at : at + 10]) for at in range(0, 64, 10)]
    syntax = SpeechSyntax(AMR, samples)
    data = array(b"".join(samples) + b"\0\0\x80\x02")
    whole = syntax.frame(data, 0, len(data), final=False)
    last = syntax.frame(data, 60 * 32, len(data), final=False)
    assert not isinstance(whole, int)
    assert not isinstance(last, int)
    assert (whole.size, whole.ticks, last.size, last.ticks) == (320, 1600, 128, 640)
    assert syntax.frame(data, 0, 319, final=True) == NEED_MORE
    assert syntax.frame(data, 0, 96, final=False) == NEED_MORE
