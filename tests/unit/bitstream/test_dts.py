"""DTS: sizes of core frames and extension substreams, and samples of both."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.dts import DtsSyntax, parse_core, parse_extension
from tests.support.codecs.dts import core, extension
from tests.support.packets import as_array


def test_a_header_as_an_encoder_writes_it_is_understood() -> None:
    head = bytes.fromhex("7ffe8001fc3c75b0b6c0")  # FFmpeg's encoder, stereo at 48 kHz
    assert parse_core(head) == (1884, 512, 48000)


def test_extension_substreams_tell_their_size_in_sixteen_or_twenty_bits() -> None:
    noise = random.Random(1)
    assert parse_extension(extension(65536, noise)[:10]) == (65536, 0)
    assert parse_extension(extension(300000, noise, index=2, long=True)[:10]) == (300000, 2)


def test_a_core_and_its_extension_are_one_sample() -> None:
    noise = random.Random(2)
    samples = [core(1006, noise) + extension(200 + 7 * i, noise) for i in range(9)]
    syntax = DtsSyntax(samples)
    data, at = as_array(b"".join(samples) + b"\0\0\1\x65"), 0
    for sample in samples:
        frame = syntax.frame(data, at, len(data), final=False)
        assert not isinstance(frame, int)
        assert (frame.size, frame.ticks * 48000) == (len(sample), 512 * syntax.rate)
        for left in (4, 9, 500, 1007, 1010, len(sample) - 1):
            assert syntax.frame(data, at, at + left, final=True) == NEED_MORE
        at += len(sample)
    assert syntax.frame(data, at, len(data), final=False) == INVALID


def test_a_stream_of_plain_cores_does_not_take_another_tracks_extension() -> None:
    noise = random.Random(3)
    plain = [core(1006, noise) for _ in range(4)]
    data = as_array(plain[0] + extension(100, noise))
    frame = DtsSyntax(plain).frame(data, 0, len(data), final=False)
    assert not isinstance(frame, int)
    assert frame.size == 1006


def test_another_sampling_frequency_is_another_stream() -> None:
    noise = random.Random(4)
    other = core(1006, noise, frequency=8)
    assert DtsSyntax([core(1006, noise)]).frame(as_array(other), 0, 1006, final=True) == INVALID


@given(data=st.binary(max_size=300), lead=st.sampled_from([b"", b"\x7f\xfe\x80\x01\xfc\x3c", b"\x64\x58\x20\x25\0"]))
def test_random_bytes_give_no_size_beyond_the_end(data: bytes, lead: bytes) -> None:
    noise = random.Random(5)
    syntax = DtsSyntax([core(120, noise) + extension(60, noise)])
    data = lead + data
    for at in range(len(data)):
        frame = syntax.frame(as_array(data), at, len(data), final=True)
        assert isinstance(frame, int) or at + frame.size <= len(data)
