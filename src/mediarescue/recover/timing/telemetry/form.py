"""What a format of time stamps has to say: which numbers stand in samples, and what they are in another recording."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Stamps = NDArray[np.float64]
Read = Callable[[int, int], bytes]
"""``(offset, size)`` -> bytes of the broken file."""


@dataclass(frozen=True, slots=True)
class Column:
    """One number that every sample holds.

    Attributes
    ----------
    key : str
        What `StampFormat.read` finds it by (``u64<@112``).
    values : float64 (n,)
        Differences from the first sample's: those of nanoseconds since the epoch would not fit.
    whole : bool
        Whether they are integers, which round.
    """

    key: str
    values: Stamps
    whole: bool = True


class StampFormat(Protocol):
    """A way in which samples hold numbers."""

    name: str

    def columns(self, samples: Sequence[bytes]) -> Iterator[Column]:
        """Yield the numbers that rise from sample to sample; the likelier a number is a clock, the earlier."""
        ...

    def read(self, samples: Iterable[bytes], key: str) -> Stamps:
        """Return a column of other samples, float64 (n,) from the first one there; NaN where a sample lacks it."""
        ...


def from_first(values: Iterable[int | None], *, modulus: int = 0) -> Stamps:
    """Return integers as differences from the first one there, float64 (n,); counters of ``modulus`` go round.

    A spoiled value takes the short way there and back, so that those behind it stay right.
    """
    out = array("d")
    before: int | None = None
    since = 0
    for value in values:
        if value is None:
            out.append(np.nan)
            continue
        step = 0 if before is None else value - before
        since += (step + modulus // 2) % modulus - modulus // 2 if modulus else step
        before = value
        out.append(float(since))
    return np.frombuffer(out, dtype=np.float64) if out else np.zeros(0)


def rises(values: Stamps) -> bool:
    """Whether each value is greater than the one before."""
    return len(values) > 1 and bool((np.diff(values) > 0).all())
