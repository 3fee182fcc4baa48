"""The result of ``untrunc`` as a table and a few lines, for people."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator

from mediarescue.cli._candidates import candidates_text
from mediarescue.cli._check import check_lines
from mediarescue.cli._strip import strip_lines
from mediarescue.cli._text import WIDEST, duration, labelled, table_text, text_width
from mediarescue.output import readable_size
from mediarescue.reports import (
    ClustersReport,
    FragmentsReport,
    GapReport,
    OwnIndexReport,
    TimingSource,
    TrackReport,
    UntruncReport,
)

_SHOWN_GAPS = 10
_TOLD_ERROR = 0.05

TIMED = {
    TimingSource.BITSTREAM: "coded data",
    TimingSource.INDEX: "own index",
    TimingSource.TELEMETRY: "camera's stamps",
    TimingSource.CONSTANT: "constant rate",
    TimingSource.PATTERN: "rate pattern",
    TimingSource.EXPOSURE: "exposures (estimate)",
    TimingSource.AUDIO_CLOCK: "audio (estimate)",
    TimingSource.GUESSED: "mean (estimate)",
}
"""How a track was timed, in plain words."""


def untrunc_text(report: UntruncReport, *, every_gap: bool = False, already_said: Collection[str] = ()) -> str:
    """Return the result as text for stdout, coloured where that is a terminal.

    Parameters
    ----------
    report : UntruncReport
    every_gap : bool
        List all gaps instead of the first ten.
    already_said : collection of str
        Warnings the user has read on this terminal; left out where stdout is one.
    """
    width = text_width()
    said = set(already_said) if sys.stdout.isatty() else set()
    parts = [_track_table(report.tracks, width)] if report.tracks else []
    strip = strip_lines(report.coverage, report.tracks, min(width, WIDEST)) if report.coverage is not None else None
    if strip is not None:
        parts.append("\n".join(strip) + "\n\n")
    if report.candidates:
        used = labelled("reference", report.reference or "", width)
        parts.insert(0, candidates_text(report.candidates, width, every=every_gap) + used + "\n")
    parts += [labelled(label, text, width) for label, text in _lines(report, every_gap, said)]
    return "".join(parts)


def _lines(report: UntruncReport, every_gap: bool, said: set[str]) -> Iterator[tuple[str, str]]:
    yield (
        "recovered",
        f"{readable_size(report.recovered_bytes)} of {readable_size(report.media_bytes)} media data "
        f"({_percent(report.recovered_bytes, report.media_bytes)})",
    )
    if report.fragments is not None:
        yield "fragments", _fragments_sentence(report.fragments)
    if report.pieces:
        yield "pieces", f"{len(report.pieces)}, joined; offsets count through all of them"
    if report.own_index is not None:
        yield "own index", _own_index_sentence(report.own_index)
    if report.clusters is not None:
        yield "clusters", _clusters_sentence(report.clusters)
    yield from _gap_lines(report.gaps, every_gap)
    for track in report.tracks:
        if track.silence_seconds:
            yield (
                "silence",
                f"{track.silence_seconds:.2f} s put into track {track.track_id} ({track.codec}) for lost sound",
            )
    if report.av_difference_seconds is not None:
        yield "A/V", _av_sentence(report.av_difference_seconds)
    if report.check is not None:
        for number, line in enumerate(check_lines(report.check, every=every_gap)):
            yield "" if number else "check", line
    if report.dropped_boxes:
        yield "left out", f"{', '.join(report.dropped_boxes)} (boxes of the reference that do not fit this recording)"
    for warning in report.warnings:
        if warning not in said:
            yield "warning", warning
    if report.dry_run:
        yield "output", "none, this was a dry run" + (f"; it would be {report.output}" if report.output else "")
    elif report.output is not None:
        yield "output", f"{report.output} ({readable_size(report.output_bytes)})"
    for reservation in report.reservations:
        yield "but", reservation


def _gap_lines(gaps: tuple[GapReport, ...], every_gap: bool) -> Iterator[tuple[str, str]]:
    """Losses first; then what is no sample but no loss either (padding, boxes, the sample being written at the end)."""
    for label, none, chosen in (
        ("gaps", "none", [gap for gap in gaps if not gap.expected]),
        ("passed", "", [gap for gap in gaps if gap.expected]),
    ):
        if not chosen:
            if none:
                yield label, none
            continue
        yield label, f"{len(chosen)}, {readable_size(sum(gap.size for gap in chosen))} in all"
        shown = chosen if every_gap else chosen[:_SHOWN_GAPS]
        for gap in shown:
            yield "", f"at offset {gap.offset}: {readable_size(gap.size)}, {gap.reason}{_gap_time(gap)}"
        if len(shown) < len(chosen):
            yield "", f"and {len(chosen) - len(shown)} more (-v lists them, --json too)"


def _gap_time(gap: GapReport) -> str:
    """Say where in the film a loss is, and how much of it is gone."""
    if gap.expected or gap.time_seconds is None:
        return ""
    place = f", at {duration(gap.time_seconds)}"
    if gap.lost_seconds is None:
        return place
    error = gap.lost_error_seconds
    if error is None:
        return f"{place}, at least {gap.lost_seconds:.2f} s lost, how much more is unknown"
    lost = f"{place}, about {gap.lost_seconds:.2f} s lost"
    return f"{lost}, give or take {error:.2f} s" if error >= _TOLD_ERROR else lost


def _fragments_sentence(fragments: FragmentsReport) -> str:
    whole = f"{fragments.whole} whole"
    return f"{whole}, then {fragments.cut}" if fragments.cut else whole


def _own_index_sentence(index: OwnIndexReport) -> str:
    parts = [f"{index.used} of {index.listed} samples by it"]
    if index.shift:
        parts.append(f"{abs(index.shift)} bytes {'behind' if index.shift > 0 else 'before'} the places it gives")
    if index.missing:
        parts.append(f"{index.missing} are not in the file")
    if index.distrusted:
        parts.append(f"{index.distrusted} are not where it says, and were searched for")
    if index.added:
        parts.append(f"{index.added} more found that it does not list")
    return "; ".join(parts)


def _clusters_sentence(clusters: ClustersReport) -> str:
    return (
        f"{clusters.own_clusters} of {readable_size(clusters.cluster_bytes)}; {clusters.other_clusters} more belong to "
        "another recording; name one of its kind as --ref (an LRV for the small one) to get it"
    )


def _av_sentence(seconds: float) -> str:
    if abs(seconds) < 0.0005:
        return "video and audio end together"
    return f"the video ends {abs(seconds):.3f} s {'after' if seconds > 0 else 'before'} the audio"


def _percent(part: int, whole: int) -> str:
    if whole <= 0 or part >= whole:
        return "100 %"
    # Cut, not rounded: 100 % must mean all of it.
    return f"{part * 10_000 // whole / 100:.2f} %"


def _timed_by(track: TrackReport) -> str:
    """Say how a track was timed, and how far off that may be where it is a thousandth of a second or more."""
    error = track.timing_error_seconds
    return TIMED[track.timing_source] + (
        f" \u00b1{error * 1000:.0f} ms" if error is not None and error >= 0.001 else ""
    )


def _track_table(tracks: tuple[TrackReport, ...], width: int) -> str:
    from rich.table import Column

    columns = (
        Column("track", justify="right", no_wrap=True),
        Column("kind"),
        Column("codec", no_wrap=True),
        Column("samples", justify="right", no_wrap=True),
        Column("sync", justify="right", no_wrap=True),
        Column("duration", justify="right", no_wrap=True),
        Column("timed by", ratio=1),
        Column("bytes", justify="right", no_wrap=True),
    )
    rows = (
        (
            str(track.track_id),
            track.kind,
            track.codec,
            str(track.samples),
            str(track.sync_samples),
            duration(track.duration_seconds),
            _timed_by(track),
            readable_size(track.bytes),
        )
        for track in tracks
    )
    return table_text(columns, rows, width)
