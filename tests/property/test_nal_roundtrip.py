from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.nal import (
    escape,
    join_length_prefixed,
    split_annex_b,
    split_length_prefixed,
    unescape_rbsp,
)

# Mostly the bytes that matter for emulation prevention.
RBSP = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]), max_size=60).map(bytes)


@given(RBSP)
def test_unescape_undoes_escape(rbsp: bytes) -> None:
    escaped = escape(rbsp)
    tail = b"\x03" if rbsp.endswith(b"\x00") else b""
    assert unescape_rbsp(escaped) in (rbsp, rbsp + tail)


@given(RBSP)
def test_no_start_code_survives_escaping(rbsp: bytes) -> None:
    escaped = escape(rbsp)
    assert not any(code in escaped for code in (b"\x00\x00\x00", b"\x00\x00\x01", b"\x00\x00\x02"))


@given(st.lists(RBSP.filter(bool), max_size=6), st.sampled_from([1, 2, 4]))
def test_length_prefixes_round_trip(nals: list[bytes], size: int) -> None:
    assert split_length_prefixed(join_length_prefixed(nals, size), size) == nals


@given(st.lists(RBSP.map(lambda rbsp: b"\x65" + escape(rbsp + b"\x80")), max_size=6))
def test_annex_b_gives_back_what_was_joined(nals: list[bytes]) -> None:
    assert split_annex_b(b"".join(b"\x00\x00\x00\x01" + nal for nal in nals)) == nals
