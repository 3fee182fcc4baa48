"""The result of ``untrunc`` as a table and a few lines, for people."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator

from mediarescue.cli._exit import printable
from mediarescue.output import readable_size
from mediarescue.reports import GapReport, TimingSource, TrackReport, UntruncReport

_SHOWN_GAPS = 10
_LABEL_WIDTH = 10
_PIPED_WIDTH = 80

TIMED = {
    TimingSource.BITSTREAM: "coded data",
    TimingSource.INDEX: "hidden index",
    TimingSource.CONSTANT: "constant rate",
    TimingSource.PATTERN: "rate pattern",
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
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else _PIPED_WIDTH
    said = set(already_said) if terminal else set()
    parts = [_track_table(report.tracks, width)] if report.tracks else []
    parts += [_wrapped(label, text, width) for label, text in _lines(report, every_gap, said)]
    return "".join(parts)


def _lines(report: UntruncReport, every_gap: bool, said: set[str]) -> Iterator[tuple[str, str]]:
    yield (
        "recovered",
        f"{readable_size(report.recovered_bytes)} of {readable_size(report.media_bytes)} media data "
        f"({_percent(report.recovered_bytes, report.media_bytes)})",
    )
    yield from _gap_lines(report.gaps, every_gap)
    if report.av_difference_seconds is not None:
        yield "A/V", _av_sentence(report.av_difference_seconds)
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
            yield "", f"at offset {gap.offset}: {readable_size(gap.size)}, {gap.reason}"
        if len(shown) < len(chosen):
            yield "", f"and {len(chosen) - len(shown)} more (-v lists them, --json too)"


def _av_sentence(seconds: float) -> str:
    if abs(seconds) < 0.0005:
        return "video and audio end together"
    return f"the video ends {abs(seconds):.3f} s {'after' if seconds > 0 else 'before'} the audio"


def _percent(part: int, whole: int) -> str:
    if whole <= 0 or part >= whole:
        return "100 %"
    # Cut, not rounded: 100 % must mean all of it.
    return f"{part * 10_000 // whole / 100:.2f} %"


def _duration(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{hours}:{tail}" if hours else tail


def _wrapped(label: str, text: str, width: int) -> str:
    head = f"{printable(label):<{_LABEL_WIDTH}}"
    lines = textwrap.wrap(
        printable(text),
        width=max(width, 2 * _LABEL_WIDTH),
        initial_indent=head,
        subsequent_indent=" " * _LABEL_WIDTH,
        # A path must stay in one piece to be copied.
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines or [head.rstrip()]) + "\n"


def _track_table(tracks: tuple[TrackReport, ...], width: int) -> str:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column("track", justify="right", no_wrap=True),
        Column("kind"),
        Column("codec", no_wrap=True),
        Column("samples", justify="right", no_wrap=True),
        Column("sync", justify="right", no_wrap=True),
        Column("duration", justify="right", no_wrap=True),
        Column("timed by", ratio=1),
        Column("bytes", justify="right", no_wrap=True),
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for track in tracks:
        cells = (
            str(track.track_id),
            track.kind,
            track.codec,
            str(track.samples),
            str(track.sync_samples),
            _duration(track.duration_seconds),
            TIMED[track.timing_source],
            readable_size(track.bytes),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    rendered = io.StringIO()
    # Rendered beside stdout, so that a closed pipe is met in one place only.
    console = Console(file=rendered, width=min(width, 100), force_terminal=sys.stdout.isatty(), legacy_windows=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in rendered.getvalue().splitlines()) + "\n\n"
