"""DNxHD and DNxHR coding units, sized by their headers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.vc3 import Vc3Syntax, learn_vc3
from tests.support.codecs._pictures import encoded_pictures
from tests.support.codecs.dnxhd import interlaced


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def learned(samples: list[bytes]) -> Vc3Syntax:
    syntax = learn_vc3(samples)
    assert syntax is not None
    return syntax


def units(profile: str, pix_fmt: str, size: tuple[int, int], bit_rate: int = 0) -> list[bytes]:
    options = {"profile": profile}
    return encoded_pictures("dnxhd", 2, seed=1, pix_fmt=pix_fmt, size=size, options=options, bit_rate=bit_rate)


@pytest.mark.parametrize(
    ("profile", "pix_fmt", "size", "bit_rate"),
    [
        ("dnxhr_lb", "yuv422p", (256, 120), 0),
        ("dnxhr_lb", "yuv422p", (1000, 700), 0),
        ("dnxhr_sq", "yuv422p", (640, 360), 0),
        ("dnxhr_hqx", "yuv422p10le", (2048, 858), 0),
        ("dnxhr_444", "yuv444p10le", (640, 360), 0),
        ("dnxhd", "yuv422p", (1280, 720), 60_000_000),
        ("dnxhd", "yuv422p", (1920, 1080), 36_000_000),
        ("dnxhd", "yuv422p10le", (1920, 1080), 185_000_000),
        ("dnxhd", "yuv422p", (960, 720), 42_000_000),
    ],
)
def test_the_header_tells_the_encoders_sizes_without_having_seen_them(
    profile: str, pix_fmt: str, size: tuple[int, int], bit_rate: int
) -> None:
    samples = units(profile, pix_fmt, size, bit_rate)
    header_only = learned([samples[0] + b"more"])
    buf = array(b"".join(samples) + b"more")
    assert header_only.frame(buf, 0, len(buf), final=True) == Frame(len(samples[0]) + 4)
    syntax = learned(samples)
    assert syntax.frame(buf, 0, len(buf), final=True) == Frame(len(samples[0]))
    assert syntax.frame(buf, 0, len(samples[0]) - 1, final=True) == NEED_MORE
    assert syntax.frame(buf, 1, len(buf), final=True) == INVALID
    assert syntax.find(buf, 1, len(buf), len(buf)) == len(samples[0])


def test_another_quality_of_the_same_camera_is_read_by_its_identifier() -> None:
    syntax = learned(units("dnxhr_lb", "yuv422p", (640, 360)))
    other = units("dnxhr_sq", "yuv422p", (640, 360))[0]
    assert syntax.frame(array(other), 0, len(other), final=True) == Frame(len(other))


def test_two_fields_and_what_stands_behind_them_are_one_sample() -> None:
    samples = interlaced(3, 1)
    syntax = learned(samples)
    buf = array(b"".join(samples))
    assert syntax.frame(buf, 0, len(buf), final=True) == Frame(len(samples[0]))
    second_field = (len(samples[0]) - 4) // 2
    assert syntax.frame(buf, second_field, len(buf), final=True) == INVALID


def test_units_of_a_size_no_table_tells_are_learned() -> None:
    sample = units("dnxhr_lb", "yuv422p", (256, 120))[0] + bytes(1000)
    syntax = learned([sample] * 3)
    assert syntax.frame(array(sample * 2), 0, 2 * len(sample), final=True) == Frame(len(sample))


def test_what_is_no_coding_unit_teaches_nothing() -> None:
    assert learn_vc3([]) is None
    assert learn_vc3([bytes(5000), b"\0\0\2\x80"]) is None


_HEAD = units("dnxhr_lb", "yuv422p", (256, 120))[0][:64]
_SYNTAX = learned([units("dnxhr_lb", "yuv422p", (256, 120))[0]])


@given(st.binary(max_size=200), st.integers(0, 64), st.booleans())
def test_no_bytes_raise_or_give_a_size_beyond_the_end(data: bytes, keep: int, final: bool) -> None:
    buf = array(_HEAD[:keep] + data)
    frame = _SYNTAX.frame(buf, 0, len(buf), final=final)
    assert frame in (INVALID, NEED_MORE)
    assert -1 <= _SYNTAX.find(buf, 0, len(buf), len(buf)) < max(len(buf), 1)
