"""Coefficients to samples, to the bit as libjpeg's accurate integer method gives them.

The factorisation is that of Loeffler, Ligtenberg and Moschytz (ICASSP 1989, doi:10.1109/ICASSP.1989.266596), in 13-bit
fixed point with the roundings of libjpeg: columns keep some bits, which the rows shift out.
"""

from __future__ import annotations

from typing import Any

from mediarescue.bitstream.jit import kernel, part

# cosines and their sums in units of 2 ** -13
_C0_298, _C0_390, _C0_541, _C0_765, _C0_899, _C1_175 = 2446, 3196, 4433, 6270, 7373, 9633
_C1_501, _C1_847, _C1_961, _C2_053, _C2_562, _C3_072 = 12299, 15137, 16069, 16819, 20995, 25172


@part
def _line(work: Any, at: int, step: int, shift: int) -> None:
    """Transform eight numbers in place, rounding ``shift`` bits away."""
    i0, i1, i2, i3 = work[at], work[at + step], work[at + 2 * step], work[at + 3 * step]
    i4, i5, i6, i7 = work[at + 4 * step], work[at + 5 * step], work[at + 6 * step], work[at + 7 * step]
    half = 1 << (shift - 1)
    both = (i2 + i6) * _C0_541
    even2, even3 = both - i6 * _C1_847, both + i2 * _C0_765
    even0, even1 = ((i0 + i4) << 13) + half, ((i0 - i4) << 13) + half
    e0, e3, e1, e2 = even0 + even3, even0 - even3, even1 + even2, even1 - even2
    all4 = (i7 + i3 + i5 + i1) * _C1_175
    z1, z2 = (i7 + i1) * _C0_899, (i5 + i3) * _C2_562
    z3, z4 = all4 - (i7 + i3) * _C1_961, all4 - (i5 + i1) * _C0_390
    o3, o2 = i7 * _C0_298 - z1 + z3, i5 * _C2_053 - z2 + z4
    o1, o0 = i3 * _C3_072 - z2 + z3, i1 * _C1_501 - z1 + z4
    work[at] = (e0 + o0) >> shift
    work[at + 7 * step] = (e0 - o0) >> shift
    work[at + step] = (e1 + o1) >> shift
    work[at + 6 * step] = (e1 - o1) >> shift
    work[at + 2 * step] = (e2 + o2) >> shift
    work[at + 5 * step] = (e2 - o2) >> shift
    work[at + 3 * step] = (e3 + o3) >> shift
    work[at + 4 * step] = (e3 - o3) >> shift


@kernel("void(int16[::1], int64, int64, int64[::1], int64, int64[::1], uint8[::1], uint16[::1])")
def samples(
    coefficients: Any, rows: int, cols: int, table: Any, precision: int, work: Any, narrow: Any, wide: Any
) -> None:
    """Dequantise and transform all blocks of a component.

    Parameters
    ----------
    coefficients : int16[::1]
        rows * cols blocks in row-major order.
    rows, cols : int
        In blocks.
    table : int64[::1]
        The quantisation table in row-major order.
    precision : int
        Bits of a sample, 8 or 12.
    work : int64[::1]
        Room for 64 numbers.
    narrow, wide : uint8[::1], uint16[::1]
        One of them gets the samples, 64 * rows * cols; the other one is empty.
    """
    kept = 2 if precision == 8 else 1
    most = (1 << precision) - 1
    middle = 1 << (precision - 1)
    for row in range(rows):
        for col in range(cols):
            base = (row * cols + col) * 64
            for i in range(64):
                work[i] = int(coefficients[base + i]) * table[i]
            for i in range(8):
                _line(work, i, 8, 13 - kept)
            for i in range(8):
                _line(work, 8 * i, 1, 16 + kept)
            for y in range(8):
                at = (row * 8 + y) * cols * 8 + col * 8
                for x in range(8):
                    value = min(max(work[8 * y + x] + middle, 0), most)
                    if narrow.shape[0] > 0:
                        narrow[at + x] = value
                    else:
                        wide[at + x] = value
