"""The result of work on one or several files: a table and a few lines for people, a document for programs."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mediarescue.cli._exit import printable
from mediarescue.cli._text import labelled, table_text, text_width
from mediarescue.output import readable_size
from mediarescue.pipeline.batch_report import BatchReport, FileOutcome, State
from mediarescue.pipeline.inputs import Inputs
from mediarescue.reports import SCHEMA_VERSION


def batch_text(
    report: BatchReport,
    inputs: Inputs,
    *,
    dry_run: bool,
    out_dir: Path | None = None,
    every_note: bool = False,
    already_said: Collection[str] = (),
) -> str:
    """Return the result as text for stdout.

    Parameters
    ----------
    report : BatchReport
    inputs : Inputs
        What was passed over in folders is said.
    dry_run : bool
    out_dir : Path or None
        The folder that all outputs were asked to go to.
    every_note : bool
        List what differs from the source without harm, too; of a single file it always is.
    already_said : collection of str
        Warnings and notes the user has read on this terminal; left out where stdout is one.
    """
    width = text_width()
    said = set(already_said) if sys.stdout.isatty() else set()
    parts = [_table(report, width, dry_run=dry_run)]
    lines = _lines(report, inputs, out_dir, every_note)
    parts += [labelled(label, text, width) for label, text in lines if text not in said]
    return "".join(parts)


def batch_document(report: BatchReport, inputs: Inputs, *, command: str, dry_run: bool) -> dict[str, Any]:
    """Return the result as one JSON-able document: ``files`` in the order they were given."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "exit_code": report.exit_code,
        "dry_run": dry_run,
        "interrupted": report.stopped != 0,
        "seconds": round(report.seconds, 3),
        "files": [_file_document(outcome) for outcome in report.files],
        "passed_over": {"own_outputs": inputs.own, "other_files": inputs.others},
    }


def _file_document(outcome: FileOutcome) -> dict[str, Any]:
    failure, made = outcome.failure, outcome.report
    return {
        "input": str(outcome.job.source),
        "output": None if outcome.job.refusal is not None else str(outcome.job.target),
        "kind": None if outcome.job.refusal is not None else outcome.job.kind.value,
        "state": outcome.state.value,
        "exit_code": outcome.exit_code,
        "input_bytes": outcome.job.size,
        "output_bytes": outcome.output_bytes,
        "seconds": round(outcome.seconds, 3),
        "error": None if failure is None else {"type": failure.kind, "message": failure.message},
        "report": None if made is None else asdict(made),  # type: ignore[call-overload]
    }


def _table(report: BatchReport, width: int, *, dry_run: bool) -> str:
    from rich.table import Column

    folder = _common_folder([outcome.job.source for outcome in report.files])
    columns = (
        Column("file" if folder is None else printable(f"file in {folder}"), overflow="fold"),
        Column("to be done" if dry_run else "done"),
        Column("before", justify="right", no_wrap=True),
        Column("after", justify="right", no_wrap=True),
        Column("time", justify="right", no_wrap=True),
    )
    rows = (
        (
            str(outcome.job.source if folder is None else outcome.job.source.relative_to(folder)),
            _done(outcome),
            readable_size(outcome.job.size) if outcome.job.refusal is None else "",
            readable_size(outcome.output_bytes) if outcome.output_bytes else "",
            _seconds(outcome.seconds) if outcome.seconds else "",
        )
        for outcome in report.files
    )
    return table_text(columns, rows, width)


def _common_folder(paths: Sequence[Path]) -> Path | None:
    """Return the folder that several files are in or below; None where there is none, or it is the current one."""
    try:
        folder = Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError:  # some names begin with the root, others do not
        return None
    return folder if len(paths) > 1 and folder.parts and all(path != folder for path in paths) else None


def _done(outcome: FileOutcome) -> str:
    if outcome.report is not None:
        return outcome.report.summary
    if outcome.state is State.SKIPPED:
        return "left out: its output exists"
    if outcome.failure is not None:
        return f"failed ({outcome.failure.exit_code})"
    return outcome.state.value


def _lines(report: BatchReport, inputs: Inputs, out_dir: Path | None, every_note: bool) -> Iterator[tuple[str, str]]:
    several = len(report.files) > 1
    for outcome in report.files:
        if outcome.failure is not None:
            yield "failed", outcome.failure.message
        if outcome.report is not None:
            for note in outcome.report.notes if every_note or not several else ():
                yield "note", _of_file(outcome, note, several)
            for lost in outcome.report.lost:
                yield "lost", _of_file(outcome, lost, several)
        for warning in outcome.warnings:
            yield "but", _of_file(outcome, warning, several)
    for outcome in report.files:
        if outcome.state in (State.DONE, State.PLANNED) and (every_note or not several):
            unwritten = " (nothing was written: a dry run)" if outcome.state is State.PLANNED else ""
            yield "output", f"{outcome.job.target}{unwritten}"
    if several:
        yield from _totals(report, out_dir)
    if inputs.own and any(outcome.job.refusal is None for outcome in report.files):
        what, them = ("output", "it") if inputs.own == 1 else ("outputs", "them")
        yield "passed", f"{inputs.own} {what} of mediarescue (name {them} to work on {them})"


def _of_file(outcome: FileOutcome, sentence: str, several: bool) -> str:
    name = str(outcome.job.source)
    return f"{name}: {sentence}" if several and name not in sentence else sentence


def _totals(report: BatchReport, out_dir: Path | None) -> Iterator[tuple[str, str]]:
    counts = Counter(outcome.state for outcome in report.files)
    states = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    done = [outcome for outcome in report.files if outcome.output_bytes and outcome.state is State.DONE]
    before, after = sum(outcome.job.size for outcome in done), sum(outcome.output_bytes for outcome in done)
    sizes = f"; {readable_size(before)} -> {readable_size(after)}" if done else ""
    yield "files", f"{len(report.files)}: {states}{sizes} in {_seconds(report.seconds)}"
    if counts[State.PLANNED]:
        yield "", "nothing was written: a dry run"
    folders = {outcome.job.target.parent for outcome in done} if out_dir is None else {out_dir}
    if done:
        yield "output", str(folders.pop()) if len(folders) == 1 else f"{len(folders)} folders (-v lists the files)"


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"
