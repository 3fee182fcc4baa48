"""Timed metadata and text: samples are read to their size, cut ones are known, random bytes are nobody's."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame, FrameSyntax
from mediarescue.bitstream.metadata import (
    BoxedSyntax,
    CammSyntax,
    ProtobufSyntax,
    RtmdSyntax,
    RtpHintSyntax,
    TimedTextSyntax,
    XmlTextSyntax,
)
from tests.support.boxes import box
from tests.support.codecs import metadata as made

CAPTIONS = frozenset((b"cdat", b"cdt2"))
CUES = frozenset((b"vttc", b"vtte", b"vtta"))


def of(samples: Callable[[random.Random, int], list[bytes]], count: int = 30) -> list[bytes]:
    return samples(random.Random(7), count)


def hints() -> list[bytes]:
    """Return hint samples of one to four packets, the last constructor of each in the sample's own bytes."""
    noise, out = random.Random(3), []
    for count in (1, 2, 4, 1, 3):
        table, own = b"", noise.randbytes(20 + count)
        size = 4 + count * 44
        for n in range(count):
            table += struct.pack(">iBBHHH", n, 0x80, 0x60, n, 0, 2)
            table += b"\x01\x02\x7c\x85" + bytes(12)
            table += struct.pack(">BBHIIHH", 2, 0xFF, len(own), 1, size, 1, 1)
        out.append(struct.pack(">HH", count, 0) + table + own)
    return out


CASES: dict[str, tuple[FrameSyntax, list[bytes]]] = {
    "camm": (CammSyntax((2, 3, 5, 6)), of(made.camm_samples)),
    "rtmd": (RtmdSyntax((1024,)), of(made.rtmd_samples)),
    "protobuf": (ProtobufSyntax(of(made.protobuf_samples)), of(made.protobuf_samples)),
    "captions": (BoxedSyntax(of(made.caption_samples), CAPTIONS), of(made.caption_samples)),
    "cues": (BoxedSyntax(of(made.cue_samples), CUES), of(made.cue_samples)),
    "text": (TimedTextSyntax(of(made.text_samples)), of(made.text_samples)),
    "subtitles": (TimedTextSyntax(of(made.subtitle_samples)), of(made.subtitle_samples)),
    "xml": (XmlTextSyntax(of(made.document_samples)), of(made.document_samples)),
    "rtp": (RtpHintSyntax(), hints()),
}
every = pytest.mark.parametrize("name", CASES)


def frame(syntax: FrameSyntax, data: bytes, stop: int | None = None, *, final: bool = True) -> Frame | int:
    return syntax.frame(
        np.frombuffer(bytearray(data), dtype=np.uint8), 0, len(data) if stop is None else stop, final=final
    )


@every
def test_each_sample_is_read_to_its_size_whatever_follows(name: str) -> None:
    syntax, samples = CASES[name]
    for sample, after in zip(samples, [*samples[1:], b"\x21\x4e"], strict=True):
        for behind in (after, b"\x21\x4e\x80\x77" * 4, b"\0\0\x12\x34\x65\x88\x84\x21" * 2):
            found = frame(syntax, sample + behind)
            assert isinstance(found, Frame), (sample[:40], behind[:8])
            assert found.size == len(sample)


@every
def test_a_cut_sample_asks_for_more(name: str) -> None:
    syntax, samples = CASES[name]
    sample = max(samples, key=len)
    for left in range(max(32, len(sample) // 3), len(sample)):
        assert frame(syntax, sample[:left]) == NEED_MORE, f"{left} of {len(sample)} bytes"


@every
def test_zeros_are_no_sample(name: str) -> None:
    assert frame(CASES[name][0], bytes(4000)) in (INVALID, NEED_MORE)


@every
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300), at=st.integers(0, 40), stop=st.integers(0, 300), final=st.booleans())
def test_random_bytes_never_raise_nor_reach_beyond_the_stop(
    name: str, data: bytes, at: int, stop: int, final: bool
) -> None:
    syntax, samples = CASES[name]
    for mixed in (data, samples[0][:at] + data, data[:at] + samples[1]):
        buf = np.frombuffer(bytearray(mixed), dtype=np.uint8)
        end = min(stop, len(buf))
        begin = min(at, end)
        found = syntax.frame(buf, begin, end, final=final)
        assert isinstance(found, int) or 0 < found.size <= end - begin
        hit = syntax.find(buf, begin, end, len(buf))
        assert hit == -1 or begin <= hit < end


def test_a_box_that_only_some_samples_have_belongs_to_the_one_it_follows() -> None:
    first, both = box(b"cdat", b"\x94\x2c"), box(b"cdat", b"\x94\x2c") + box(b"cdt2", b"\x80\x80")
    syntax = BoxedSyntax([first, first, first, both], CAPTIONS)
    found = [frame(syntax, sample + behind) for sample in (first, both) for behind in (first, b"\x21\x4e\x80")]
    assert [f.size for f in found if isinstance(f, Frame)] == [10, 10, 20, 20]


def test_an_empty_text_is_weak_evidence_and_zeros_behind_it_none() -> None:
    syntax = TimedTextSyntax([b"\0\x02Hi", b"\0\0"])
    empty = frame(syntax, b"\0\0\0\0\x12\x34")
    assert isinstance(empty, Frame)
    assert empty.evidence is not None
    assert empty.evidence < 3
    assert frame(syntax, bytes(6)) == INVALID


def test_text_that_is_not_utf8_is_read_where_the_reference_has_such() -> None:
    latin = struct.pack(">H", 12) + "Schöne Füße!".encode("latin-1")
    found = frame(TimedTextSyntax([latin]), latin + b"\x21\x4e")
    assert isinstance(found, Frame)
    assert found.size == 14
    assert frame(TimedTextSyntax([b"\0\x02Hi"]), latin) == INVALID


def test_a_padded_size_is_chosen_by_what_fits_and_what_follows() -> None:
    short = made.rtmd_samples(random.Random(1), 1)[0]
    long = short.ljust(2048, b"\0")
    syntax = RtmdSyntax((1024, 2048))
    sizes = [frame(syntax, sample + short) for sample in (short, long)]
    assert [found.size for found in sizes if isinstance(found, Frame)] == [1024, 2048]
