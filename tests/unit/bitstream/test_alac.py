"""ALAC frames are walked to their true end."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.alac import AlacConfig, AlacSyntax, _kernels, learn_syntax, parse_magic_cookie
from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from tests.support.plain_kernels import GuardedBuffer, plain_kernels

_RATE = 48000


def encoded(sound: Any, layout: str, depth: int) -> tuple[AlacConfig, list[tuple[bytes, int]]]:
    """Return the configuration, and bytes and duration of each packet, of int32 samples (channels, n)."""
    context: Any = av.CodecContext.create("alac", "w")
    context.sample_rate, context.layout, context.time_base = _RATE, layout, Fraction(1, _RATE)
    context.format = "s16p" if depth == 16 else "s32p"
    packets = []
    for start in range(0, sound.shape[1], 4096):
        part = np.ascontiguousarray(sound[:, start : start + 4096])
        part = part.astype(np.int16) if depth == 16 else part << 8
        frame = av.AudioFrame.from_ndarray(part, format=context.format.name, layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = _RATE, start, Fraction(1, _RATE)
        packets += context.encode(frame)
    packets += context.encode(None)
    cookie = bytes(context.extradata)
    return parse_magic_cookie(cookie[8:]), [(bytes(p), p.duration) for p in packets]


def sound(content: str, channels: int, depth: int, count: int = 9000) -> Any:
    dice, t = np.random.default_rng(len(content)), np.arange(count)
    full = 1 << (depth - 1)
    if content == "silence":
        return np.zeros((channels, count), dtype=np.int32)
    if content == "noise":
        return dice.integers(-full, full, (channels, count), dtype=np.int32)
    tones = [0.4 * full * np.sin(t * (0.02 + channel / 50)) * (t % 3000 < 2000) for channel in range(channels)]
    return np.array(tones).astype(np.int32)


@pytest.mark.parametrize("depth", [16, 24])
@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6), ("6.1(back)", 7)])
@pytest.mark.parametrize("content", ["silence", "noise", "tones"])
def test_each_packet_ends_where_the_encoder_ended_it(content: str, layout: str, channels: int, depth: int) -> None:
    config, packets = encoded(sound(content, channels, depth), layout, depth)
    assert (config.bit_depth, config.channels, config.sample_rate) == (depth, channels, _RATE)
    syntax = learn_syntax(config, [data for data, _ in packets])
    assert syntax is not None
    buf = np.frombuffer(bytearray(b"".join(data for data, _ in packets) + b"\x55" * 64), dtype=np.uint8)
    at, found = 0, []
    for data, _ in packets:
        frame = syntax.frame(buf, at, len(buf), final=True)
        assert not isinstance(frame, int)
        found.append((frame.size, frame.ticks))
        at += len(data)
    assert found == [(len(data), duration) for data, duration in packets]


@pytest.fixture(scope="module")
def stereo() -> tuple[AlacSyntax, list[bytes]]:
    config, packets = encoded(sound("tones", 2, 16), "stereo", 16)
    samples = [data for data, _ in packets]
    syntax = learn_syntax(config, samples)
    assert syntax is not None
    return syntax, samples


def test_a_cut_frame_wants_more(stereo: tuple[AlacSyntax, list[bytes]]) -> None:
    syntax, samples = stereo
    buf = np.frombuffer(bytearray(samples[0]), dtype=np.uint8)
    for left in range(8, len(buf)):
        assert syntax.frame(buf, 0, left, final=True) == NEED_MORE


def test_an_altered_frame_has_another_size_or_none(stereo: tuple[AlacSyntax, list[bytes]]) -> None:
    syntax, samples = stereo
    right = 0
    for at in range(0, len(samples[0]), 37):
        damaged = bytearray(samples[0])
        damaged[at] ^= 0x5A
        frame = syntax.frame(np.frombuffer(damaged, dtype=np.uint8), 0, len(damaged), final=True)
        right += not isinstance(frame, int) and frame.size == len(damaged)
    assert right < len(samples[0]) / 37 / 2


@pytest.mark.parametrize("content", ["silence", "noise", "tones"])
def test_the_kernels_read_nothing_behind_the_end_and_say_the_same_uncompiled(content: str) -> None:
    plain = plain_kernels("mediarescue.bitstream.alac._kernels")
    config, packets = encoded(sound(content, 2, 24, 600), "stereo", 24)
    data = packets[-1][0]
    settings = np.array([config.frame_length, config.bit_depth, config.pb, config.mb, config.kb, 2, 1, 1, 0])
    for end in (len(data), len(data) // 2, 9):
        facts = np.zeros(22, dtype=np.int64)
        size = plain.frame(GuardedBuffer(data, 0, end), 0, end, settings, facts)
        assert size == (len(data) if end == len(data) else NEED_MORE)
    facts = np.zeros(22, dtype=np.int64)
    assert _kernels.frame(np.frombuffer(bytearray(data), dtype=np.uint8), 0, len(data), settings, facts) == len(data)
    assert facts[_kernels.SAMPLES] == 600


@given(st.binary(max_size=400), st.integers(0, 20))
def test_random_bytes_never_raise_nor_reach_behind_the_end(data: bytes, at: int) -> None:
    syntax = AlacSyntax(AlacConfig(4096, 16, 40, 10, 14, 2, _RATE), ((1, 0),), {0}, set())
    buf = np.frombuffer(bytearray(b"\x20\0\0\0" + data), dtype=np.uint8)
    stop = len(buf)
    at = min(at, stop)
    frame = syntax.frame(buf, at, stop, final=True)
    assert isinstance(frame, int) or 0 < frame.size <= stop - at
    found = syntax.find(buf, at, stop, stop)
    assert found == -1 or at <= found < stop


@pytest.mark.parametrize("cookie", [b"", bytes(24), b"\0\0\x10\0" + bytes(20), bytes(40)])
def test_what_is_no_magic_cookie_is_refused(cookie: bytes) -> None:
    with pytest.raises(BitstreamError):
        parse_magic_cookie(cookie)
