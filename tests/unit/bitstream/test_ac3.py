"""Syncframes: sizes by real encoders and by the tables, and samples of several substreams."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.ac3 import Ac3Syntax, parse_syncframe
from mediarescue.bitstream.columns import INVALID, NEED_MORE
from tests.support.codecs.ac3 import syncframe
from tests.support.packets import as_array, encoded_sound


@pytest.mark.parametrize("rate", [48000, 44100, 32000])
@pytest.mark.parametrize(("codec", "bits"), [("ac3", 96000), ("ac3", 448000), ("eac3", 64000), ("eac3", 320000)])
def test_an_encoders_frames_are_read_to_their_size(codec: str, bits: int, rate: int) -> None:
    packets = encoded_sound(codec, rate, bits, seconds=0.4)
    syntax = Ac3Syntax(packets)
    data, at = as_array(b"".join(packets)), 0
    for packet in packets:
        frame = syntax.frame(data, at, len(data), final=False)
        assert not isinstance(frame, int)
        assert (frame.size, frame.ticks * rate) == (len(packet), 1536 * syntax.rate)
        for left in (1, 3, 6, len(packet) // 2, len(packet) - 1):
            assert syntax.frame(data, at, at + left, final=True) == NEED_MORE
        at += len(packet)


@pytest.mark.parametrize(
    ("head", "size", "rate"),
    [
        ("0b770000004040", 128, 48000),  # 32 kbit/s
        ("0b770000404040", 138, 44100),
        ("0b770000414040", 140, 44100),  # the longer frame of 44.1 kHz
        ("0b770000a44040", 3840, 32000),  # 640 kbit/s
        ("0b770000004840", 128, 24000),  # bsid 9: half the frequency
        ("0b770107e48000", 528, 16000),  # E-AC-3 at a reduced frequency, six blocks
    ],
)
def test_headers_no_encoder_here_makes(head: str, size: int, rate: int) -> None:
    frame = parse_syncframe(bytes.fromhex(head))
    assert frame is not None
    assert (frame.size, frame.sampling_frequency) == (size, rate)


@pytest.mark.parametrize(
    "head", ["0b770000c04000", "0b770000264000", "0b77000000f800", "0b77c0ff308000", "0b780000004000"]
)
def test_reserved_values_are_no_header(head: str) -> None:
    assert parse_syncframe(bytes.fromhex(head)) is None


def parts(seed: int, *substreams: tuple[int, int]) -> bytes:
    source = random.Random(seed)
    return b"".join(syncframe(kind, number, 100 + 2 * source.randrange(60), source) for kind, number in substreams)


def test_a_sample_ends_with_the_last_of_its_substreams() -> None:
    order = ((0, 0), (1, 0), (0, 0), (1, 0))
    samples = [parts(seed, *order) for seed in range(5)]
    syntax = Ac3Syntax(samples)
    for following in (samples[1], b"\0\0\1\x65" * 9, parts(9, (0, 1))):
        data = as_array(samples[0] + following)
        frame = syntax.frame(data, 0, len(data), final=False)
        assert not isinstance(frame, int)
        assert (frame.size, frame.ticks * 48000) == (len(samples[0]), 1536 * syntax.rate)


def test_a_sample_cut_before_its_dependent_substream_waits_for_it() -> None:
    samples = [parts(seed, (0, 0), (1, 0)) for seed in range(3)]
    syntax = Ac3Syntax(samples)
    first = len(parts(0, (0, 0)))
    data = as_array(samples[0])
    assert syntax.frame(data, 0, first, final=False) == NEED_MORE
    assert syntax.frame(data, 0, first + 4, final=True) == NEED_MORE
    assert syntax.frame(data, first, len(data), final=True) == INVALID


def test_a_converted_core_may_be_followed_by_more_channels() -> None:
    core = encoded_sound("ac3", 48000, 448000, "5.1(side)", seconds=0.3)
    samples = [packet + parts(seed, (1, 0)) for seed, packet in enumerate(core)]
    syntax = Ac3Syntax(samples)
    data = as_array(b"".join(samples))
    frame = syntax.frame(data, 0, len(data), final=False)
    assert not isinstance(frame, int)
    assert frame.size == len(samples[0])


@given(data=st.binary(max_size=300), lead=st.sampled_from(["", "0b770000004040", "0b7700313f8000"]))
def test_random_bytes_give_no_size_beyond_the_end(data: bytes, lead: str) -> None:
    syntax = Ac3Syntax([bytes.fromhex("0b770000004040") + bytes(121), parts(1, (0, 0), (1, 0))])
    data = bytes.fromhex(lead) + data
    for at in range(len(data)):
        frame = syntax.frame(as_array(data), at, len(data), final=True)
        assert isinstance(frame, int) or at + frame.size <= len(data)
