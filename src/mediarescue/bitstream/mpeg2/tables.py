"""Variable length codes of ISO/IEC 13818-2 Annex B, as the kernels look them up.

An entry is ``code length | value << 8``, 0 where no code begins with the bits looked up. The tables lie in one int64
array, each at its base.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

COEFFICIENT_BITS, INCREMENT_BITS, PATTERN_BITS, TYPE_BITS, MOTION_BITS, DC_BITS = 16, 11, 9, 6, 10, 10
TABLE_ZERO = 0
TABLE_ONE = TABLE_ZERO + (1 << COEFFICIENT_BITS)
INCREMENT = TABLE_ONE + (1 << COEFFICIENT_BITS)
PATTERN = INCREMENT + (1 << INCREMENT_BITS)
TYPES = PATTERN + (1 << PATTERN_BITS)
"""Macroblock types of I, P and B pictures, one behind the other."""
MOTION = TYPES + 3 * (1 << TYPE_BITS)
DC_LUMINANCE = MOTION + (1 << MOTION_BITS)
DC_CHROMINANCE = DC_LUMINANCE + (1 << DC_BITS)
TABLES_SIZE = DC_CHROMINANCE + (1 << DC_BITS)

END_OF_BLOCK, ESCAPE = 64, 65
"""In place of a run of zeros."""
INCREMENT_ESCAPE, INCREMENT_STUFFING = 64, 65
QUANT, FORWARD, BACKWARD, CODED, INTRA = 1, 2, 4, 8, 16
"""Flags of a macroblock type."""

_INCREMENT = (
    *(("1", 1), ("011", 2), ("0011", 2), ("00011", 2), ("0000111", 2), ("00001011", 6)),
    *(("0000010111", 6), ("00000100011", 12)),
)
"""First code and how many follow, each one less than the one before (Table B.1)."""
_INTRA_TYPES = {"1": INTRA, "01": INTRA | QUANT}
_FORWARD_TYPES = {
    "1": FORWARD | CODED,
    "01": CODED,
    "001": FORWARD,
    "00011": INTRA,
    "00010": QUANT | FORWARD | CODED,
    "00001": QUANT | CODED,
    "000001": QUANT | INTRA,
}
_BOTH_TYPES = {
    "10": FORWARD | BACKWARD,
    "11": FORWARD | BACKWARD | CODED,
    "010": BACKWARD,
    "011": BACKWARD | CODED,
    "0010": FORWARD,
    "0011": FORWARD | CODED,
    "00011": INTRA,
    "00010": QUANT | FORWARD | BACKWARD | CODED,
    "000011": QUANT | FORWARD | CODED,
    "000010": QUANT | BACKWARD | CODED,
    "000001": QUANT | INTRA,
}
_PATTERN_VALUES = (
    *(60, 4, 8, 16, 32, 12, 48, 20, 40, 28, 44, 52, 56, 1, 61, 2, 62, 24, 36, 3, 63, 5, 9, 17, 33, 6, 10, 18, 34),
    *(7, 11, 19, 35, 13, 49, 21, 41, 14, 50, 22, 42, 15, 51, 23, 43, 25, 37, 26, 38, 29, 45, 53, 57, 30, 46, 54, 58),
    *(31, 47, 55, 59, 27, 39, 0),
)
"""coded_block_pattern in the order of the codes of Table B.9."""
_PATTERN = (("111", 1), ("1101", 4), ("10011", 12), ("001111", 4), ("0010111", 8), ("00011111", 28), ("000000111", 7))
_MOTION = (
    *(("1", 1), ("01", 1), ("001", 1), ("0001", 1), ("000011", 1), ("0000101", 3)),
    *(("000001011", 3), ("0000010001", 6)),
)
_DC_LUMINANCE = ("100", "00", "01", "101", "110", *("1" * n + "0" for n in range(3, 9)), "1" * 9)
_DC_CHROMINANCE = ("00", "01", "10", *("1" * n + "0" for n in range(2, 10)), "1" * 10)

_NONE = -1
"""A code of table zero that table one has in another place."""
# Runs of zeros in the order of their codes, which count up from the first: (first code, runs).
_BOTH_COEFFICIENTS = (
    ("00000000010000", (0,) * 16),
    ("000000000010000", (*(0,) * 9, *(1,) * 7)),
    ("0000000000010000", (1, 1, 1, 1, 6, 16, 15, 14, 13, 12, 11, 31, 30, 29, 28, 27)),
    ("000001", (ESCAPE,)),
)
_TABLE_ZERO = (
    ("10", (END_OF_BLOCK, 0)),
    ("011", (1,)),
    ("0100", (0, 2)),
    ("00101", (0, 4, 3)),
    ("000100", (7, 6, 1, 5)),
    ("0000100", (2, 9, 0, 8)),
    ("00100000", (13, 0, 12, 11, 3, 1, 0, 10)),
    ("0000001000", (16, 5, 0, 2, 1, 15, 14, 4)),
    ("000000010000", (0, 8, 4, 0, 2, 7, 21, 20, 0, 19, 18, 1, 3, 0, 6, 17)),
    ("0000000010000", (10, 9, 5, 3, 2, 1, 1, 0, 0, 0, 0, 26, 25, 24, 23, 22)),
    *_BOTH_COEFFICIENTS,
)
_TABLE_ONE = (
    ("0110", (END_OF_BLOCK, 0)),
    ("10", (0,)),
    ("010", (1,)),
    ("110", (0,)),
    ("00101", (2, 1, 3)),
    ("000100", (0, 0, 4, 5)),
    ("0000100", (7, 8, 6, 2)),
    ("11100", (0, 0)),
    ("1111000", (9, 1, 10, 0, 0)),
    ("11111010", (0, 0, 2, 4, 0, 0)),
    ("00100000", (1, 11, 0, 0, 13, 12, 3, 1)),
    ("000000100", (5, 14)),
    ("000000111", (15,)),
    ("0000001100", (2, 16)),
    ("000000010000", (_NONE, 8, 4, _NONE, _NONE, 7, 21, 20, _NONE, 19, 18, _NONE, 3, _NONE, 6, 17)),
    ("0000000010000", (10, 9, 5, 3, 2, 1, 1, *(_NONE,) * 4, 26, 25, 24, 23, 22)),
    *_BOTH_COEFFICIENTS,
)


@cache
def tables() -> NDArray[np.int64]:
    """Return all tables, int64 (TABLES_SIZE,); not to be modified."""
    out = np.zeros(TABLES_SIZE, dtype=np.int64)
    for base, runs in ((TABLE_ZERO, _TABLE_ZERO), (TABLE_ONE, _TABLE_ONE)):
        for first, values in runs:
            for i, run in enumerate(values):
                if run == _NONE:
                    continue
                code = f"{int(first, 2) + i:0{len(first)}b}"
                sign = run not in (END_OF_BLOCK, ESCAPE)
                _enter(out, base, COEFFICIENT_BITS, code, run, len(code) + sign)
    for value, code in enumerate(_down(_INCREMENT), 1):
        _enter(out, INCREMENT, INCREMENT_BITS, code, value)
    _enter(out, INCREMENT, INCREMENT_BITS, "00000001000", INCREMENT_ESCAPE)
    _enter(out, INCREMENT, INCREMENT_BITS, "00000001111", INCREMENT_STUFFING)
    for number, types in enumerate((_INTRA_TYPES, _FORWARD_TYPES, _BOTH_TYPES)):
        for code, value in types.items():
            _enter(out, TYPES + (number << TYPE_BITS), TYPE_BITS, code, value)
    for code, value in zip(_down(_PATTERN), _PATTERN_VALUES, strict=True):
        _enter(out, PATTERN, PATTERN_BITS, code, value)
    for base, bits, codes in (
        (MOTION, MOTION_BITS, _down(_MOTION)),
        (DC_LUMINANCE, DC_BITS, _DC_LUMINANCE),
        (DC_CHROMINANCE, DC_BITS, _DC_CHROMINANCE),
    ):
        for value, code in enumerate(codes):
            _enter(out, base, bits, code, value)
    return out


def _down(runs: Iterable[tuple[str, int]]) -> list[str]:
    """Return the codes of runs that count down."""
    return [f"{int(first, 2) - i:0{len(first)}b}" for first, count in runs for i in range(count)]


def _enter(out: NDArray[np.int64], base: int, bits: int, code: str, value: int, length: int = 0) -> None:
    """Enter a code at all indices that begin with it; ``length`` counts a sign bit behind it."""
    first = base + (int(code, 2) << (bits - len(code)))
    places = out[first : first + (1 << (bits - len(code)))]
    assert not places.any(), f"{code} begins like another code"
    places[:] = (length or len(code)) | value << 8
