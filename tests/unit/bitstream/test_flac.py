"""FLAC frames are walked to their exact end, whatever kind of subframes they have."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.flac import FlacSyntax, StreamInfo, frame, parse_stream_info
from tests.support.packets import as_array
from tests.support.plain_kernels import plain_kernels

KERNELS = "mediarescue.bitstream.flac._kernels"
RANDOM = np.random.default_rng(1)
COUNT = 12000
SLOW = np.sin(np.arange(COUNT) / 40.0)[:, None] * 9000
SOUNDS = {
    "constant": np.full((COUNT, 2), 1234),
    "verbatim": RANDOM.integers(-32768, 32768, (COUNT, 2)),
    "predicted": SLOW + RANDOM.normal(0, 20, (COUNT, 2)),
    "left_and_side": np.hstack((SLOW, SLOW)) + RANDOM.normal(0, 3, (COUNT, 2)),
    "wasted_bits": (SLOW + RANDOM.normal(0, 900, (COUNT, 2))).astype(np.int64) & ~31,
    "steps": np.repeat(RANDOM.integers(-9000, 9000, (COUNT // 500, 2)), 500, axis=0),
    "mono": SLOW + RANDOM.normal(0, 50, (COUNT, 1)),
}


def encoded(sound: np.ndarray[Any, Any], *, level: int = 5, rate: int = 44100, deep: bool = False) -> list[bytes]:
    layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
    context = cast(Any, av.CodecContext.create("flac", "w"))
    context.sample_rate, context.layout, context.format = rate, layout, "s32" if deep else "s16"
    context.options = {"compression_level": str(level)}
    data = (sound.astype(np.int64) << 8).astype(np.int32) * 256 if deep else sound.astype(np.int16)
    packed = np.ascontiguousarray(data).reshape(1, -1)
    made = av.AudioFrame.from_ndarray(packed, format="s32" if deep else "s16", layout=layout)
    made.sample_rate = rate
    packets = [bytes(packet) for packet in (*context.encode(made), *context.encode(None))]
    return [packet for packet in packets if packet]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("level", [0, 5, 12])
@pytest.mark.parametrize("name", SOUNDS)
def test_an_encoders_frames_are_read_to_their_size(name: str, level: int, deep: bool) -> None:
    sound = SOUNDS[name]
    packets = encoded(sound, level=level, deep=deep)
    syntax = FlacSyntax(StreamInfo(0, 44100, sound.shape[1], 24 if deep else 16))
    data, at, samples = as_array(b"".join(packets)), 0, 0
    for packet in packets:
        found = syntax.frame(data, at, len(data), final=False)
        assert not isinstance(found, int)
        assert found.size == len(packet)
        for left in (1, 3, 5, 9, len(packet) // 2, len(packet) - 1):
            assert syntax.frame(data, at, at + min(left, len(packet) - 1), final=True) == NEED_MORE
        samples += found.ticks
        at += len(packet)
    assert samples == COUNT


def test_one_bit_changed_anywhere_is_noticed() -> None:
    packet = encoded(SOUNDS["predicted"])[0]
    syntax = FlacSyntax(StreamInfo(0, 44100, 2, 16))
    for at in range(0, len(packet), 97):
        changed = bytearray(packet)
        changed[at] ^= 8
        assert isinstance(syntax.frame(as_array(bytes(changed)), 0, len(packet), final=True), int)


def test_the_walk_is_the_same_without_the_jit(monkeypatch: pytest.MonkeyPatch) -> None:
    packets = [encoded(sound[:700])[0] for sound in SOUNDS.values()]
    monkeypatch.setattr(frame, "_load", lambda: plain_kernels(KERNELS))
    for packet, sound in zip(packets, SOUNDS.values(), strict=True):
        syntax = FlacSyntax(StreamInfo(0, 44100, sound.shape[1], 16))
        found = syntax.frame(as_array(packet + b"\0\0\1"), 0, len(packet) + 3, final=False)
        assert not isinstance(found, int)
        assert found.size == len(packet)
        assert syntax.frame(as_array(packet), 0, len(packet) - 5, final=False) == NEED_MORE


@pytest.mark.parametrize(
    "info", [StreamInfo(0, 48000, 2, 16), StreamInfo(0, 44100, 1, 16), StreamInfo(192, 44100, 2, 16)]
)
def test_a_frame_of_another_configuration_is_none(info: StreamInfo) -> None:
    packet = encoded(SOUNDS["predicted"])[0]
    assert FlacSyntax(info).frame(as_array(packet), 0, len(packet), final=True) == INVALID


def test_the_streaminfo_is_read() -> None:
    block = bytes.fromhex("80000022 1000 1200 000000 000000 0bb802f0 00000000") + bytes(16)
    assert parse_stream_info(block) == StreamInfo(4608, 48000, 2, 16)
    with pytest.raises(BitstreamError, match="streaminfo"):
        parse_stream_info(b"\x84" + block[1:])
    with pytest.raises(BitstreamError, match="streaminfo"):
        parse_stream_info(block[:30])


@given(data=st.binary(max_size=400), keep=st.integers(0, 60))
def test_random_bytes_give_no_size_beyond_the_end(data: bytes, keep: int) -> None:
    packet = FRAME[:keep] + data
    syntax = FlacSyntax(StreamInfo(0, 44100, 2, 16))
    for at in range(0, len(packet), 3):
        found = syntax.frame(as_array(packet), at, len(packet), final=True)
        assert isinstance(found, int) or at + found.size <= len(packet)


FRAME = encoded(SOUNDS["predicted"])[0]
