"""H.263 pictures of a real encoder are read to their exact size, whatever follows them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.mpeg4.h263 import H263Syntax, parse_picture_header
from tests.support.mpeg4 import Encoding, encode, read_as

ADVANCED_INTRA, DEBLOCKING, FOUR_VECTORS = 1 << 24, 1 << 11, 1 << 2
TAILS = (b"", b"\x3c\x11\x22\xff" * 20, bytes(40), b"\xff" * 40)
ENCODINGS = {
    "qcif": Encoding("h263", (176, 144)),
    "sub_qcif_fine": Encoding("h263", (128, 96), (("qmin", "1"), ("qmax", "1"))),
    "4cif_two_rows_a_group": Encoding("h263", (704, 576), (("ps", "300"),), frames=4),
    "group_headers_and_changing_quantiser": Encoding(
        "h263", (352, 288), (("ps", "300"), ("mbd", "1"), ("qmax", "31")), bit_rate=300_000
    ),
    "four_vectors": Encoding("h263", (176, 144), flags=FOUR_VECTORS),
    "custom_size": Encoding("h263p", (320, 240)),
    "unrestricted_vectors": Encoding("h263p", (352, 288), (("umv", "1"),)),
    "advanced_intra_and_quantiser": Encoding("h263p", (176, 144), (("qmin", "1"), ("qmax", "2")), flags=ADVANCED_INTRA),
    "alternative_inter_codes": Encoding("h263p", (352, 288), (("aiv", "1"), ("qmin", "1"), ("qmax", "2"))),
    "deblocking": Encoding("h263p", (176, 144), flags=DEBLOCKING),
    "slices": Encoding("h263p", (640, 480), (("structured_slices", "1"), ("ps", "300")), frames=5),
}


def array(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(bytearray(data), np.uint8)


def syntax(encoding: Encoding) -> H263Syntax:
    return H263Syntax(parse_picture_header(encode(encoding)[0]))


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_picture_is_read_to_its_exact_size(name: str) -> None:
    read = syntax(ENCODINGS[name])
    pictures = encode(ENCODINGS[name])
    for tail in TAILS:
        assert read_as(read, pictures, tail) == [len(picture) for picture in pictures]
    assert [read.frame(array(p), 0, len(p), final=True).key for p in pictures][:2] == [True, False]  # type: ignore[union-attr]


def test_an_end_of_sequence_code_belongs_to_the_picture() -> None:
    picture = encode(ENCODINGS["qcif"])[3]
    assert read_as(syntax(ENCODINGS["qcif"]), [picture + b"\0\0\xfc"], b"\x3c\0") == [len(picture) + 3]


@pytest.mark.parametrize("name", ["qcif", "slices", "advanced_intra_and_quantiser"])
def test_a_picture_cut_short_needs_more(name: str) -> None:
    read = syntax(ENCODINGS[name])
    for picture in encode(ENCODINGS[name])[:3]:
        for size in {*range(3, 60), *range(60, len(picture), 41), len(picture) - 1}:
            assert read.frame(array(picture), 0, size, final=False) == NEED_MORE, size


def test_pictures_of_another_size_are_not_taken() -> None:
    other = encode(ENCODINGS["four_vectors"])[0]
    assert syntax(ENCODINGS["sub_qcif_fine"]).frame(array(other), 0, len(other), final=True) == INVALID


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("10 000 010 0 0100 01000 0 0", id="arithmetic coding"),
        pytest.param("10 000 010 1 0001 01000 0 0", id="PB-frames"),
        pytest.param("10 000 010 0 0000 00000 0 0", id="quantiser 0"),
        pytest.param("10 000 000 0 0000 00001 0 0", id="no source format"),
        pytest.param("10 000 111 000 000 000001 0 00001 0", id="modes never told"),
    ],
)
def test_what_is_not_read_is_refused(header: str) -> None:
    bits = "0000000000000000100000" + "00000000" + header.replace(" ", "")
    data = int(bits.ljust(256, "0"), 2).to_bytes(32, "big")
    with pytest.raises(BitstreamError):
        parse_picture_header(data)
    assert H263Syntax().frame(array(data * 4), 0, 128, final=True) == INVALID


@given(st.binary(max_size=400), st.data())
def test_any_bytes_are_survived_and_no_size_runs_over_the_stop(noise: bytes, data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(ENCODINGS)))
    picture = bytearray(data.draw(st.sampled_from(encode(ENCODINGS[name])[:3])))
    at = data.draw(st.integers(0, len(picture)))
    picture[at : at + len(noise)] = noise
    stop = data.draw(st.integers(0, len(picture)))
    got = syntax(ENCODINGS[name]).frame(array(bytes(picture)), 0, stop, final=data.draw(st.booleans()))
    assert (isinstance(got, Frame) and 0 < got.size <= stop) or got in (INVALID, NEED_MORE)
