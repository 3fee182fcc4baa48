"""Numbers at a fixed place of each sample: Apple's ``live-photo-info`` (nanoseconds at byte 112), and unknown ones."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.timing.telemetry.form import Column, Stamps, from_first, rises

_KINDS = {"u64": (8, "u8"), "f64": (8, "f8"), "u32": (4, "u4"), "f32": (4, "f4")}
_SEARCHED = 1024
"""Bytes of a sample that are looked at: clocks stand in heads."""


class FixedFields:
    """Integers and floats of 4 and 8 bytes in both byte orders, at any offset."""

    name = "fixed"

    def columns(self, samples: Sequence[bytes]) -> Iterator[Column]:
        """Yield the rising ones, wide ones first: the low half of a counter rises too, until it goes round."""
        width = min((len(sample) for sample in samples), default=0)
        if width < 4 or len(samples) < 2:
            return
        data = np.frombuffer(b"".join(sample[: min(width, _SEARCHED)] for sample in samples), np.uint8)
        rows = data.reshape(len(samples), -1)
        for kind, (size, code) in _KINDS.items():
            for order in "<>":
                for offset in range(rows.shape[1] - size + 1):
                    raw = np.ascontiguousarray(rows[:, offset : offset + size]).view(f"{order}{code}")[:, 0]
                    if not _may_rise(raw):
                        continue
                    key = f"{kind}{order}@{offset}"
                    values = self.read(samples, key)
                    if rises(values):
                        yield Column(key, values, kind[0] == "u")

    def read(self, samples: Iterable[bytes], key: str) -> Stamps:
        """Return a column of samples, float64 (n,); NaN where a sample is too short."""
        kind, offset = key[:3], int(key[5:])
        size, code = _KINDS[kind]
        form = struct.Struct(key[3] + {"u8": "Q", "f8": "d", "u4": "I", "f4": "f"}[code])
        values = (form.unpack_from(sample, offset)[0] if offset + size <= len(sample) else None for sample in samples)
        if kind[0] == "u":
            return from_first(values, modulus=1 << (8 * size))
        floats = np.fromiter((np.nan if value is None else value for value in values), dtype=np.float64)
        there = floats[np.isfinite(floats)]
        return floats - there[0] if len(there) else floats


def _may_rise(raw: NDArray[np.generic]) -> bool:
    """Whether all steps but one go up: a counter may go round once."""
    if raw.dtype.kind == "f" and not np.isfinite(raw).all():
        return False
    turns = int(raw.dtype.kind == "u" and raw.dtype.itemsize == 4)
    return int(np.count_nonzero(np.less_equal(raw[1:], raw[:-1]))) <= turns
