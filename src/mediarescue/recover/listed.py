"""Parts of what an index lists: the samples up to a place, in order, or moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import ChunkTable, SampleTable, TimedSamples
from mediarescue.isobmff.indexed import IndexedSamples

Int64Array = NDArray[np.int64]


def sample_count(part: IndexedSamples) -> int:
    """Return the number of samples (of PCM: of chunks)."""
    return len(part.chunks) if part.chunks is not None else len(part.samples.samples) if part.samples else 0


def byte_ranges(part: IndexedSamples) -> tuple[Int64Array, Int64Array]:
    """Return offset and size of each sample (of PCM: each chunk), int64 (n,)."""
    if part.chunks is not None:
        return part.chunks.offset, part.chunks.size
    assert part.samples is not None
    return part.samples.samples.offset, part.samples.samples.size


def shifted(part: IndexedSamples, shift: int) -> IndexedSamples:
    """Return the samples ``shift`` bytes further on."""
    if not shift:
        return part
    if part.chunks is not None:
        return replace(part, chunks=replace(part.chunks, offset=part.chunks.offset + shift))
    assert part.samples is not None
    samples = part.samples.samples
    table = SampleTable(
        samples.offset + shift,
        samples.size,
        samples.duration,
        samples.composition_offset,
        samples.is_sync,
        samples.chunk_index,
        samples.description_index,
    )
    return replace(part, samples=replace(part.samples, samples=table))


def up_to(part: IndexedSamples, end: int) -> IndexedSamples:
    """Return the samples that end at ``end`` or before; a chunk of PCM is cut there."""
    offset, size = byte_ranges(part)
    if part.chunks is None:
        assert part.samples is not None
        whole = (offset >= 0) & (offset + size <= end)
        if whole.all():
            return part
        timed = part.samples
        left = TimedSamples(timed.samples.select(whole), timed.decode_time[whole])
        return IndexedSamples(left, None, int(left.decode_time[0]) if len(left.decode_time) else 0)
    chunks = part.chunks
    fits = np.where(offset >= 0, chunks.samples_in(np.clip(end - offset, 0, None)), 0)
    count = np.minimum(chunks.sample_count, fits)
    kept = count > 0
    runs = ((int(count[kept].sum()), chunks.delta),) if kept.any() else ()
    clipped = ChunkTable(
        offset[kept],
        count[kept],
        chunks.description_index[kept],
        chunks.sample_size,
        runs,
        chunks.packet_size,
        chunks.packet_samples,
    )
    return IndexedSamples(None, clipped, 0)


def in_order(part: IndexedSamples) -> IndexedSamples:
    """Return the samples up to the first that stands in front of the one before it."""
    offset, _ = byte_ranges(part)
    back = np.flatnonzero(np.diff(offset) < 0)
    return leading(part, int(back[0]) + 1) if len(back) else part


def leading(part: IndexedSamples, count: int) -> IndexedSamples:
    """Return the first ``count`` samples (PCM: chunks)."""
    if part.samples is not None:
        timed = part.samples
        return replace(part, samples=TimedSamples(timed.samples.select(slice(count)), timed.decode_time[:count]))
    assert part.chunks is not None
    chunks = part.chunks
    counts = chunks.sample_count[:count]
    return replace(
        part,
        chunks=replace(
            chunks,
            offset=chunks.offset[:count],
            sample_count=counts,
            description_index=chunks.description_index[:count],
            sample_delta=((int(counts.sum()), chunks.delta),) if count else (),
        ),
    )
