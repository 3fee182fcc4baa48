"""One row per sample of a track, from its sample table boxes and back (ISO/IEC 14496-12 8.5 to 8.7)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import tables
from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError, Leniency, Problem, contradicts, damaged
from mediarescue.isobmff.tables import SampleSizes

MAX_CONSTANT_SAMPLES = 1 << 22
"""More samples of one size are not expanded to rows, as no bytes vouch for them; ten hours of AMR have 1,800,000."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleTable:
    """The samples of a track in decoding order; arrays of one length.

    Attributes
    ----------
    offset : ndarray of int64
        Absolute offset in the file, in bytes.
    size : ndarray of int64
        In bytes, below 2**32.
    duration : ndarray of int64
        Decode time to the next sample, in media ticks.
    composition_offset : ndarray of int64
        Composition time minus decode time, in media ticks.
    is_sync : ndarray of bool
    chunk_index : ndarray of int32
        0-based chunk of each sample, never falling.
    description_index : ndarray of int32
        0-based sample entry.
    dts : ndarray of int64
        Decode time in media ticks, from 0: the running sum of the durations.
    """

    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    duration: NDArray[np.int64]
    composition_offset: NDArray[np.int64]
    is_sync: NDArray[np.bool_]
    chunk_index: NDArray[np.int32]
    description_index: NDArray[np.int32]
    dts: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.name != "dts" and len(getattr(self, item.name)) != len(self.offset):
                raise ValueError(f"{item.name} has {len(getattr(self, item.name))} rows, offset has {len(self.offset)}")
        dts = np.zeros(len(self.offset), np.int64)
        np.cumsum(self.duration[:-1], out=dts[1:])
        object.__setattr__(self, "dts", dts)

    def __len__(self) -> int:
        return len(self.offset)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SampleTable):
            return NotImplemented
        return all(np.array_equal(getattr(self, item.name), getattr(other, item.name)) for item in fields(self))

    __hash__ = None  # type: ignore[assignment]

    @property
    def pts(self) -> NDArray[np.int64]:
        """Composition time of each sample in media ticks, before edit lists."""
        return self.dts + self.composition_offset

    @property
    def total_duration(self) -> int:
        """Sum of the durations in media ticks."""
        return int(self.duration.sum())

    def select(self, index: slice | NDArray[Any]) -> SampleTable:
        """Return the rows of ``index`` (a slice, a mask or positions in rising order)."""
        return SampleTable(*(getattr(self, item.name)[index] for item in fields(self) if item.init))


def contiguous_chunks(
    offset: NDArray[np.int64],
    size: NDArray[np.int64],
    *,
    description_index: NDArray[np.int32] | None = None,
    starts_chunk: NDArray[np.bool_] | None = None,
) -> NDArray[np.int32]:
    """Return the 0-based chunk of each sample, a new one wherever a sample does not follow the one before.

    ``starts_chunk`` (bool, per sample) begins further chunks.
    """
    begins = np.ones(len(offset), np.bool_)
    begins[1:] = offset[1:] != offset[:-1] + size[:-1]
    if description_index is not None:
        begins[1:] |= description_index[1:] != description_index[:-1]
    if starts_chunk is not None:
        begins |= starts_chunk
    return (np.cumsum(begins) - 1).astype(np.int32)


@dataclass(frozen=True, slots=True)
class ChunkRuns:
    """Per chunk: absolute offset (int64), sample count (int64), 0-based sample entry (int32)."""

    offset: NDArray[np.int64]
    sample_count: NDArray[np.int64]
    description_index: NDArray[np.int32]


class StblReader:
    """Reads single tables of one ``stbl`` at one leniency; what `expand` and `expand_chunks` share."""

    def __init__(self, stbl: Box, leniency: Leniency, problems: list[Problem] | None) -> None:
        self.stbl = stbl
        self.leniency = leniency
        self.problems = problems

    def rows(self, kind: bytes) -> NDArray[Any] | None:
        """Return a table's rows, None where the box is missing."""
        box = self.stbl.find(kind)
        if box is None:
            return None
        return tables.read_rows(box.payload, kind, offset=box.offset, leniency=self.leniency, problems=self.problems)

    def needed(self, kind: bytes) -> NDArray[Any]:
        """Return a table's rows; a missing box is damage."""
        rows = self.rows(kind)
        if rows is None:
            self.damaged(f"the sample table has no {kind.decode('latin-1')} box")
            return np.zeros(0, tables.ROW_TYPES[kind])
        return rows

    def sizes(self) -> SampleSizes:
        """Return what ``stsz`` or ``stz2`` says."""
        box = self.stbl.find(b"stsz") or self.stbl.find(b"stz2")
        if box is None:
            self.damaged("the sample table has no stsz box")
            return SampleSizes(0, 0, np.zeros(0, np.int64))
        return tables.read_sample_sizes(
            box.payload, box.kind, offset=box.offset, leniency=self.leniency, problems=self.problems
        )

    def chunks(self, sample_count: int) -> ChunkRuns:
        """Return the chunks, holding ``sample_count`` samples or fewer between them."""
        rows = self.rows(b"co64") if self.stbl.find(b"stco") is None else self.rows(b"stco")
        if rows is None:
            self.damaged("the sample table has neither stco nor co64")
            rows = np.zeros(0, np.uint32)
        offset = rows.astype(np.int64)
        if (offset < 0).any():
            self.damaged("a chunk offset is beyond 2**63")
            offset = offset[: int(np.argmax(offset < 0))]
        runs = self.needed(b"stsc")
        first = runs["first_chunk"].astype(np.int64) - 1
        if len(first) and (first[0] != 0 or (np.diff(first) <= 0).any()):
            self.damaged("the first_chunk fields of stsc do not rise from 1")
            first = np.maximum(first, 0)
            rising = np.concatenate(([True], np.diff(np.maximum.accumulate(first)) > 0))
            runs, first = runs[rising], first[rising]
        beyond = first >= len(offset)
        if beyond.any():
            if len(offset):
                self.contradicts(f"stsc names chunk {int(first[-1]) + 1} of {len(offset)}")
            runs, first = runs[~beyond], first[~beyond]
        length = np.diff(np.append(first, len(offset)))
        count = np.repeat(runs["samples_per_chunk"].astype(np.int64), length)
        description = np.repeat(runs["sample_description_index"].astype(np.int64) - 1, length)
        offset = offset[len(offset) - len(count) :]
        if len(description) and (description.min() < 0 or description.max() > 0xFFFF):
            self.damaged("stsc names a sample entry that cannot be")
            description = np.clip(description, 0, 0xFFFF)
        return ChunkRuns(offset, self._clip(count, sample_count), description.astype(np.int32))

    def _clip(self, count: NDArray[np.int64], total: int) -> NDArray[np.int64]:
        """Cut per-chunk counts to ``total`` samples."""
        # Clipped first, so that the sum of 2**32 samples in each of many chunks cannot overflow.
        ends = np.cumsum(np.minimum(count, total + 1))
        last = int(ends[-1]) if len(ends) else 0
        if last != total:
            more = "more" if last > total else f"{last}"
            self.contradicts(f"the chunks hold {more} samples, stsz says {total}")
        clipped: NDArray[np.int64] = np.diff(np.minimum(ends, total), prepend=0)
        return clipped

    def durations(self, count: int) -> NDArray[np.int64]:
        """Return one duration a sample from ``stts``."""
        return self.per_sample(self.needed(b"stts"), "delta", count, b"stts")

    def composition_offsets(self, count: int) -> NDArray[np.int64]:
        """Return one composition offset a sample from ``ctts``, zeros where there is none."""
        rows = self.rows(b"ctts")
        return np.zeros(count, np.int64) if rows is None else self.per_sample(rows, "offset", count, b"ctts")

    def per_sample(self, rows: NDArray[Any], name: str, count: int, kind: bytes) -> NDArray[np.int64]:
        """Repeat each row's value ``count`` times up to exactly ``count`` values, the last value filling up."""
        repeats = rows["count"].astype(np.int64)
        ends = np.minimum(np.cumsum(np.minimum(repeats, count + 1)), count + 1)
        total = int(ends[-1]) if len(ends) else 0
        if total != count:
            more = "more" if total > count else f"{total}"
            self.contradicts(f"{kind.decode('latin-1')} describes {more} samples, there are {count}")
        repeats = np.diff(np.minimum(ends, count), prepend=0)
        values = np.repeat(rows[name].astype(np.int64), repeats)
        if len(values) == count:
            return values
        # Offsets that are not given are 0 (8.6.1.3); a duration that is not given is most likely the last one.
        fill = int(values[-1]) if name == "delta" and len(values) else 0
        return np.concatenate((values, np.full(count - len(values), fill, np.int64)))

    def sync(self, count: int) -> NDArray[np.bool_]:
        """Return which samples ``stss`` names; all of them where there is none (8.6.2)."""
        rows = self.rows(b"stss")
        if rows is None:
            return np.ones(count, np.bool_)
        numbers = rows.astype(np.int64)
        good = (numbers >= 1) & (numbers <= count)
        if not good.all():
            self.contradicts(f"stss names a sample that is not among the {count}")
        is_sync = np.zeros(count, np.bool_)
        is_sync[numbers[good] - 1] = True
        return is_sync

    def damaged(self, message: str) -> None:
        """Raise or note damage of this ``stbl``."""
        damaged(message, offset=self.stbl.offset, leniency=self.leniency, problems=self.problems)

    def contradicts(self, message: str) -> None:
        """Raise or note a contradiction in this ``stbl``."""
        contradicts(message, offset=self.stbl.offset, leniency=self.leniency, problems=self.problems)


def expand(stbl: Box, *, leniency: Leniency = Leniency.STRICT, problems: list[Problem] | None = None) -> SampleTable:
    """Return one row per sample of an ``stbl`` box; the inverse of `compact`.

    Raises
    ------
    BoxError
        Unless PERMISSIVE: a table is missing or cut off. STRICT: tables contradict each other. Always: more than
        `MAX_CONSTANT_SAMPLES` samples of one size, whose number no bytes vouch for.
    """
    reader = StblReader(stbl, leniency, problems)
    sizes = reader.sizes()
    if sizes.sizes is None and sizes.sample_count > MAX_CONSTANT_SAMPLES:
        raise BoxError(f"{sizes.sample_count} samples of one size are too many for one row each", offset=stbl.offset)
    chunks = reader.chunks(sizes.sample_count)
    count = int(chunks.sample_count.sum())
    size = np.full(count, sizes.constant, np.int64) if sizes.sizes is None else sizes.sizes[:count]
    chunk_index = np.repeat(np.arange(len(chunks.offset), dtype=np.int32), chunks.sample_count)
    # Within a chunk samples follow each other: position in the whole run of samples, less that of the chunk's first.
    position = np.cumsum(size) - size
    first = np.cumsum(chunks.sample_count) - chunks.sample_count
    base = np.zeros(len(chunks.offset), np.int64)
    filled = first < count
    base[filled] = chunks.offset[filled] - position[first[filled]]
    return SampleTable(
        offset=base[chunk_index] + position,
        size=size,
        duration=reader.durations(count),
        composition_offset=reader.composition_offsets(count),
        is_sync=reader.sync(count),
        chunk_index=chunk_index,
        description_index=chunks.description_index[chunk_index],
    )


def compact(
    table: SampleTable,
    *,
    has_ctts: bool | None = None,
    ctts_version: int = 0,
    has_cslg: bool = False,
    has_stss: bool | None = None,
    constant_size: bool | None = None,
    large_offsets: bool | None = None,
) -> tuple[Box, ...]:
    """Return the boxes ``stts``, ``ctts``, ``cslg``, ``stss``, ``stsc``, ``stsz``, ``stco`` or ``co64`` of the samples.

    Parameters
    ----------
    table : SampleTable
    has_ctts : bool, optional
        Default: where a composition offset is not 0. False is an error there.
    ctts_version : int
        As the reference writes it; the values are the same bits in both.
    has_cslg : bool
        Sum up the composition times in ``cslg``, as iPhones do; only beside ``ctts``.
    has_stss : bool, optional
        Default: where a sample is no sync sample. False is an error there.
    constant_size : bool, optional
        Write one size for all samples. Default: where there are two or more and all are equal.
    large_offsets : bool, optional
        Write ``co64`` though 32 bits would do. Default: where they do not.

    Raises
    ------
    BoxError
        A value does not fit its field, or the samples of a chunk do not follow each other.
    """
    starts = _chunk_starts(table)
    first = np.flatnonzero(starts)
    sample_count = np.diff(np.append(first, len(table)))
    boxes = [Box(b"stts", tables.build_time_to_sample(table.duration))]
    if _wanted(has_ctts, bool(table.composition_offset.any()), "ctts"):
        boxes.append(Box(b"ctts", tables.build_composition_offset(table.composition_offset, version=ctts_version)))
        if has_cslg and len(table):
            boxes.append(Box(b"cslg", tables.build_composition_to_decode(_composition_range(table))))
    if _wanted(has_stss, not table.is_sync.all(), "stss"):
        boxes.append(Box(b"stss", tables.build_sync_sample(table.is_sync)))
    boxes.append(Box(b"stsc", tables.build_sample_to_chunk(sample_count, table.description_index[first])))
    if constant_size is None:
        constant_size = len(table) > 1 and bool(table.size[0]) and bool((table.size == table.size[0]).all())
    boxes.append(Box(b"stsz", tables.build_sample_size(table.size, constant=constant_size)))
    boxes.append(Box(*tables.build_chunk_offset(table.offset[first], large=large_offsets)))
    return tuple(boxes)


def _composition_range(table: SampleTable) -> tuple[int, int, int, int, int]:
    """Return the five values of ``cslg`` (8.6.1.4), equal to those that iPhones write."""
    least, greatest = int(table.composition_offset.min()), int(table.composition_offset.max())
    pts = table.pts
    return max(0, -least), least, greatest, int(pts.min()), int((pts + table.duration).max())


def _wanted(wish: bool | None, needed: bool, name: str) -> bool:
    if wish is False and needed:
        raise BoxError(f"these samples cannot be described without {name}")
    return needed if wish is None else wish


def _chunk_starts(table: SampleTable) -> NDArray[np.bool_]:
    """Return which samples begin a chunk, having checked that chunks are what `expand` would make of them."""
    starts = np.ones(len(table), np.bool_)
    steps = np.diff(table.chunk_index)
    if (steps < 0).any():
        raise BoxError("chunk_index falls")
    starts[1:] = steps > 0
    broken = ~starts[1:] & (table.offset[1:] != table.offset[:-1] + table.size[:-1])
    if broken.any():
        at = int(np.argmax(broken)) + 1
        raise BoxError(f"sample {at} does not follow the one before in its chunk", offset=int(table.offset[at]))
    if (~starts[1:] & (table.description_index[1:] != table.description_index[:-1])).any():
        raise BoxError("two sample entries share a chunk")
    return starts
