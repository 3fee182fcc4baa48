"""What the search moves over: scored candidates, and the segments and gaps a finished path is made of."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.rows import PackedRows

Int64Array = NDArray[np.int64]


_PIECES = 256

CUT_SHORT = "the last sample is cut short"
"""Reason of the gap at the end of a recording that stopped in the middle of a sample."""
INTERRUPTED = "a sample that damage interrupts"
"""Reason of the gap where a sample begins, and others before its end."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of consecutive samples of one family that may start at ``offset``.

    Attributes
    ----------
    family : int
        Index of the family (the tracks that share one syntax) in the segmenter's list.
    offset, size : int
        Absolute byte position and bytes of the whole run.
    sizes : int64 (n,)
        Bytes of each sample; for constant-size audio one number, the bytes of the run.
    rows : int64 (n, columns) or None
        What the bitstream says of each sample, in the columns of the family's scanner.
    cost : float
        Surprise in nats, 0 for what the reference does all the time.
    certain : bool
        The structure alone proves it: no other family needs to be asked.
    evidence : float
        Nats by which other data is unlikely to pass for the run; 0 where nobody counts them.
    """

    family: int
    offset: int
    size: int
    sizes: Int64Array
    rows: Int64Array | None = None
    cost: float = 0.0
    certain: bool = False
    evidence: float = 0.0

    @property
    def end(self) -> int:
        """Absolute position behind the run."""
        return self.offset + self.size

    def shortened(self, count: int, extra_cost: float) -> Candidate | None:
        """Return the run without its last ``count`` samples, or None when nothing would be left."""
        if count >= len(self.sizes):
            return None
        sizes = self.sizes[:-count]
        rows = None if self.rows is None else self.rows[:-count]
        return Candidate(self.family, self.offset, int(sizes.sum()), sizes, rows, self.cost + extra_cost)


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that belong to no sample: damage, padding, a box inside the media data, or a sample cut short."""

    offset: int
    size: int
    reason: str
    expected: bool = False
    """True where nothing of the film is missing (padding, an embedded box)."""


@dataclass(frozen=True, slots=True)
class FamilySamples:
    """All samples of one family, in file order.

    Attributes
    ----------
    run_offset, run_count : int64 (runs,)
        Where each run starts and how many samples it has.
    size : uint32 (n,)
        Bytes of each sample (constant-size audio: bytes of each run).
    rows : PackedRows of n rows, or None
        What the bitstream says of each sample.
    """

    run_offset: Int64Array
    run_count: Int64Array
    size: NDArray[np.uint32]
    rows: PackedRows | None

    @property
    def offset(self) -> Int64Array:
        """Absolute byte position of each sample, int64 (n,)."""
        size = self.size.astype(np.int64)
        before = np.cumsum(size) - size
        first = np.cumsum(self.run_count) - self.run_count
        return np.repeat(self.run_offset - before[first], self.run_count) + before if len(size) else before


@dataclass(frozen=True, slots=True)
class Segmentation:
    """An ordered cover of the media data, without holes or overlaps, kept as arrays.

    Attributes
    ----------
    start, end : int
    family : int16 (parts,)
        Family of each part, -1 for a gap.
    offset, size : int64 (parts,)
    samples : tuple of FamilySamples
    gaps : tuple of Gap
        In file order.

    Raises
    ------
    ValueError
        When the parts do not cover ``[start, end)`` exactly: a bug of the search.
    """

    start: int
    end: int
    family: NDArray[np.int16]
    offset: Int64Array
    size: Int64Array
    samples: tuple[FamilySamples, ...]
    gaps: tuple[Gap, ...]

    def __post_init__(self) -> None:
        ends = self.offset + self.size
        whole = len(ends) > 0 and self.offset[0] == self.start and ends[-1] == self.end
        if self.start != self.end and not (whole and bool((ends[:-1] == self.offset[1:]).all())):
            raise ValueError(f"segmentation does not cover the media data [{self.start}, {self.end})")

    @property
    def recovered_bytes(self) -> int:
        """Bytes that belong to samples."""
        return int(self.size[self.family >= 0].sum())


class _Pieces:
    """Many small arrays that become one; copied together now and then, as views keep what they look at alive."""

    def __init__(self, dtype: type[np.uint32]) -> None:
        self._dtype = dtype
        self._joined: list[NDArray[Any]] = []
        self._pending: list[NDArray[Any]] = []

    def append(self, piece: NDArray[Any]) -> None:
        self._pending.append(piece)
        if len(self._pending) >= _PIECES:
            self._settle()

    def join(self) -> NDArray[Any]:
        self._settle()
        return np.concatenate(self._joined) if self._joined else np.zeros(0, dtype=self._dtype)

    def _settle(self) -> None:
        if self._pending:
            self._joined.append(np.concatenate(self._pending).astype(self._dtype))
            self._pending = []


class SegmentationBuilder:
    """Collect parts in file order in flat arrays: a long film has millions."""

    def __init__(self, start: int, families: int) -> None:
        self.start = start
        self.pos = start
        self._family = array("h")
        self._offset, self._size = array("q"), array("q")
        self._run_offset = [array("q") for _ in range(families)]
        self._run_count = [array("q") for _ in range(families)]
        self._sizes = [_Pieces(np.uint32) for _ in range(families)]
        self._rows = [PackedRows() for _ in range(families)]
        self._gaps: list[Gap] = []

    def add(self, part: Candidate | Gap) -> None:
        """Append the next part."""
        if isinstance(part, Gap):
            self._gaps.append(part)
            self._family.append(-1)
        else:
            family = part.family
            self._family.append(family)
            self._run_offset[family].append(part.offset)
            self._run_count[family].append(len(part.sizes))
            self._sizes[family].append(part.sizes)
            if part.rows is not None:
                self._rows[family].append(part.rows)
        self._offset.append(part.offset)
        self._size.append(part.size)
        self.pos = part.offset + part.size

    def build(self, end: int) -> Segmentation:
        """Return the finished segmentation; raises ValueError when it does not cover the media."""
        samples = tuple(
            FamilySamples(
                np.array(run_offset, dtype=np.int64),
                np.array(run_count, dtype=np.int64),
                sizes.join(),
                rows if len(rows) else None,
            )
            for run_offset, run_count, sizes, rows in zip(
                self._run_offset, self._run_count, self._sizes, self._rows, strict=True
            )
        )
        return Segmentation(
            self.start,
            end,
            np.array(self._family, dtype=np.int16),
            np.array(self._offset, dtype=np.int64),
            np.array(self._size, dtype=np.int64),
            samples,
            tuple(self._gaps),
        )
