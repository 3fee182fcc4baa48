"""The samples that a file's own index lists, be it in the ``moov``, in fragments, or in both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import (
    BoxError,
    ChunkTable,
    Fragments,
    Leniency,
    SampleTable,
    TimedSamples,
    Track,
    expand,
    expand_chunks,
    is_constant_size,
)
from mediarescue.isobmff.sound_packets import sound_packet

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class IndexedSamples:
    """The samples of a track.

    Attributes
    ----------
    samples : TimedSamples or None
        None for PCM.
    chunks : ChunkTable or None
        The chunks of PCM, else None.
    start : int
        Decode time of the first sample in media ticks: not 0 in a file that is a part of a longer recording.
    """

    samples: TimedSamples | None
    chunks: ChunkTable | None
    start: int


def indexed_samples(
    track: Track, fragments: Fragments, size: int, *, leniency: Leniency = Leniency.PERMISSIVE
) -> IndexedSamples:
    """Return the samples of a track that lie wholly in the first ``size`` bytes of the file.

    Parameters
    ----------
    track : Track
        Its sample table lists the first samples, or none.
    fragments : Fragments
        They list those that follow.
    size : int
    leniency : Leniency
        For the sample table.

    Raises
    ------
    BoxError
        The sample table is damaged beyond ``leniency``.
    """
    runs = fragments.runs(track.track_id)
    start = max(int(runs[0, -2]), 0) if len(runs) else 0
    chunks = _pcm_chunks(track, runs, size, leniency)
    if chunks is not None:
        return IndexedSamples(None, chunks, 0 if _has_samples(track) else start)
    first = expand(track.stbl, leniency=leniency, problems=[])
    parts = [TimedSamples(first, first.dts)] if len(first) else []
    if len(runs):
        parts.append(fragments.samples(track.track_id))
    joined = _joined(parts) if parts else TimedSamples(first, first.dts)
    samples = joined.samples
    inside = (samples.offset >= 0) & (samples.offset + samples.size <= size)
    if not inside.all():
        joined = TimedSamples(samples.select(inside), joined.decode_time[inside])
    return IndexedSamples(joined, None, int(joined.decode_time[0]) if len(joined.decode_time) else start)


def _has_samples(track: Track) -> bool:
    stsz = track.stbl.find(b"stsz") or track.stbl.find(b"stz2")
    return stsz is not None and any(stsz.payload[8:12])


def _joined(parts: list[TimedSamples]) -> TimedSamples:
    """Return the samples of a ``moov`` and of the fragments behind it as one; the clock goes on between them."""
    if len(parts) == 1:
        return parts[0]
    tables = [part.samples for part in parts]
    times = [parts[0].decode_time]
    for before, part in pairwise(parts):
        end, last = int(before.decode_time[-1] + before.samples.duration[-1]), int(before.samples.duration[-1])
        behind = end - int(part.decode_time[0])
        times.append(part.decode_time + behind if behind > last else part.decode_time)
    chunk, chunks = 0, []
    for table in tables:
        chunks.append(table.chunk_index + np.int32(chunk))
        chunk += int(table.chunk_index[-1]) + 1

    def column(name: str) -> NDArray[np.int64]:
        return np.concatenate([getattr(table, name) for table in tables])

    samples = SampleTable(
        offset=column("offset"),
        size=column("size"),
        duration=column("duration"),
        composition_offset=column("composition_offset"),
        is_sync=np.concatenate([table.is_sync for table in tables]),
        chunk_index=np.concatenate(chunks).astype(np.int32),
        description_index=np.concatenate([table.description_index for table in tables]),
    )
    return TimedSamples(samples, np.concatenate(times))


def _pcm_chunks(track: Track, runs: Int64Array, size: int, leniency: Leniency) -> ChunkTable | None:
    """Return the chunks of PCM; None for other tracks, and where the fragments do not fit the sample entry.

    Notes
    -----
    Writers differ in what they call a sample of a fragment: a PCM frame, or all that came out of the encoder at
    once. The bytes are the same, and in a ``moov`` only the former plays.
    """
    packet = sound_packet(track) if track.handler == b"soun" else None
    if packet is None or packet[1] != 1:
        return None
    frame = packet[0]
    offset, count, description = runs[:, 0], runs[:, -1] // frame, runs[:, -3]
    if (runs[:, -1] % frame).any():
        return None
    if _has_samples(track):
        if not is_constant_size(track.stbl):
            return None
        try:
            table = expand_chunks(track.stbl, leniency=leniency, problems=[])
        except BoxError:
            return None
        if table.sample_size != frame or any(delta != 1 for _, delta in table.sample_delta):
            return None
        offset = np.concatenate((table.offset, offset))
        count = np.concatenate((table.sample_count, count))
        description = np.concatenate((table.description_index, description))
    count = np.minimum(count, (size - offset) // frame)
    kept = count > 0
    total = int(count[kept].sum())
    runs_of_one = ((total, 1),) if total else ()
    return ChunkTable(offset[kept], count[kept], description[kept].astype(np.int32), frame, runs_of_one)
