"""What a track's sample table says: how many samples, where its chunks lie, whether they are in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.descriptors import codec_name
from mediarescue.checking.inspection.codecs import CodecWords, describe_entry
from mediarescue.inspection import EditInfo, Finding, Severity, TrackInfo
from mediarescue.isobmff import (
    TRACK_KINDS,
    BoxError,
    Leniency,
    Problem,
    Track,
    expand,
    expand_chunks,
    is_constant_size,
)
from mediarescue.isobmff.sound_packets import with_packets

KINDS = {**TRACK_KINDS, b"hint": "hint"}
_SELF_CONTAINED = 1
_ORDER_SHOWN = 12
_WRAP = 1 << 31

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrackLayout:
    """A track with the places of its chunks, and those of its samples where they are listed one by one.

    Attributes
    ----------
    track : Track
    info : TrackInfo
    chunk_offset, chunk_size, chunk_samples, chunk_dts : ndarray of int64
        Of each chunk that holds samples: place and size in bytes, number of samples, first decode time in ticks.
    sample_offset, sample_size, sample_dts : ndarray of int64
        Empty for samples of constant size, whose chunks say it all.
    is_elsewhere : bool
        The media lie in another file (ISO/IEC 14496-12 8.7.2).
    findings : tuple of Finding
    """

    track: Track
    info: TrackInfo
    chunk_offset: Int64Array
    chunk_size: Int64Array
    chunk_samples: Int64Array
    chunk_dts: Int64Array
    sample_offset: Int64Array
    sample_size: Int64Array
    sample_dts: Int64Array
    is_elsewhere: bool
    findings: tuple[Finding, ...]

    @property
    def label(self) -> str:
        """A short name for the list of chunks."""
        return {"video": "v", "audio": "a"}.get(self.info.kind, self.info.codec.partition(".")[0].strip())

    def with_fragments(self, samples: int | None, seconds: float) -> TrackLayout:
        """Return it with what the fragments add: samples (None where they were not counted) and their duration."""
        length = self.info.duration_seconds + seconds
        rate = _frame_rate(self.info.kind, self.info.samples + samples, length) if samples else self.info.frame_rate
        info = replace(self.info, fragment_samples=samples, duration_seconds=length, frame_rate=rate)
        return replace(self, info=info)


def read_layout(track: Track, movie_timescale: int) -> TrackLayout:
    """Read a track's tables as far as they can be read; never raises."""
    findings: list[Finding] = []
    none = np.zeros(0, np.int64)
    offset = size = counts = dts = none
    sample_offset = sample_size = sample_dts = none
    ticks, sync = 0, None
    problems: list[Problem] = []
    try:
        if is_constant_size(track.stbl):
            table = with_packets(expand_chunks(track.stbl, leniency=Leniency.PERMISSIVE, problems=problems), track)
            filled = table.sample_count > 0
            offset, size, counts = table.offset[filled], table.size[filled], table.sample_count[filled]
            dts, ticks = table.dts[filled], table.total_duration
        else:
            rows = expand(track.stbl, leniency=Leniency.PERMISSIVE, problems=problems)
            first = np.flatnonzero(np.diff(rows.chunk_index, prepend=-1)) if len(rows) else np.zeros(0, np.intp)
            sample_offset, sample_size, sample_dts = rows.offset, rows.size, rows.dts
            offset, dts, ticks = rows.offset[first], rows.dts[first], rows.total_duration
            counts = np.diff(np.append(first, len(rows))).astype(np.int64)
            size = np.add.reduceat(rows.size, first) if len(first) else none
            sync = int(rows.is_sync.sum()) if track.stbl.find(b"stss") is not None else None
    except BoxError as error:
        findings.append(Finding(Severity.FAULT, error.offset, f"track {track.track_id}: {_plain(error)}"))
    findings += _judged(track, problems)
    if len(offset) > 1 and track.stbl.find(b"co64") is None and int(np.diff(offset).min()) < -_WRAP:
        at = int(np.argmin(np.diff(offset))) + 1
        message = f"track {track.track_id}: its 32-bit chunk offsets (stco) start anew at chunk {at + 1}, beyond 4 GiB"
        findings.append(Finding(Severity.FAULT, track.stbl.offset, message))
    info = _info(track, movie_timescale, offset, size, counts, dts, ticks, sync)
    return TrackLayout(
        track,
        info,
        offset,
        size,
        counts,
        dts,
        sample_offset,
        sample_size,
        sample_dts,
        _elsewhere(track),
        tuple(findings),
    )


def _judged(track: Track, problems: Sequence[Problem]) -> list[Finding]:
    """Tell damage from contradictions: what NORMAL refuses as well is damage."""
    if not problems:
        return []
    severity = Severity.CONTRADICTION
    try:
        if is_constant_size(track.stbl):
            expand_chunks(track.stbl, leniency=Leniency.NORMAL)
        else:
            expand(track.stbl, leniency=Leniency.NORMAL)
    except BoxError:
        severity = Severity.FAULT
    return [Finding(severity, problem.offset, f"track {track.track_id}: {problem.message}") for problem in problems]


def _info(
    track: Track,
    movie_timescale: int,
    offset: Int64Array,
    size: Int64Array,
    counts: Int64Array,
    dts: Int64Array,
    ticks: int,
    sync: int | None,
) -> TrackInfo:
    timescale = max(track.timescale, 1)
    entry = track.sample_entries[0] if track.sample_entries else None
    kind = KINDS.get(track.handler, "other")
    words = describe_entry(entry) if entry is not None else CodecWords("no sample entry")
    samples, seconds = int(counts.sum()), ticks / timescale
    rate = _frame_rate(kind, samples, seconds)
    return TrackInfo(
        track_id=track.track_id,
        kind=kind,
        codec=codec_name(entry.kind, entry.configuration(b"esds")) if entry is not None else "",
        description=words.name,
        width=words.width,
        height=words.height,
        frame_rate=rate,
        sample_rate=words.sample_rate,
        channels=words.channels,
        samples=samples,
        fragment_samples=0,
        sync_samples=sync,
        bytes=int(size.sum()),
        timescale=track.timescale,
        duration_seconds=seconds,
        chunks=len(offset),
        samples_per_chunk=(int(counts.min()), int(counts.max())) if len(counts) else None,
        interleave_seconds=_interleave(dts, ticks, timescale),
        edit_list=tuple(
            EditInfo(
                None if edit.media_time == -1 else edit.media_time / timescale,
                edit.segment_duration / max(movie_timescale, 1),
                edit.rate,
            )
            for edit in track.edit_list
        ),
        encryption=_scheme(track),
    )


def _frame_rate(kind: str, samples: int, seconds: float) -> float | None:
    return round(samples / seconds, 3) if kind == "video" and seconds > 0 and samples > 1 else None


def _interleave(dts: Int64Array, ticks: int, timescale: int) -> float | None:
    """Return the median duration of a chunk in seconds; the last is often shorter, and left out where it can be."""
    if not len(dts):
        return None
    durations = np.diff(np.append(dts, ticks)) if len(dts) == 1 else np.diff(dts)
    return round(float(np.median(durations)) / timescale, 6)


def _scheme(track: Track) -> str:
    """Return the protection scheme of an encrypted track (8.12), "" where it is not."""
    if not track.is_encrypted:
        return ""
    for entry in track.sample_entries:
        schm = entry.box.find(b"sinf", b"schm")
        if schm is not None and len(schm.payload) >= 8:
            return schm.payload[4:8].decode("latin-1")
    return "unknown scheme"


def _elsewhere(track: Track) -> bool:
    """Whether no data reference names this file itself (8.7.2)."""
    dref = track.trak.find(b"mdia", b"minf", b"dinf", b"dref")
    entries = [box for box in (dref.children or () if dref is not None else ()) if len(box.payload) >= 4]
    return bool(entries) and not any(box.payload[3] & _SELF_CONTAINED for box in entries)


def _plain(error: BoxError) -> str:
    """Return an error's message without its place, which a finding has of its own."""
    return str(error).partition(" (at byte ")[0]


def chunk_order(layouts: Sequence[TrackLayout]) -> tuple[str, ...]:
    """Return the first chunks of the file in order: a track's label and how many samples (``v30 a22 mebx1``)."""
    labels = [layout.label for layout in layouts]
    first = []
    for layout in layouts:
        label = layout.label
        if labels.count(label) > 1:
            label = f"{label}[{layout.info.track_id}]"
        chosen = np.argsort(layout.chunk_offset, kind="stable")[:_ORDER_SHOWN]
        rows = zip(layout.chunk_offset[chosen].tolist(), layout.chunk_samples[chosen].tolist(), strict=True)
        first += [(offset, f"{label}{count}") for offset, count in rows]
    return tuple(name for _, name in sorted(first)[:_ORDER_SHOWN])
