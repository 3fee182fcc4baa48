from __future__ import annotations

import pytest

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.nal import escape, split_annex_b, split_length_prefixed, unescape_rbsp


@pytest.mark.parametrize(
    ("rbsp", "nal"),
    [
        (b"\x00\x00\x00", b"\x00\x00\x03\x00\x03"),
        (b"\x00\x00\x01", b"\x00\x00\x03\x01"),
        (b"\x00\x00\x03", b"\x00\x00\x03\x03"),
        (b"\x00\x00\x04", b"\x00\x00\x04"),
        (b"\x00\x00\x00\x00\x01", b"\x00\x00\x03\x00\x00\x03\x01"),
    ],
)
def test_emulation_prevention_follows_the_clause(rbsp: bytes, nal: bytes) -> None:
    assert escape(rbsp) == nal


def test_the_byte_behind_a_final_zero_goes_away_too() -> None:
    assert unescape_rbsp(b"\x01\x00\x00\x03") == b"\x01\x00\x00"


def test_length_prefixes_split() -> None:
    assert split_length_prefixed(b"\x00\x02ab\x00\x01c", 2) == [b"ab", b"c"]


def test_a_nal_unit_beyond_the_sample_is_an_error() -> None:
    with pytest.raises(BitstreamError, match="ends at 7, the data at 4"):
        split_length_prefixed(b"\x00\x05ab", 2)


def test_start_codes_of_both_lengths_split_without_zeros() -> None:
    assert split_annex_b(b"\x00\x00\x00\x01ab\x00\x00\x01c\x00\x00\x00\x00\x01d") == [b"ab", b"c", b"d"]
