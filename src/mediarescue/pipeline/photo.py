"""A photo through a filter: decoded, filtered, and written with everything that is not a changed pixel as it was."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mediarescue.events import Artifact, Listener, StageFinished, StageStarted, ignore
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoPlanes, Still, Written
from mediarescue.media_reports import PhotoReport
from mediarescue.output import AtomicOutput, check_target, keep_date

PhotoFunction = Callable[[PhotoPlanes], "Sequence[Plane] | None"]

UNCHANGED = "nothing was changed: the output is the input byte for byte"


@dataclass(frozen=True, slots=True)
class PhotoJob:
    """Where an opened photo goes."""

    still: Still
    target: Path
    overwrite: bool = False
    dry_run: bool = False


def run_photo(
    job: PhotoJob, planes: PhotoPlanes, new: Sequence[Plane] | None, *, listener: Listener = ignore
) -> PhotoReport:
    """Write a photo with new samples, or copy it where none differs.

    Parameters
    ----------
    new : sequence of NDArray or None
        Of the shapes and dtypes of ``planes.planes``; None for no change.

    Raises
    ------
    ValueError
        The number of planes, a shape or a dtype is another.
    UsageError, InputError, OutputError, VerificationError
        As `mediarescue.errors` describes them; nothing is left half-written.
    """
    began = time.perf_counter()
    source = job.still.info.path
    check_target(job.target, inputs=[source], overwrite=job.overwrite)
    changed = None if new is None else checked(planes, new)
    if changed is not None:
        count = changed_pixels(planes.planes, changed)
        changed = changed if count else None
    if changed is None:
        if not job.dry_run:
            _copy(job, source)
            listener(Artifact(os.fspath(job.target), "output"))
        return _report(job, began, notes=(UNCHANGED,))
    if job.dry_run:
        return _report(job, began, pixels=count, changed=True)
    listener(StageStarted("write", None))
    with AtomicOutput(job.target, overwrite=job.overwrite, needed_bytes=source.stat().st_size) as output:
        written = job.still.write(planes.planes, changed, output.file)
        output.commit(lambda path: job.still.verify(path, written))
    keep_date(source, job.target)
    listener(StageFinished("write"))
    listener(Artifact(os.fspath(job.target), "output"))
    return _report(job, began, pixels=count, changed=written.rewritten > 0, written=written, notes=written.notes)


def checked(planes: PhotoPlanes, new: Sequence[Plane]) -> tuple[Plane, ...]:
    """Return new planes as a tuple; raises ValueError where they do not fit the photo."""
    if len(new) != len(planes.planes):
        raise ValueError(f"the filter returned {len(new)} planes; the photo has {len(planes.planes)}")
    for number, (one, was) in enumerate(zip(new, planes.planes, strict=True)):
        if not isinstance(one, np.ndarray) or one.shape != was.shape or one.dtype != was.dtype:
            given = f"{one.dtype}{list(one.shape)}" if isinstance(one, np.ndarray) else f"a {type(one).__name__}"
            raise ValueError(
                f"the filter returned plane {number} as {given}; it must stay {was.dtype}{list(was.shape)}"
            )
    return tuple(new)


def changed_pixels(old: Sequence[Plane], new: Sequence[Plane]) -> int:
    """Count the places where planes differ; those of smaller planes count once for each of their samples."""
    by_shape: dict[tuple[int, ...], np.ndarray[tuple[int, ...], np.dtype[np.bool_]]] = {}
    for one, other in zip(old, new, strict=True):
        if one is not other:
            different = one != other
            if one.shape in by_shape:
                by_shape[one.shape] |= different
            else:
                by_shape[one.shape] = different
    return max((int(np.count_nonzero(different)) for different in by_shape.values()), default=0)


def _copy(job: PhotoJob, source: Path) -> None:
    with (
        open(source, "rb") as file,
        AtomicOutput(job.target, overwrite=job.overwrite, needed_bytes=source.stat().st_size) as output,
    ):
        shutil.copyfileobj(file, output.file, 1 << 20)
        output.commit()
    keep_date(source, job.target)


def _report(
    job: PhotoJob,
    began: float,
    *,
    pixels: int = 0,
    changed: bool = False,
    written: Written | None = None,
    notes: tuple[str, ...] = (),
) -> PhotoReport:
    info = job.still.info
    return PhotoReport(
        input=os.fspath(info.path),
        output=None if job.dry_run else os.fspath(job.target),
        input_bytes=info.path.stat().st_size,
        output_bytes=0 if job.dry_run else job.target.stat().st_size,
        format=info.format,
        width=info.width,
        height=info.height,
        mode=info.mode,
        bit_depth=info.bit_depth,
        changed=changed,
        changed_pixels=pixels,
        rewritten=written.rewritten if written else 0,
        rewritten_of=written.of if written else 0,
        rewritten_unit=written.unit if written else "",
        lossless=info.lossless,
        seconds=time.perf_counter() - began,
        notes=notes,
        dry_run=job.dry_run,
    )
