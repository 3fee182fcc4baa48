"""From rescued tracks to what a report says of them."""

from __future__ import annotations

from collections.abc import Iterable

from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Gap
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.stand_ins import Pause
from mediarescue.reports import GapReport, TrackReport


def track_reports(tracks: Iterable[RescuedTrack]) -> tuple[TrackReport, ...]:
    """Return what a report says of each track."""
    return tuple(
        TrackReport(
            track_id=track.profile.track.track_id,
            kind=track.profile.kind,
            codec=track.profile.codec.decode("latin-1"),
            samples=track.sample_count,
            sync_samples=track.sample_count if track.is_pcm else int(track.is_sync.sum()),
            bytes=int(track.size[track.recorded].sum()),
            duration_seconds=track.seconds,
            timing_source=track.source,
            timing_error_seconds=None if track.error is None else round(track.error, 6),
            silence_seconds=round(track.silence_seconds, 6),
        )
        for track in tracks
    )


def gap_reports(source: ByteSource, gaps: Iterable[tuple[Gap, Pause]], *, first: int = 0) -> tuple[GapReport, ...]:
    """Return what a report says of each gap; of one in front of ``first``, the first sample, no lost time."""
    reports = []
    for gap, pause in gaps:
        told = not gap.expected and gap.offset >= first
        reports.append(
            GapReport(
                source.ranges(gap.offset, 1)[0][0],
                gap.size,
                gap.reason,
                gap.expected,
                time_seconds=pause.time,
                lost_seconds=pause.lost if told else None,
                lost_error_seconds=pause.error if told else None,
            )
        )
    return tuple(reports)


def av_difference(tracks: Iterable[TrackReport]) -> float | None:
    """Return the end of the longest video track minus that of the longest audio track in seconds."""
    ends: dict[str, float] = {}
    for track in tracks:
        ends[track.kind] = max(ends.get(track.kind, 0.0), track.duration_seconds)
    return ends["video"] - ends["audio"] if {"video", "audio"} <= ends.keys() else None
