"""Vorbis packets are walked to their last bit."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.vorbis import VorbisWalker, parse_setup
from tests.support.plain_kernels import GuardedBuffer, plain_kernels

_RATE = 44100


@cache
def encoded(content: str, frames: int = 40000) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the headers, and the packets of FFmpeg's encoder (stereo, long blocks only)."""
    context: Any = av.CodecContext.create("vorbis", "w")
    context.sample_rate, context.layout, context.format = _RATE, "stereo", "fltp"
    context.time_base, context.options = Fraction(1, _RATE), {"strict": "experimental"}
    t, dice = np.arange(frames) / _RATE, np.random.default_rng(1)
    tones = 0.3 * np.sin(2 * np.pi * 440 * t) * (t % 0.3 < 0.2)
    wave = {"silence": 0 * t, "noise": dice.uniform(-0.5, 0.5, frames), "tones": tones}[content]
    packets = []
    for start in range(0, frames, 64):
        part = np.stack((wave, wave[::-1]))[:, start : start + 64].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = _RATE, start, Fraction(1, _RATE)
        packets += context.encode(frame)
    packets += context.encode(None)
    return bytes(context.extradata), tuple(bytes(packet) for packet in packets)


@pytest.mark.parametrize("content", ["silence", "noise", "tones"])
def test_each_packet_ends_where_the_encoder_ended_it(content: str) -> None:
    headers, packets = encoded(content)
    walker = VorbisWalker(parse_setup(headers))
    buf = np.frombuffer(bytearray(b"".join(packets)), dtype=np.uint8)
    found, status = walker.packets(buf, 0, len(buf), 10_000)
    assert found[:, 0].tolist() == [len(packet) for packet in packets]
    assert set(found[:, 1].tolist()) == {1024}
    assert status == NEED_MORE


def test_a_cut_packet_wants_more() -> None:
    headers, packets = encoded("tones")
    walker = VorbisWalker(parse_setup(headers))
    longest = max(packets, key=len)
    buf = np.frombuffer(bytearray(longest), dtype=np.uint8)
    for left in range(1, len(longest)):
        found, status = walker.packets(buf, 0, left, 1)
        assert not len(found)
        assert status == NEED_MORE


def test_uncompiled_kernels_read_nothing_behind_the_end_and_say_the_same() -> None:
    plain = plain_kernels("mediarescue.bitstream.vorbis._kernels")
    headers, packets = encoded("noise")
    table, data = parse_setup(headers).table, packets[5]
    for end in (len(data), len(data) // 2):
        size = plain.packet(GuardedBuffer(data, 0, end), 0, end, table, np.zeros(3, dtype=np.int64))
        assert size == (len(data) if end == len(data) else NEED_MORE)


@given(st.binary(max_size=3000))
def test_random_bytes_never_raise_nor_reach_behind_the_end(data: bytes) -> None:
    walker = VorbisWalker(parse_setup(encoded("tones")[0]))
    found, _ = walker.packets(np.frombuffer(bytearray(data), dtype=np.uint8), 0, len(data), 1000)
    assert int(found[:, 0].sum()) <= len(data)


@settings(max_examples=30)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=6))
def test_damaged_headers_are_refused_or_walk_on_safely(at: int, damage: bytes) -> None:
    headers, packets = encoded("tones")
    at %= len(headers)
    damaged = headers[:at] + damage + headers[at + len(damage) :]
    try:
        walker = VorbisWalker(parse_setup(damaged))
    except BitstreamError:
        return
    buf = np.frombuffer(bytearray(b"".join(packets)), dtype=np.uint8)
    found, _ = walker.packets(buf, 0, len(buf), 100)
    assert int(found[:, 0].sum()) <= len(buf)


@pytest.mark.parametrize("size", [0, 1, 40, 200])
def test_headers_cut_off_are_refused(size: int) -> None:
    with pytest.raises(BitstreamError):
        parse_setup(encoded("tones")[0][:size])
