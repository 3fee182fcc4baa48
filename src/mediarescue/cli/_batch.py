"""Run a command over files and folders: what ``reencode`` and its like have in common."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediarescue.cli._batch_progress import batch_renderer
from mediarescue.cli._batch_table import batch_document, batch_text
from mediarescue.cli._exit import (
    PROGRAM,
    Stopped,
    as_text,
    describe,
    noting_signals,
    printable,
    write_stderr,
    write_stdout,
)
from mediarescue.cli._options import ProgressMode
from mediarescue.errors import MediaRescueError, UsageError
from mediarescue.pipeline.batch import run_batch
from mediarescue.pipeline.batch_report import BatchReport, State
from mediarescue.pipeline.inputs import Inputs, collect_inputs
from mediarescue.pipeline.leftovers import has_finished_pieces
from mediarescue.pipeline.targets import plan_jobs
from mediarescue.pipeline.worker_process import Worker


@dataclass(frozen=True, slots=True)
class BatchArguments:
    """What the command line says of the files, whatever is done with them."""

    inputs: list[Path]
    output: Path | None
    out_dir: Path | None
    overwrite: bool
    skip_existing: bool
    jobs: int | None
    resume: bool
    dry_run: bool
    json: bool
    quiet: bool
    verbose: bool
    progress: ProgressMode


def run_files(command: str, worker: Worker, *, suffix: str, arguments: BatchArguments) -> int:
    """Have the worker work on all inputs, show what became of them, and return the worst exit code.

    Parameters
    ----------
    command : str
        For the document.
    worker : callable
        Picklable; see `mediarescue.pipeline.batch.run_batch`.
    suffix : str
        Of outputs beside their inputs.
    arguments : BatchArguments

    Raises
    ------
    UsageError
        Before any work, where the arguments contradict each other or two files.
    """
    asked = arguments
    if asked.overwrite and asked.skip_existing:
        raise UsageError("--overwrite and --skip-existing contradict each other; give one of them")
    inputs = collect_inputs(asked.inputs, suffix=suffix, out_dir=asked.out_dir)
    jobs = plan_jobs(inputs, output=asked.output, out_dir=asked.out_dir, suffix=suffix)
    with batch_renderer(asked.progress, quiet=asked.quiet, files=len(jobs)) as listener, noting_signals() as stop:
        report = run_batch(
            jobs,
            worker,
            describe=describe,
            processes=asked.jobs,
            overwrite=asked.overwrite,
            skip_existing=asked.skip_existing,
            make_folders=asked.out_dir is not None,
            keep_work=asked.resume,
            verbose=asked.verbose,
            listener=listener,
            stop=stop,
        )
    try:
        _show(report, inputs, command, asked, listener.warned)
    except Stopped as late:
        late.written = (f"{_done(report)} of {len(report.files)} files",) if _done(report) else ()
        raise
    return report.exit_code


def _show(
    report: BatchReport, inputs: Inputs, command: str, asked: BatchArguments, already_said: Collection[str]
) -> None:
    error = _error(report)
    for outcome in report.files:
        if asked.verbose and outcome.failure is not None and outcome.failure.exit_code == MediaRescueError.exit_code:
            write_stderr(outcome.trace)
    if error is not None:
        write_stderr(f"{PROGRAM}: {printable(error['message'])}\n")
    if asked.json:
        document = batch_document(report, inputs, command=command, dry_run=asked.dry_run)
        write_stdout(as_text(document if error is None else {**document, "error": error}))
    elif not asked.quiet and (len(report.files) > 1 or error is None):
        write_stdout(
            batch_text(
                report,
                inputs,
                dry_run=asked.dry_run,
                out_dir=asked.out_dir,
                every_note=asked.verbose,
                already_said=already_said,
            )
        )


def _done(report: BatchReport) -> int:
    return sum(outcome.state is State.DONE for outcome in report.files)


def _error(report: BatchReport) -> dict[str, Any] | None:
    """Return what ended all work: the one file's failure, or an interruption."""
    if report.stopped:
        done = _done(report)
        what = f"{done} of {len(report.files)} files are complete" if done else "nothing was written"
        if done == len(report.files) == 1:
            what = f"already complete: {report.files[0].job.target}"
        if _has_kept_parts(report):
            what += "; the finished parts of the film are kept, go on from them with --resume"
        return {"type": "Interrupted", "message": f"interrupted; {what}"}
    if len(report.files) == 1 and (failure := report.files[0].failure) is not None:
        return {"type": failure.kind, "message": failure.message}
    return None


def _has_kept_parts(report: BatchReport) -> bool:
    return any(
        outcome.state is State.INTERRUPTED and has_finished_pieces(outcome.job.target) for outcome in report.files
    )
