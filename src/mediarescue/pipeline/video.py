"""A film through a filter: decoded, filtered, encoded in pieces, and put together with all that is not the picture."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from mediarescue.errors import NothingToDoError, VerificationError
from mediarescue.events import Artifact, Listener, Noted, Progressed, StageFinished, StageStarted, ignore
from mediarescue.media.containers import is_same_container, target_container
from mediarescue.media.encoded import EncodedVideo, EncoderPlan
from mediarescue.media.encoder import plan_encoder
from mediarescue.media.info import library_versions
from mediarescue.media.reader import VideoReader
from mediarescue.media.segment_writer import SegmentWriter
from mediarescue.media_reports import VideoReport, decoding_warnings, number_of
from mediarescue.options import EncodeOptions
from mediarescue.output import AtomicOutput, check_target, keep_date
from mediarescue.pipeline.assembly import assemble_film, check_source, foreseen_losses
from mediarescue.pipeline.filter import FrameFilter
from mediarescue.pipeline.runner import Filtered, ahead, queue_depth
from mediarescue.pipeline.source_quality import source_quality
from mediarescue.pipeline.work_folder import WorkFolder, file_fingerprint

ENCODE = "encode"
PIECE_FRAMES = 600
"""Frames that share an encoder: what a crash may cost at most. A piece begins with a key frame, and an encoder's
look-ahead fills and drains once a piece, so shorter ones would cost size and time."""
_LARGE = 3840 * 2160
"""From pictures of this size on, pieces are half as long."""


@dataclass(frozen=True, slots=True)
class VideoJob:
    """What to do with one film.

    Attributes
    ----------
    source, target : Path
    chosen : FrameFilter or None
        None encodes the frames as they are.
    encode : EncodeOptions
    resume : bool
        Keep finished pieces on failure, and go on from those of an earlier run.
    overwrite, dry_run : bool
    piece_frames : int
    """

    source: Path
    target: Path
    chosen: FrameFilter | None = None
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    resume: bool = False
    overwrite: bool = False
    dry_run: bool = False
    piece_frames: int = PIECE_FRAMES


def run_video(job: VideoJob, *, listener: Listener = ignore) -> VideoReport:
    """Write a film anew through a filter.

    Raises
    ------
    UsageError, InputError, OutputError, MissingDependencyError, VerificationError, NothingToDoError
        As `mediarescue.errors` describes them; nothing is left half-written.
    """
    began = time.perf_counter()
    check_target(job.target, inputs=[job.source], overwrite=job.overwrite)
    with VideoReader(job.source) as reader:
        check_source(job.source, reader.info)
        container = target_container(job.target, reader.info)
        is_told = job.encode.lossless or job.encode.crf is not None
        quality = None if is_told else source_quality(reader.info)
        plan = plan_encoder(reader.info, job.encode, target_container=container, source_quality=quality)
        nothing = job.chosen.prepare(reader, listener) if job.chosen is not None else None
        if nothing is not None and not is_same_container(container, reader.info):
            raise NothingToDoError(
                f"{job.source}: {nothing}; it is left as it is, as {job.target.name} would be another kind of file"
            )
        lost = (*plan.lost, *foreseen_losses(job.source, reader.info, container))
        if job.dry_run:
            told = {"notes": (nothing,)} if nothing else {"notes": plan.notes, "lost": lost}
            return _report(job, reader, plan, began, **told, changed=not nothing)
        if nothing is None:
            report = _written(job, reader, plan, container, began, listener)
            if report is not None:
                return report
            nothing = "nothing was changed in any frame: the film was copied as it is"
        _copy(job)
        return _report(job, reader, None, began, notes=(nothing,), changed=False)


def _written(
    job: VideoJob, reader: VideoReader, plan: EncoderPlan, container: str, began: float, listener: Listener
) -> VideoReport | None:
    """Encode the film and put it together; None where the filter left every frame alone, so that a copy will do."""
    info = reader.info
    work = WorkFolder(job.target, _identity(job, plan), resume=job.resume, overwrite=job.overwrite)
    try:
        if work.pieces:
            listener(Noted(f"going on behind {work.frames} frames of an interrupted run"))
        resumed = work.frames
        changed = _encode(job, reader, plan, work, listener)
        if job.chosen is not None and not changed and not resumed and is_same_container(container, info):
            work.finish()
            return None
        encoded = EncodedVideo(
            info.stream_index,
            info.stream_id,
            tuple(piece.path for piece in work.pieces),
            np.concatenate([piece.pts for piece in work.pieces]),
            info.time_base,
        )
        notes, lost = _assemble(job, reader, encoded, container, listener)
        work.finish()
    finally:
        if work.close():
            listener(Noted(f"{work.frames} finished frames are kept in {work.path}: --resume goes on behind them"))
    listener(Artifact(os.fspath(job.target), "output"))
    return _report(
        job, reader, plan, began,
        frames=len(encoded.pts), changed_frames=changed, resumed=resumed,
        notes=(*plan.notes, *notes), lost=(*plan.lost, *lost),
    )  # fmt: skip


def _encode(job: VideoJob, reader: VideoReader, plan: EncoderPlan, work: WorkFolder, listener: Listener) -> int:
    """Decode, filter and encode what is not finished yet; return how many frames the filter changed."""
    info = reader.info
    length = job.piece_frames if info.width * info.height < _LARGE else max(1, job.piece_frames // 2)
    first = work.frames
    listener(StageStarted(ENCODE, info.frame_count or None, "frames", first))
    decoded = reader.decoded()
    film_start = next(decoded)
    writer = SegmentWriter(
        work.path, job.target, plan, info,
        length=length, number=len(work.pieces), film_start=film_start, finished=work.add,
    )  # fmt: skip
    try:
        depth = queue_depth(info.width, info.height, info.bit_depth)
        with ahead(chain([film_start], decoded), depth) as frames:
            filtered = Filtered(frames, info.time_base, job.chosen, first=first)
            for done, frame in enumerate(filtered, first + 1):
                writer.write(frame)
                listener(Progressed(ENCODE, done))
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    listener(StageFinished(ENCODE))
    return filtered.changed


def _assemble(
    job: VideoJob, reader: VideoReader, encoded: EncodedVideo, container: str, listener: Listener
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with AtomicOutput(job.target, overwrite=job.overwrite, needed_bytes=_size_to_come(job, encoded)) as output:
        done = assemble_film(job.source, reader.info, encoded, output, container=container, listener=listener)
        output.commit(_frame_check(len(encoded.pts)))
    keep_date(job.source, job.target)
    return tuple(done.notes), tuple(done.lost)


def _size_to_come(job: VideoJob, encoded: EncodedVideo) -> int:
    return sum(piece.stat().st_size for piece in encoded.segments)


def _frame_check(frames: int) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        with VideoReader(path) as reader:
            # Only the index of MP4 and MOV counts frames; AVI, for one, counts places for frames.
            if reader.info.is_isobmff and reader.info.frame_count != frames:
                raise VerificationError(
                    f"the written film lists {reader.info.frame_count} frames where {frames} were encoded; "
                    "it was removed, please report this"
                )

    return check


def _copy(job: VideoJob) -> None:
    with (
        open(job.source, "rb") as source,
        AtomicOutput(job.target, overwrite=job.overwrite, needed_bytes=job.source.stat().st_size) as output,
    ):
        shutil.copyfileobj(source, output.file, 1 << 20)
        output.commit()
    keep_date(job.source, job.target)


def _identity(job: VideoJob, plan: EncoderPlan) -> dict[str, Any]:
    return {
        "input": file_fingerprint(job.source),
        "plan": asdict(plan),
        "filter": job.chosen.fingerprint if job.chosen is not None else None,
        "piece_frames": job.piece_frames,
        "versions": {"mediarescue": version("mediarescue")} | library_versions(),
    }


def _report(
    job: VideoJob,
    reader: VideoReader,
    plan: EncoderPlan | None,
    began: float,
    *,
    frames: int = 0,
    changed_frames: int = 0,
    resumed: int = 0,
    notes: tuple[str, ...] = (),
    lost: tuple[str, ...] = (),
    changed: bool = True,
) -> VideoReport:
    info = reader.info
    warnings = [*decoding_warnings(job.source, undecoded=reader.undecoded, damaged=reader.damaged)]
    if reader.resized:
        resized, size = number_of(reader.resized, "frame"), f"{info.width} x {info.height}"
        warnings.append(f"{resized} of {job.source} had another size and came out in that of the first, {size}")
    return VideoReport(
        input=os.fspath(job.source),
        output=None if job.dry_run else os.fspath(job.target),
        input_bytes=job.source.stat().st_size,
        output_bytes=0 if job.dry_run else job.target.stat().st_size,
        frames=frames,
        changed_frames=changed_frames,
        changed=changed,
        width=info.width,
        height=info.height,
        codec=info.codec,
        encoder=plan.encoder if plan is not None else "",
        lossless=plan.lossless if plan is not None else True,
        settings=dict(plan.options) if plan is not None else {},
        seconds=time.perf_counter() - began,
        resumed_frames=resumed,
        notes=notes,
        lost=lost,
        warnings=tuple(warnings),
        dry_run=job.dry_run,
    )
