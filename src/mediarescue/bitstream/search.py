"""Look for the bytes that samples begin with in a buffer, at the speed of memory.

Comparisons of whole blocks are an order of magnitude faster than a search for a substring in noise, which is what
damage looks like. The blocks are small enough for the cache, and for the allocator to use its pages again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
_BLOCK = 1 << 16
_NEAR = 1 << 11
_FEW_VALUES = 4
"""Values of a byte that are cheaper to compare with one by one than to look up."""
_COMPARED = 2
"""Bytes of a marker that are compared everywhere."""
_COMMON = (0, 255)
"""Bytes that many files are full of: the others of a marker are looked for first."""


def find_bytes(buf: NDArray[np.uint8], marker: bytes, at: int, limit: int, stop: int, *, behind: int = 0) -> int:
    """Return the first index in ``[at, limit)`` that has ``marker`` ``behind`` bytes further on, or -1.

    Parameters
    ----------
    buf : uint8 (n,)
    stop : int
        Bytes from here on are not looked at.
    """
    return find_any(buf, (marker,), at, limit, stop, behind=behind)


def find_any(
    buf: NDArray[np.uint8], markers: Sequence[bytes], at: int, limit: int, stop: int, *, behind: int = 0
) -> int:
    """Return the first index in ``[at, limit)`` that has one of ``markers`` ``behind`` bytes further on, or -1.

    Parameters
    ----------
    buf : uint8 (n,)
    markers : sequence of bytes
        All of one length, of one byte at least.
    stop : int
        Bytes from here on are not looked at.
    """
    first = at + behind
    if len(markers) == 1:  # what stands near is found sooner so
        near = min(limit + behind + len(markers[0]) - 1, stop, first + _NEAR)
        found_near = buf[first : max(near, first)].tobytes().find(markers[0])
        if found_near >= 0:
            return at + found_near
        first = max(first, near - len(markers[0]) + 1)
    if not markers or first >= min(limit + behind, stop):
        return -1
    table, columns = _columns(tuple(markers))
    end = min(limit + behind, stop - table.shape[1] + 1)
    while first < end:
        last = min(first + _BLOCK, end)
        hit: NDArray[np.bool_] | None = None
        for k, values in columns:
            same = _among(buf[first + k : last + k], values)
            hit = same if hit is None else np.logical_and(hit, same, out=hit)
        assert hit is not None
        if hit.any():
            found = np.flatnonzero(hit) + first
            here = buf[found[:, np.newaxis] + np.arange(table.shape[1])]
            whole = (here[:, np.newaxis] == table).all(axis=2).any(axis=1)
            if whole.any():
                return int(found[int(whole.argmax())]) - behind
        first = last
    return -1


@lru_cache(maxsize=256)
def _columns(markers: tuple[bytes, ...]) -> tuple[NDArray[np.uint8], list[tuple[int, NDArray[np.uint8]]]]:
    """Return the markers as rows, and the two of their bytes that tell most, each with its values."""
    table = np.frombuffer(b"".join(markers), dtype=np.uint8).reshape(len(markers), -1)
    values = [np.unique(column) for column in table.T]
    order = sorted(range(len(values)), key=lambda k: (len(values[k]), int(values[k][0]) in _COMMON))
    return table, [(k, values[k]) for k in order[:_COMPARED]]


def places_of(buf: NDArray[np.uint8], allowed: NDArray[np.bool_], at: int, limit: int) -> Int64Array:
    """Return the indexes in ``[at, limit)`` of the bytes that are ``allowed`` (bool (256,)), int64, rising."""
    values = np.flatnonzero(allowed).astype(np.uint8)
    blocks = range(at, limit, _BLOCK)
    found = [np.flatnonzero(_among(buf[first : min(first + _BLOCK, limit)], values)) + first for first in blocks]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _among(data: NDArray[np.uint8], values: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which bytes are one of ``values``, bool of the shape of ``data``."""
    if len(values) > _FEW_VALUES:
        allowed = np.zeros(256, dtype=bool)
        allowed[values] = True
        taken: NDArray[np.bool_] = allowed.take(data)
        return taken
    if not len(values):
        return np.zeros(len(data), dtype=bool)
    hit: NDArray[np.bool_] = data == values[0]
    for value in values[1:]:
        hit |= data == value
    return hit
