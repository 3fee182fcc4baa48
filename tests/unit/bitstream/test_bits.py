from __future__ import annotations

import pytest

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError


def test_fixed_and_exp_golomb_values_read_back() -> None:
    # 1 | 101 | ue 0, 1, 2, 3 | se 0, 1, -1 | stop bit
    bits = "1" + "101" + "1" + "010" + "011" + "00100" + "1" + "010" + "011" + "1"
    bits += "0" * (-len(bits) % 8)
    reader = BitReader(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    assert reader.flag()
    assert reader.u(3) == 5
    assert [reader.ue() for _ in range(4)] == [0, 1, 2, 3]
    assert [reader.se() for _ in range(2)] == [0, 1]
    assert reader.more_rbsp_data()
    assert reader.se() == -1
    assert not reader.more_rbsp_data()


def test_the_end_of_the_data_is_an_error() -> None:
    reader = BitReader(b"\xff")
    reader.skip(7)
    with pytest.raises(BitstreamError, match="9 are needed"):
        reader.u(2)


def test_endless_zeros_are_no_exp_golomb_code() -> None:
    with pytest.raises(BitstreamError, match="leading zeros"):
        BitReader(bytes(16)).ue()


def test_a_value_above_its_maximum_names_its_field() -> None:
    with pytest.raises(BitstreamError, match="chroma_format_idc is 4, at most 3"):
        BitReader(b"\x28").bounded_ue("chroma_format_idc", 3)


def test_nothing_is_left_in_empty_or_zero_data() -> None:
    assert not BitReader(b"").more_rbsp_data()
    assert not BitReader(bytes(3)).more_rbsp_data()
