"""Samples of one size (PCM) by chunk: hours of sound are thousands of chunks but 10**8 samples."""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import tables
from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError, Leniency, Problem
from mediarescue.isobmff.sample_table import StblReader


@dataclass(frozen=True, slots=True, eq=False)
class ChunkTable:
    """The chunks of a track whose samples all have one size and are all sync samples.

    Attributes
    ----------
    offset : ndarray of int64
        Absolute offset of each chunk in bytes.
    sample_count : ndarray of int64
        Samples in each chunk.
    description_index : ndarray of int32
        0-based sample entry of each chunk.
    sample_size : int
        Bytes a sample, as ``stsz`` says. QuickTime files say 1 for PCM whose frames are larger, and for compressed
        sound in packets of several samples; the sample entry tells the true size (`packet_size`).
    sample_delta : tuple of (int, int)
        Runs of ``(samples, duration of each in media ticks)``; nearly always one run with duration 1.
    packet_size, packet_samples : int
        Bytes of the smallest piece that decodes, and its samples; 0 bytes where a sample is such a piece.
    """

    offset: NDArray[np.int64]
    sample_count: NDArray[np.int64]
    description_index: NDArray[np.int32]
    sample_size: int
    sample_delta: tuple[tuple[int, int], ...]
    packet_size: int = 0
    packet_samples: int = 1

    def __post_init__(self) -> None:
        if not len(self.offset) == len(self.sample_count) == len(self.description_index):
            raise ValueError("offset, sample_count and description_index differ in length")

    def __len__(self) -> int:
        return len(self.offset)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChunkTable):
            return NotImplemented
        return all(np.array_equal(getattr(self, item.name), getattr(other, item.name)) for item in fields(self))

    __hash__ = None  # type: ignore[assignment]

    @property
    def total_samples(self) -> int:
        """Number of samples in all chunks."""
        return int(self.sample_count.sum())

    @property
    def total_duration(self) -> int:
        """Duration of all samples in media ticks."""
        return sum(count * delta for count, delta in self.sample_delta)

    @property
    def size(self) -> NDArray[np.int64]:
        """Size of each chunk in bytes."""
        return self.sample_count // self.packet_samples * self.block

    @property
    def block(self) -> int:
        """Bytes of the smallest piece that decodes."""
        return self.packet_size or self.sample_size

    def samples_in(self, size: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the samples that ``size`` bytes hold, both int64 (n,)."""
        count: NDArray[np.int64] = size // self.block * self.packet_samples
        return count

    @property
    def delta(self) -> int:
        """Duration of a sample in media ticks, of nearly all of them."""
        return max(self.sample_delta)[1] if self.sample_delta else 1

    @property
    def dts(self) -> NDArray[np.int64]:
        """Decode time of each chunk's first sample in media ticks."""
        counts = np.array([count for count, _ in self.sample_delta], np.int64)
        deltas = np.array([delta for _, delta in self.sample_delta], np.int64)
        samples = np.concatenate(([0], np.cumsum(counts)))
        ticks = np.concatenate(([0], np.cumsum(counts * deltas)))
        first = np.cumsum(self.sample_count) - self.sample_count
        if not len(deltas):
            return np.zeros(len(first), np.int64)
        run = np.clip(np.searchsorted(samples, first, side="right") - 1, 0, len(deltas) - 1)
        times: NDArray[np.int64] = ticks[run] + (first - samples[run]) * deltas[run]
        return times


def is_constant_size(stbl: Box) -> bool:
    """Whether ``stsz`` gives one size for all samples, and no table asks for more than a `ChunkTable` holds."""
    stsz = stbl.find(b"stsz")
    return (
        stsz is not None
        and any(stsz.payload[4:8])
        and all(stbl.find(kind) is None for kind in (b"ctts", b"stss", b"stps"))
    )


def expand_chunks(
    stbl: Box, *, leniency: Leniency = Leniency.STRICT, problems: list[Problem] | None = None
) -> ChunkTable:
    """Return one row per chunk of an ``stbl`` box with samples of one size; the inverse of `compact_chunks`.

    Raises BoxError where the sizes differ; else as `expand` does.
    """
    reader = StblReader(stbl, leniency, problems)
    sizes = reader.sizes()
    if sizes.sizes is not None and sizes.sample_count:
        raise BoxError("the samples are not all of one size", offset=stbl.offset)
    chunks = reader.chunks(sizes.sample_count)
    total = int(chunks.sample_count.sum())
    runs = reader.needed(b"stts")
    sample_delta: list[tuple[int, int]] = []
    left = total
    for count, delta in zip(runs["count"].tolist(), runs["delta"].tolist(), strict=True):
        if count > left:
            reader.contradicts(f"stts describes more than the {total} samples there are")
        count = min(count, left)
        if count:
            sample_delta.append((count, delta))
        left -= count
    if left:
        reader.contradicts(f"stts describes {total - left} of {total} samples")
        sample_delta.append((left, sample_delta[-1][1] if sample_delta else 1))
    return ChunkTable(chunks.offset, chunks.sample_count, chunks.description_index, sizes.constant, tuple(sample_delta))


def compact_chunks(table: ChunkTable, *, large_offsets: bool | None = None) -> tuple[Box, ...]:
    """Return the boxes ``stts``, ``stsc``, ``stsz`` and ``stco`` or ``co64`` of the chunks.

    ``large_offsets`` writes ``co64`` though 32 bits would do. Raises BoxError where a value does not fit its field.
    """
    total = table.total_samples
    if sum(count for count, _ in table.sample_delta) != total:
        raise BoxError(f"the durations do not add up to {total} samples")
    largest = int(table.sample_count.max()) if len(table) else 0
    if max(total, largest, table.sample_size, *(delta for _, delta in table.sample_delta), 0) > 0xFFFFFFFF:
        raise BoxError(f"{total} samples of {table.sample_size} bytes do not fit 32-bit fields")
    runs = np.array(table.sample_delta, np.int64).reshape(-1, 2)
    stts: NDArray[Any] = np.zeros(len(runs), tables.ROW_TYPES[b"stts"])
    stts["count"], stts["delta"] = runs[:, 0], runs[:, 1]
    return (
        Box(b"stts", tables.build_rows(b"stts", stts)),
        Box(b"stsc", tables.build_sample_to_chunk(table.sample_count, table.description_index)),
        Box(b"stsz", struct.pack(">III", 0, table.sample_size, total)),
        Box(*tables.build_chunk_offset(table.offset, large=large_offsets)),
    )
