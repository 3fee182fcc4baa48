"""MPEG audio headers: sizes of every layer, version and rate, against real encoders where there are some."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.mpeg_audio import MpegAudioSyntax, parse_header
from tests.support.packets import as_array, encoded_sound

ENCODED = [
    *(("libmp3lame", rate, bits) for rate in (44100, 48000, 32000) for bits in (64000, 128000, 320000)),
    *(("libmp3lame", rate, bits) for rate in (22050, 24000, 16000) for bits in (32000, 160000)),
    *(("libmp3lame", rate, bits) for rate in (11025, 12000, 8000) for bits in (16000, 64000)),
    *(("mp2", rate, bits) for rate in (44100, 48000, 32000) for bits in (96000, 384000)),
    *(("mp2", rate, bits) for rate in (22050, 24000, 16000) for bits in (32000, 160000)),
]


@pytest.mark.parametrize(("codec", "rate", "bits"), ENCODED)
def test_an_encoders_frames_are_read_to_their_size(codec: str, rate: int, bits: int) -> None:
    packets = encoded_sound(codec, rate, bits, seconds=0.4)
    syntax = MpegAudioSyntax(packets)
    data, at = as_array(b"".join(packets)), 0
    for packet in packets:
        frame = syntax.frame(data, at, len(data), final=False)
        assert not isinstance(frame, int)
        assert frame.size == len(packet)
        header = parse_header(int.from_bytes(packet[:4], "big"))
        assert header is not None
        assert frame.ticks * rate == syntax.rate * header.samples
        assert syntax.frame(data, at, at + len(packet) - 1, final=True) == NEED_MORE
        at += len(packet)


@pytest.mark.parametrize(
    ("word", "size", "samples"),
    [
        (0xFFFF1000, 4 * (12 * 32000 // 44100), 384),  # layer I, 32 kbit/s at 44.1 kHz
        (0xFFFFE800, 4 * (12 * 448000 // 32000), 384),
        (0xFFFF1200, 4 * (12 * 32000 // 44100 + 1), 384),  # with padding
        (0xFFF7E400, 4 * (12 * 256000 // 24000), 384),  # MPEG-2
        (0xFFFB0000, 0, 1152),  # free format
        (0xFFE39000, 72 * 80000 // 11025, 576),  # MPEG-2.5 layer III
    ],
)
def test_headers_no_encoder_here_makes(word: int, size: int, samples: int) -> None:
    header = parse_header(word)
    assert header is not None
    assert (header.size, header.samples) == (size, samples)


@pytest.mark.parametrize("word", [0xFFE99000, 0xFFF99000, 0xFFFBF000, 0xFFFB9C00, 0xFFFB9002, 0xFF1B9000, 0])
def test_reserved_values_are_no_header(word: int) -> None:
    assert parse_header(word) is None


def test_free_format_frames_have_the_size_of_the_references() -> None:
    noise = random.Random(1)
    frames = [bytes([0xFF, 0xFB, 2 * (i % 2), 0x44]) + noise.randbytes(700 + i % 2) for i in range(12)]
    syntax = MpegAudioSyntax(frames)
    data, at = as_array(b"".join(frames)), 0
    for expected in frames:
        frame = syntax.frame(data, at, len(data), final=True)
        assert not isinstance(frame, int)
        assert frame.size == len(expected)
        at += frame.size


def test_two_frames_make_a_sample_where_the_reference_says_so() -> None:
    packets = encoded_sound("libmp3lame", 44100, 128000)[:21]
    samples = [b"".join(packets[at : at + 2]) for at in range(0, 21, 2)]
    syntax = MpegAudioSyntax(samples)
    data, at = as_array(b"".join(samples) + b"\0\0\1\x65"), 0
    for sample in samples:
        frame = syntax.frame(data, at, len(data), final=False)
        assert not isinstance(frame, int)
        assert frame.size == len(sample)
        at += frame.size


def test_another_sampling_frequency_is_another_stream() -> None:
    syntax = MpegAudioSyntax(encoded_sound("libmp3lame", 44100, 128000, seconds=0.3))
    other = b"".join(encoded_sound("libmp3lame", 48000, 128000, seconds=0.3))
    assert syntax.frame(as_array(other), 0, len(other), final=True) == INVALID


@given(data=st.binary(max_size=300), lead=st.sampled_from([b"", b"\xff\xfb\x90\x44", b"\xff\xfb\x00\x44"]))
def test_random_bytes_give_no_size_beyond_the_end(data: bytes, lead: bytes) -> None:
    syntax = MpegAudioSyntax([b"\xff\xfb\x90\x44" + bytes(413), b"\xff\xfb\x00\x44" + bytes(96)])
    data = lead + data
    for at in range(len(data)):
        frame = syntax.frame(as_array(data), at, len(data), final=True)
        assert isinstance(frame, int) or at + frame.size <= len(data)
