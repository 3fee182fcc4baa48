"""Fields that many boxes share: versions, fixed-point numbers, matrices, language codes, table rows."""

from __future__ import annotations

from typing import Any

import construct as c
import numpy as np

FULL_BOX = ("version" / c.Int8ub, "flags" / c.Int24ub)
"""``version`` and ``flags`` of a full box (ISO/IEC 14496-12 4.2.2)."""

TRAILING = "trailing" / c.Default(c.GreedyBytes, b"")
"""Bytes behind the declared fields, kept so that every payload is built again exactly."""


def by_version(old: Any, new: Any) -> Any:
    """Return ``old`` in version 0 and ``new`` in version 1 boxes."""
    return c.IfThenElse(c.this.version == 1, new, old)


def unsigned() -> Any:
    """Return an unsigned number of 32 bits in version 0, 64 in version 1."""
    return by_version(c.Int32ub, c.Int64ub)


def signed() -> Any:
    """Return a signed number of 32 bits in version 0, 64 in version 1."""
    return by_version(c.Int32sb, c.Int64sb)


def fixed_point(integer: Any, fraction_bits: int) -> Any:
    """Return a fixed-point number as a float; exact, as every value of up to 32 bits fits a double."""
    scale = 1 << fraction_bits
    return c.ExprAdapter(integer, lambda value, _: value / scale, lambda value, _: round(value * scale))


FIXED_16_16 = fixed_point(c.Int32ub, 16)
SIGNED_16_16 = fixed_point(c.Int32sb, 16)
SIGNED_8_8 = fixed_point(c.Int16sb, 8)

MATRIX = c.Array(9, c.Int32sb)
"""``{a, b, u, c, d, v, x, y, w}`` as stored: 16.16, the third of each row 2.30 (ISO/IEC 14496-12 6.2.2)."""


def rows(dtype: Any, count: Any) -> Any:
    """Return ``count`` table rows as a read-only numpy view; fails before anything is allocated for a false count."""
    size = np.dtype(dtype).itemsize
    return c.ExprAdapter(
        c.Bytes(lambda this: count(this) * size),
        lambda raw, _: np.frombuffer(raw, dtype=dtype),
        lambda array, _: np.ascontiguousarray(array, dtype=dtype).tobytes(),
    )
