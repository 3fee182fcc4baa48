from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mediarescue.bitstream.aac.tables import (
    COUNT_SHIFT,
    LOOK_BITS,
    MAX_WORDS,
    SCALE_AT,
    SCALE_TAIL_AT,
    SCALE_TAIL_BASE_AT,
    SCALE_TAIL_BITS,
    lookup_tables,
)
from mediarescue.bitstream.aac.tables_bands import band_offsets
from mediarescue.bitstream.aac.tables_huffman import SCALE_FACTOR_BOOK, SPECTRAL_BOOKS, HuffmanBook
from tests.support.aac_writer import SCALE_CODES, SPECTRAL_CODES

BOOKS = [*SPECTRAL_BOOKS.values(), SCALE_FACTOR_BOOK]


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: f"{book.base}^{book.dimension}")
def test_every_book_is_a_complete_code_of_all_its_indices(book: HuffmanBook) -> None:
    assert sorted(book.order) == list(range(book.base**book.dimension))
    assert len(book.lengths) == len(book.order)
    assert sum(Fraction(1, 2**size) for size in book.lengths) == 1


def test_known_code_words_are_where_the_standard_has_them() -> None:
    # Zero in each book, and a few of the longest, as printed in ISO/IEC 14496-3 4.A.
    zero = {1: (0, 1), 2: (0, 3), 3: (0, 1), 4: (7, 4), 5: (0, 1), 6: (0, 4), 7: (0, 1), 8: (0xE, 5), 9: (0, 1)}
    for number, code in {**zero, 10: (0x22, 6), 11: (0, 4)}.items():
        index = 40 if number in (1, 2, 5, 6) else 0
        assert SPECTRAL_CODES[number][index] == code
    assert SPECTRAL_CODES[11][288] == (4, 5)
    assert SPECTRAL_CODES[3][62] == (0xFFFF, 16)
    assert SCALE_CODES[60] == (0, 1)
    assert SCALE_CODES[0] == (0x3FFE8, 18)
    assert SCALE_CODES[13] == (0x7FFFF, 19)


@pytest.mark.parametrize("number", range(1, 12))
def test_a_look_up_steps_over_as_many_code_words_as_reading_one_by_one(number: int) -> None:
    book = SPECTRAL_BOOKS[number]
    codes = {(size, code): index for index, (code, size) in SPECTRAL_CODES[number].items()}
    tables = lookup_tables()
    for value in range(0, 1 << LOOK_BITS, 7):
        taken: list[int] = []
        pos = 0
        while len(taken) < MAX_WORDS and pos <= LOOK_BITS:
            sizes = range(1, LOOK_BITS - pos + 1)
            found = [s for s in sizes if (s, (value >> (LOOK_BITS - pos - s)) & ((1 << s) - 1)) in codes]
            if not found:
                break
            index = codes[found[0], (value >> (LOOK_BITS - pos - found[0])) & ((1 << found[0]) - 1)]
            digits = [index // book.base**k % book.base for k in range(book.dimension)]
            if number == 11 and 16 in digits:
                break
            pos += found[0] + (0 if book.signed else sum(digit != 0 for digit in digits))
            taken.append(pos)
        entry = int(tables[(number << LOOK_BITS) + value])
        assert entry >> COUNT_SHIFT == len(taken)
        assert [(entry >> (5 * k)) & 31 for k in range(1, len(taken) + 1)] == taken


def test_scale_factor_look_ups_give_every_code_word() -> None:
    tables = lookup_tables()
    for index, (code, size) in SCALE_CODES.items():
        look = code << (SCALE_TAIL_BITS - size)
        word = int(tables[SCALE_AT + (look >> (SCALE_TAIL_BITS - LOOK_BITS))])
        if word == 0:
            word = int(tables[SCALE_TAIL_AT + look - tables[SCALE_TAIL_BASE_AT]])
        assert (word >> 8, word & 255) == (size, index)


@pytest.mark.parametrize(("index", "long", "short"), [(0, 41, 12), (2, 47, 12), (4, 49, 14), (5, 51, 14), (7, 47, 15)])
def test_the_bands_are_as_many_as_the_standard_lists(index: int, long: int, short: int) -> None:
    offsets = band_offsets(index, 1024)
    assert [len(window) - 1 for window in offsets] == [long, short]
    assert [window[-1] for window in offsets] == [1024, 128]


@pytest.mark.parametrize(("index", "long"), [(0, 40), (2, 46), (3, 49), (5, 49), (6, 46), (8, 42), (11, 40)])
def test_960_line_frames_have_their_own_band_counts(index: int, long: int) -> None:
    bands, short = band_offsets(index, 960)
    assert (len(bands) - 1, bands[-1], short[-1]) == (long, 960, 120)
    assert all(np.diff(bands) % 4 == 0)
