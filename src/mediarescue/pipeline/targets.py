"""Where the outputs of a batch go, refused before any work where two would meet or an input would be hit."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mediarescue.errors import MediaRescueError, UsageError
from mediarescue.output import default_target
from mediarescue.pipeline.inputs import Input, Inputs, MediaKind


@dataclass(frozen=True, slots=True)
class Job:
    """One file to work on.

    Attributes
    ----------
    source, target : Path
    kind : MediaKind
    size : int
        Bytes of the source.
    refusal : MediaRescueError or None
        Why there is nothing to work on; `target` is the source then.
    """

    source: Path
    target: Path
    kind: MediaKind
    size: int = 0
    refusal: MediaRescueError | None = None


def plan_jobs(inputs: Inputs, *, output: Path | None, out_dir: Path | None, suffix: str) -> tuple[Job, ...]:
    """Return a job for each input: ``-o``, else the same relative path in ``--out-dir``, else ``NAME<suffix>.EXT``.

    Raises
    ------
    UsageError
        Both `output` and `out_dir` are given; `output` with more than one input or a folder; two inputs would have
        one output; an output would be one of the inputs, by name or through a link.
    """
    if output is not None and out_dir is not None:
        raise UsageError("-o and --out-dir contradict each other; give one of them")
    if output is not None and (inputs.has_folder or len(inputs.files) > 1):
        raise UsageError("-o names one output, and there is more than one input or a folder; use --out-dir DIR instead")
    jobs = tuple(_job(found, output, out_dir, suffix) for found in inputs.files)
    working = [job for job in jobs if job.refusal is None]
    _refuse_one_output_for_two(working)
    _refuse_inputs_as_outputs(working)
    return jobs


def _job(found: Input, output: Path | None, out_dir: Path | None, suffix: str) -> Job:
    if found.refusal is not None:
        return Job(found.path, found.path, found.kind, found.size, found.refusal)
    if output is not None:
        target = output
    elif out_dir is not None:
        target = out_dir / found.relative
    else:
        target = default_target(found.path, suffix)
    return Job(found.path, target, found.kind, found.size)


def _refuse_one_output_for_two(jobs: Iterable[Job]) -> None:
    taken: dict[str, Job] = {}
    ignores_case: dict[Path, bool] = {}
    for job in jobs:
        folder = job.target.parent
        if folder not in ignores_case:
            ignores_case[folder] = _ignores_case(folder)
        place = os.path.normcase(folder.resolve() / job.target.name)
        other = taken.setdefault(place.casefold() if ignores_case[folder] else place, job)
        if other is not job:
            raise UsageError(
                f"{other.source} and {job.source} would both become {job.target}; "
                "name them in two runs with different --out-dir"
            )


def _ignores_case(folder: Path) -> bool:
    """Whether a folder takes ``A.jpg`` and ``a.jpg`` for one file, as those of memory cards, macOS and Windows do."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    folder = folder.resolve()
    other = folder.with_name(folder.name.swapcase())
    with contextlib.suppress(OSError):
        return other.name != folder.name and other.samefile(folder)
    return False


def _refuse_inputs_as_outputs(jobs: Iterable[Job]) -> None:
    jobs = list(jobs)
    sources = {identity: job.source for job in jobs if (identity := _identity(job.source)) is not None}
    for job in jobs:
        identity = _identity(job.target)
        if identity is not None and identity in sources:
            raise UsageError(
                f"{job.target} is the input {sources[identity]} itself; "
                "inputs are never written to, name another output"
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
