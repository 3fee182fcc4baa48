"""ProRes frames, sized by their first bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.prores import PRORES, PRORES_RAW, ProResSyntax, frame_size
from tests.support.codecs._pictures import encoded_pictures
from tests.support.codecs.prores import raw_frames


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


@pytest.mark.parametrize("profile", ["0", "3", "5"])
@pytest.mark.parametrize("flags", ["", "+ildct"])
def test_frames_of_an_encoder_are_read_to_the_byte(profile: str, flags: str) -> None:
    pix_fmt = "yuv444p10le" if profile == "5" else "yuv422p10le"
    options = {"profile": profile, **({"flags": flags} if flags else {})}
    frames = encoded_pictures("prores_ks", 2, seed=1, size=(322, 178), pix_fmt=pix_fmt, options=options)
    assert frame_size(frames[0]) == (322, 178)
    buf = array(b"".join(frames) + b"PCM")
    for at, frame in ((0, frames[0]), (len(frames[0]), frames[1])):
        assert ProResSyntax({(322, 178)}).frame(buf, at, len(buf), final=True) == Frame(len(frame))
        assert ProResSyntax({(320, 178)}).frame(buf, at, len(buf), final=True) == INVALID
        assert ProResSyntax(set()).frame(buf, at, at + len(frame) - 1, final=True) == NEED_MORE


def test_raw_frames_are_no_others() -> None:
    frames = raw_frames(2, 1)
    buf = array(b"".join(frames))
    syntax = ProResSyntax({(512, 64)}, PRORES_RAW)
    assert syntax.frame(buf, 0, len(buf), final=True) == Frame(len(frames[0]))
    assert syntax.find(buf, 1, len(buf), len(buf)) == len(frames[0])
    assert ProResSyntax(set()).frame(buf, 0, len(buf), final=True) == INVALID


@given(st.binary(max_size=300), st.sampled_from([PRORES, PRORES_RAW]), st.booleans())
def test_no_bytes_raise_or_give_a_size_beyond_the_end(data: bytes, identifier: bytes, final: bool) -> None:
    buf = array(b"\0\0\0\x40" + identifier + data)
    syntax = ProResSyntax(set(), identifier)
    frame = syntax.frame(buf, 0, len(buf), final=final)
    assert frame in (INVALID, NEED_MORE) or (isinstance(frame, Frame) and 0 < frame.size <= len(buf))
