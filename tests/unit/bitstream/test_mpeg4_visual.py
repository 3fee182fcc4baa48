"""MPEG-4 Visual samples of a real encoder are read to their exact size, whatever follows them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.mpeg4.visual import VisualSyntax, find_layer, is_packed
from tests.support.codecs.mpeg4 import packed_samples
from tests.support.mpeg4 import Encoding, encode, extradata, read_as

FOUR_VECTORS, QUARTER_SAMPLE, AC_PREDICTION = 1 << 2, 1 << 4, 1 << 24
FIELD_DCT, FIELD_MOTION, HEADERS_APART = 1 << 18, 1 << 29, 1 << 22
SIZE = (176, 144)
BETWEEN = ("bf", "2")
TAILS = (b"", b"\x3c\x11\x22\xff" * 20, bytes(40), b"\0\0\1\xb6" + b"\x55" * 40)
ENCODINGS = {
    "plain": Encoding("mpeg4", SIZE),
    "fine": Encoding("mpeg4", (128, 96), (("qmin", "1"), ("qmax", "1"), BETWEEN)),
    "between": Encoding("mpeg4", SIZE, (BETWEEN, ("qmin", "8"))),
    "between_calm": Encoding("mpeg4", (320, 240), (BETWEEN,), frames=16, calm=True),
    "between_calm_packets": Encoding("mpeg4", (320, 240), (BETWEEN, ("ps", "60")), frames=16, calm=True),
    "between_calm_fields": Encoding("mpeg4", (320, 240), (BETWEEN,), 16, FIELD_DCT | FIELD_MOTION, calm=True),
    "packets": Encoding("mpeg4", SIZE, (("ps", "200"), ("mbd", "1"))),
    "partitions": Encoding("mpeg4", SIZE, (("data_partitioning", "1"),)),
    "partitions_in_packets": Encoding("mpeg4", SIZE, (("data_partitioning", "1"), ("ps", "200"), BETWEEN)),
    "fields": Encoding("mpeg4", SIZE, (BETWEEN,), flags=FIELD_DCT | FIELD_MOTION),
    "quarter_sample": Encoding("mpeg4", SIZE, (BETWEEN, ("mbd", "2")), flags=QUARTER_SAMPLE | FOUR_VECTORS),
    "matrices": Encoding("mpeg4", SIZE, (("mpeg_quant", "1"),), flags=AC_PREDICTION),
    "headers_apart": Encoding("mpeg4", (322, 242), (BETWEEN,), flags=HEADERS_APART),
}


def array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(bytearray(data), np.uint8)


def syntax(name: str, **habits: bool) -> VisualSyntax:
    return VisualSyntax(find_layer(extradata(ENCODINGS[name]) or encode(ENCODINGS[name])[0]), **habits)


def display_shuffled(frames: list[Frame | int]) -> str:
    return "".join("?" if isinstance(f, int) else "I" if f.key else "B" if f.bidirectional else "P" for f in frames)


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_sample_is_read_to_its_exact_size(name: str) -> None:
    samples = encode(ENCODINGS[name])
    for tail in TAILS:
        assert read_as(syntax(name), samples, tail) == [len(sample) for sample in samples]


def test_kinds_are_told() -> None:
    read = syntax("between")
    frames = [read.frame(array(p), 0, len(p), final=True) for p in encode(ENCODINGS["between"])]
    assert display_shuffled(frames)[:4] == "IPBB"


@pytest.mark.parametrize("name", ["plain", "between", "partitions_in_packets", "fields", "between_calm_packets"])
def test_a_sample_cut_short_needs_more(name: str) -> None:
    read = syntax(name)
    for sample in encode(ENCODINGS[name])[:6]:
        for size in {*range(4, 60), *range(60, len(sample), 37), len(sample) - 1}:
            assert size >= len(sample) or read.frame(array(sample), 0, size, final=False) == NEED_MORE, size
        assert isinstance(read.frame(array(sample), 0, len(sample), final=True), Frame)


def test_the_end_of_the_sequence_belongs_to_the_sample() -> None:
    sample = encode(ENCODINGS["plain"])[0]
    assert read_as(syntax("plain"), [sample + b"\0\0\1\xb1"], b"\xff\xd8") == [len(sample) + 4]


def test_packed_samples_hold_two_pictures_only_where_that_is_the_habit() -> None:
    samples = packed_samples(12, 1)
    assert [is_packed(sample) for sample in samples[:4]] == [False, True, False, True]
    layer = find_layer(samples[0])
    assert read_as(VisualSyntax(layer, packed=True), samples, b"\xff" * 9) == [len(sample) for sample in samples]
    apart = read_as(VisualSyntax(layer), samples, b"\xff" * 9)
    assert [told < len(sample) for told, sample in zip(apart, samples, strict=True)][:4] == [False, True, False, True]


def test_other_ends_than_the_standard_s_are_read_only_where_they_are_the_habit() -> None:
    samples = encode(ENCODINGS["packets"])
    assert any(sample[-1] == 0x7F for sample in samples), "no picture of this encoding ends on a whole byte"
    bare = [sample[:-1] + (b"" if sample[-1] == 0x7F else zeroed(sample[-1])) for sample in samples]
    other = [index for index, sample in enumerate(samples) if bare[index] != sample]
    assert {told for index, told in enumerate(read_as(syntax("packets"), bare, b"\x3c\0")) if index in other} == {
        INVALID
    }
    assert read_as(syntax("packets", stuffed=False), bare, b"\x3c\0") == [len(sample) for sample in bare]


def zeroed(byte: int) -> bytes:
    """Return the byte with zeros for the 1s at its end."""
    return bytes([byte & (byte + 1)])


def test_samples_without_any_layer_are_not_taken() -> None:
    sample = encode(ENCODINGS["headers_apart"])[0]
    assert read_as(VisualSyntax(None), [sample], b"") == [INVALID]


def test_a_layer_of_other_data_changes_nothing() -> None:
    read, samples = syntax("headers_apart"), encode(ENCODINGS["headers_apart"])
    other = extradata(ENCODINGS["fields"]) or encode(ENCODINGS["fields"])[0]
    headers = other[: other.find(b"\0\0\1\xb6")] if b"\0\0\1\xb6" in other else other
    for sample in samples:
        assert read_as(read, [headers + b"\0\0\1\xb6" + b"\x5a" * 200], b"") == [INVALID]
        assert read_as(read, [sample], b"\x3c\0") == [len(sample)]


def test_a_layer_that_reads_holds_beside_that_of_the_sample_entry() -> None:
    own, (first, second, *_) = encode(ENCODINGS["headers_apart"])[0], encode(ENCODINGS["plain"])
    assert find_layer(first), "the first picture of this encoding has no layer in front"
    samples = [own, first, second, own]
    assert read_as(syntax("headers_apart"), samples, b"\x3c\0") == [len(sample) for sample in samples]


def test_pictures_between_others_read_the_same_when_asked_again_later() -> None:
    read, samples = syntax("between_calm"), encode(ENCODINGS["between_calm"])
    for _ in range(2):  # the second time with the anchors of the end of the stream
        for sample in samples:
            assert read_as(read, [sample], b"\x3c\0") == [len(sample)]
    for sample in reversed(samples):
        assert read_as(read, [sample], b"\x3c\0") == [len(sample)]


def test_kernels_without_the_jit_read_the_same() -> None:
    check = """
from tests.unit.bitstream.test_mpeg4_visual import ENCODINGS, encode, read_as, syntax
for name in ("between_calm_packets", "partitions", "fields"):
    samples = encode(ENCODINGS[name])[:4]
    assert read_as(syntax(name), samples, b"<") == [len(sample) for sample in samples], name
"""
    subprocess.run(
        [sys.executable, "-c", check], check=True, env={**os.environ, "MEDIARESCUE_NO_JIT": "1"}, timeout=120
    )


@given(st.binary(max_size=400), st.data())
def test_any_bytes_are_survived_and_no_size_runs_over_the_stop(noise: bytes, data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(ENCODINGS)))
    sample = bytearray(data.draw(st.sampled_from(encode(ENCODINGS[name])[:4])))
    at = data.draw(st.integers(0, len(sample)))
    sample[at : at + len(noise)] = noise
    stop = data.draw(st.integers(0, len(sample)))
    got = syntax(name).frame(array(bytes(sample)), 0, stop, final=data.draw(st.booleans()))
    assert (isinstance(got, Frame) and 0 < got.size <= stop) or got in (INVALID, NEED_MORE)
