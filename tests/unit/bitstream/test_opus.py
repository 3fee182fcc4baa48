"""Opus packets: their first bytes, and the likeliest cut of several."""

from __future__ import annotations

import random
import struct
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.opus import ANY_COUNT, PacketModel, learn_packets, packet_ticks, parse_head
from mediarescue.bitstream.opus._kernels import NONE
from mediarescue.bitstream.opus.packet import delimited_size, is_packet
from mediarescue.bitstream.opus.partition import _PIECE
from tests.support.plain_kernels import plain_kernels


@cache
def encoded(seed: int, *, vbr: str = "on", layout: str = "stereo", bit_rate: int = 64000) -> tuple[bytes, ...]:
    """Return the packets of six seconds of voices that come and go."""
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48000, layout, "s16"
    context.time_base, context.bit_rate, context.options = Fraction(1, 48000), bit_rate, {"vbr": vbr}
    channels = context.layout.nb_channels
    t = np.arange(6 * 48000) / 48000
    dice = np.random.default_rng(seed)
    loud = np.repeat(dice.uniform(0, 1, 48), 6000) ** 3
    sound = sum(np.sin(2 * np.pi * 140 * h * t + 9 * np.sin(t * 4 + seed)) / h for h in range(1, 20)) * loud
    block = np.repeat(((sound + dice.normal(0, 0.02, len(t))) * 6000).astype(np.int16)[:, np.newaxis], channels, axis=1)
    packets = []
    for start in range(0, len(t), 960):
        part = np.ascontiguousarray(block[start : start + 960]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        packets += context.encode(frame)
    return tuple(bytes(packet) for packet in packets)


def model_of(packets: tuple[bytes, ...], streams: int = 1) -> PacketModel:
    model = learn_packets(packets, streams)
    assert model is not None
    return model


def cut_up(model: PacketModel, data: bytes, *, tail: bool = False) -> list[int]:
    found = model.partition(np.frombuffer(data, dtype=np.uint8), tail=tail)
    assert found is not None
    return found[0]


def right(packets: tuple[bytes, ...], sizes: list[int]) -> float:
    def ends(sizes: list[int]) -> set[tuple[int, int]]:
        borders = np.concatenate(([0], np.cumsum(sizes))).tolist()
        return set(pairwise(borders))

    return len(ends([len(packet) for packet in packets]) & ends(sizes)) / len(packets)


@pytest.mark.parametrize(
    ("head", "ticks"),
    [(b"\x00", 480), (b"\x18", 2880), (b"\x60", 480), (b"\x68", 960), (b"\x80", 120), (b"\xfc", 960), (b"\xfd", 1920),
     (b"\xff\x03", 2880), (b"\x1b\x3f", 0), (b"\xff\x00", 0), (b"", 0)],
)  # fmt: skip
def test_the_first_bytes_tell_the_duration(head: bytes, ticks: int) -> None:
    assert packet_ticks(head) == ticks


def test_a_packet_of_constant_rate_is_found_exactly() -> None:
    model = model_of(encoded(1, vbr="off"))
    take = encoded(2, vbr="off")
    assert model.exact
    assert cut_up(model, b"".join(take)) == [len(packet) for packet in take]


def test_most_packets_of_a_variable_rate_are_found() -> None:
    model, take = model_of(encoded(1)), encoded(2)
    assert not model.exact
    assert right(take, cut_up(model, b"".join(take))) > 0.8
    pairs = [take[i : i + 2] for i in range(0, len(take), 2)]
    assert sum(right(pair, cut_up(model, b"".join(pair))) for pair in pairs) > 0.85 * len(pairs)


def test_long_data_are_cut_up_piece_by_piece() -> None:
    model, take = model_of(encoded(1)), 20 * encoded(2)
    assert len(b"".join(take)) > 8 * _PIECE
    assert right(take, cut_up(model, b"".join(take))) > 0.8
    assert right(take, cut_up(model, b"".join(take) + b"\0" * 5 * model.largest, tail=True)) > 0.8


def test_other_modes_of_the_same_duration_may_start() -> None:
    model = model_of(encoded(1))
    assert {packet[0] for packet in encoded(1)} == {0xFC}
    assert model.may_start(b"\x7c")
    assert not model.may_start(b"\xf4")
    assert not model.may_start(b"\xfd")
    assert not model.may_start(b"")


def test_the_number_of_packets_is_weighed() -> None:
    model, take = model_of(encoded(1)), encoded(2)
    counts = np.array([90_000, 90_000, 90_000, 0, 90_000], dtype=np.int64)
    for start in range(0, 60, 3):
        found = model.partition(np.frombuffer(b"".join(take[start : start + 3]), dtype=np.uint8), counts)
        assert found is not None
        assert len(found[0]) == 3


def test_parts_of_surround_sound_tell_their_lengths() -> None:
    """All streams of a sample but the last one are delimited: few places are left where a sample may start."""
    reference, take = (encoded(seed, layout="5.1", bit_rate=256000) for seed in (1, 2))
    assert all(delimited_size(packet, 0) > 0 for packet in take)
    model = model_of(reference, 4)
    assert right(take, cut_up(model, b"".join(take))) > 0.95


def test_a_packet_cut_short_at_the_end_is_left_out() -> None:
    model, take = model_of(encoded(1, vbr="off")), encoded(2, vbr="off")
    data = b"".join(take)[: -len(take[-1]) // 2]
    assert cut_up(model, data, tail=True) == [len(packet) for packet in take[:-1]]


def test_bytes_that_begin_otherwise_are_no_packets() -> None:
    model = model_of(encoded(1))
    assert model.partition(np.frombuffer(b"\x02" + random.Random(1).randbytes(900), dtype=np.uint8)) is None
    assert model.partition(np.zeros(0, dtype=np.uint8)) is None


def test_uncompiled_kernels_cut_alike() -> None:
    plain = plain_kernels("mediarescue.bitstream.opus._kernels")
    model, take = model_of(encoded(1)), encoded(2)
    data = np.frombuffer(b"".join(take[:12]), dtype=np.uint8)
    starts = model._starts(data)
    positions, cost, out = np.append(starts, len(data)), model._costs(data, starts), np.zeros(len(starts) + 1, np.int64)
    ending = np.full(len(positions), NONE, dtype=np.int64)
    ending[-1] = 0
    used = plain.partition(positions, cost, ending, model.deviation, model.numbers, ANY_COUNT, out)
    assert np.diff(positions[out[:used]]).tolist() == cut_up(model, data.tobytes())


@given(st.binary(max_size=3000), st.booleans())
def test_random_bytes_never_raise_and_are_cut_up_from_end_to_end(data: bytes, tail: bool) -> None:
    found = model_of(encoded(1)).partition(np.frombuffer(data, dtype=np.uint8), tail=tail)
    if found is not None:
        assert min(found[0]) > 0
        assert sum(found[0]) <= len(data) if tail else sum(found[0]) == len(data)
    assert delimited_size(data, 0) >= 0
    assert is_packet(data) in (True, False)


def test_the_configuration_tells_channels_and_streams() -> None:
    fixed = struct.pack(">BBHIh", 0, 6, 312, 48000, 0)
    assert parse_head(fixed + bytes([1, 4, 2, 0, 4, 1, 2, 3, 5])).streams == 4
    assert parse_head(fixed + b"\0").streams == 1
    for payload in (b"", fixed, fixed + b"\1"):
        with pytest.raises(BitstreamError):
            parse_head(payload)
