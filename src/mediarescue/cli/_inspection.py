"""What ``inspect`` found, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mediarescue.cli._exit import printable
from mediarescue.cli._text import duration, labelled, table_text, text_width
from mediarescue.inspection import BoxInfo, EditInfo, Finding, InspectReport, TrackInfo
from mediarescue.output import readable_size

_SHOWN_FINDINGS = 20
_SHOWN_EDITS = 4
_WORTH_SAYING = 0.01


def inspection_text(report: InspectReport, *, depth: int | None) -> str:
    """Return a report as text for stdout.

    Parameters
    ----------
    report : InspectReport
    depth : int or None
        Levels of boxes to show; None shows all.
    """
    width = text_width()
    head = f"{report.path}: {report.format + ', ' if report.format else ''}{readable_size(report.size)}"
    parts = [printable(head) + "\n\n"]
    if report.boxes:
        parts.append(_tree(report.boxes, depth, width))
    parts += [labelled(label, text, width) for label, text in _lines(report)]
    parts.append(labelled("verdict", report.verdict, width))
    if report.command:
        # In one line, to be copied.
        parts.append(f"{'run':<10}{printable(report.command)}\n")
    return "".join(parts)


def _tree(boxes: Sequence[BoxInfo], depth: int | None, width: int) -> str:
    from rich.table import Column

    columns = (
        Column("box", no_wrap=True),
        Column("offset", justify="right", no_wrap=True),
        Column("size", justify="right", no_wrap=True),
        Column("", ratio=1, overflow="ellipsis", no_wrap=True),
    )
    return table_text(columns, _rows(boxes, depth, 0), width)


def _rows(boxes: Sequence[BoxInfo], depth: int | None, level: int) -> Iterator[tuple[str, str, str, str]]:
    for box in boxes:
        name = box.kind or "-"
        if box.count > 1:
            name += f" x {box.count:,}"
        shown = depth is None or level + 1 < depth
        note = box.note
        if not shown and box.children and not note:
            note = _counted(sum(child.count for child in box.children), "box inside", "boxes inside")
        yield "  " * level + name, str(box.offset), str(box.size), note
        if shown:
            yield from _rows(box.children, depth, level + 1)


def _lines(report: InspectReport) -> Iterator[tuple[str, str]]:
    for track in report.tracks:
        yield from _track_lines(track)
    if report.chunk_order:
        yield "order", " ".join(report.chunk_order)
    if report.fragments is not None:
        fragments = report.fragments
        time = "" if fragments.readable_seconds is None else f", {duration(fragments.readable_seconds)}"
        yield "fragments", f"{fragments.count:,} whole, up to byte {fragments.readable_bytes}{time}"
    if report.zero_fraction >= _WORTH_SAYING:
        yield "zeros", f"about {report.zero_fraction * 100:.0f} % of the places looked at"
    for finding in report.findings[:_SHOWN_FINDINGS]:
        yield finding.severity.value.replace("contradiction", "conflict"), _placed(finding)
    if len(report.findings) > _SHOWN_FINDINGS:
        yield "", f"and {len(report.findings) - _SHOWN_FINDINGS} more (--json lists them)"


def _placed(finding: Finding) -> str:
    return f"at byte {finding.offset}: {finding.message}" if finding.offset >= 0 else finding.message


def _track_lines(track: TrackInfo) -> Iterator[tuple[str, str]]:
    words = [track.description]
    if track.width and track.height:
        words.append(f"{track.width}x{track.height}")
    if track.frame_rate is not None:
        words.append(f"{track.frame_rate:.3f} fps")
    if track.sample_rate:
        words.append(f"{track.sample_rate} Hz")
    if track.channels:
        words.append(_counted(track.channels, "channel", "channels"))
    if track.encryption:
        words.append(f"encrypted ({track.encryption})")
    yield f"track {track.track_id}", f"{track.kind}, {track.codec}: {', '.join(words)}"
    samples = _counted(track.samples, "sample", "samples")
    if track.sync_samples is not None:
        samples += f" ({track.sync_samples:,} sync)"
    if track.fragment_samples is None:
        samples += ", and uncounted ones in fragments"
    elif track.fragment_samples:
        samples += f", and {track.fragment_samples:,} in fragments"
    yield "", f"{samples}; {duration(track.duration_seconds)}, {readable_size(track.bytes)}"
    if track.samples_per_chunk is not None:
        low, high = track.samples_per_chunk
        each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        every = "" if track.interleave_seconds is None else f", {track.interleave_seconds:.3f} s"
        yield "", f"{_counted(track.chunks, 'chunk', 'chunks')} of {each}{every}"
    if track.edit_list:
        yield (
            "",
            "edit list: "
            + "; ".join(map(_edit, track.edit_list[:_SHOWN_EDITS]))
            + ("; ..." if len(track.edit_list) > _SHOWN_EDITS else ""),
        )


def _edit(edit: EditInfo) -> str:
    rate = "" if edit.rate == 1 else f" at rate {edit.rate:g}"
    if edit.media_seconds is None:
        return f"nothing for {edit.duration_seconds:.3f} s"
    return f"{edit.duration_seconds:.3f} s from {edit.media_seconds:.3f} s{rate}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
