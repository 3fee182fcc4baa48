"""Frames of a film as pictures in a folder, with a list of their times."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mediarescue.errors import OutputError, UsageError
from mediarescue.events import Artifact, Listener, Progressed, StageFinished, StageStarted, ignore
from mediarescue.frames_reports import FramesReport
from mediarescue.media.info import VideoInfo
from mediarescue.media.orientation import upright_size
from mediarescue.media.pictures import SUFFIXES
from mediarescue.media.planes import FramePlanes
from mediarescue.media.reader import VideoReader
from mediarescue.media_reports import decoding_warnings, number_of
from mediarescue.options import FramesExportOptions
from mediarescue.output import readable_size
from mediarescue.pipeline.frame_pictures import FramePictures
from mediarescue.pipeline.frames_folder import NewFolder
from mediarescue.pipeline.frames_list import FRAMES_FILE, FrameRow, writing_list
from mediarescue.pipeline.frames_settings import check_options, notes_of, pictures_of
from mediarescue.pipeline.runner import ahead, queue_depth
from mediarescue.pipeline.work_folder import file_fingerprint

EXPORT = "export"
_LEAST_DIGITS = 6
_RANGES = {0: "unspecified", 1: "limited", 2: "full"}


@dataclass(frozen=True, slots=True)
class ExportJob:
    """What to export.

    Attributes
    ----------
    source : Path
        The film.
    folder : Path
        New, or empty.
    options : FramesExportOptions
    """

    source: Path
    folder: Path
    options: FramesExportOptions = field(default_factory=FramesExportOptions)


@dataclass(frozen=True, slots=True)
class _Written:
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    size: int


def run_export(job: ExportJob, *, listener: Listener = ignore) -> FramesReport:
    """Write pictures of a film's frames and ``frames.json`` into a folder.

    Raises
    ------
    UsageError, InputError, OutputError
        As `mediarescue.errors` describes them; the folder is there whole or not at all.
    """
    began = time.perf_counter()
    check_options(job.options)
    folder = NewFolder(job.folder, overwrite=job.options.overwrite)
    folder.check()
    with VideoReader(job.source) as reader:
        first = next(reader.frames())
        pictures = pictures_of(first, reader.info, job.options)
        wanted = _Wanted(job.options, reader.info, first)
        notes = notes_of(first, reader.info, pictures, job.options)
        if job.options.dry_run:
            return _estimate(job, reader, pictures, wanted, notes, began)
        export = _Export(job, reader, pictures, wanted, listener)
        with folder:
            export.run(folder)
            folder.commit()
        listener(Artifact(os.fspath(job.folder), "output"))
        return replace(
            _report(job, reader, pictures, first, notes, began),
            frames=export.frames,
            files=export.files,
            first=export.first,
            last=export.last,
            output_bytes=export.bytes,
        )


class _Wanted:
    """The frames that are asked for."""

    def __init__(self, options: FramesExportOptions, info: VideoInfo, first: FramePlanes) -> None:
        self._options = options
        self._zero = first.pts
        self._tick = info.time_base
        self.begin = (options.first or 1) - 1
        self.stop = options.last
        rate = info.rate
        count = info.frame_count or (round(info.duration_seconds * rate) if info.duration_seconds and rate else 0)
        if count and self.begin >= count and info.frame_count:
            raise UsageError(f"{info.path} has {number_of(count, 'frame')}: there is no frame {self.begin + 1}")
        begin, stop = self.begin, min(count, self.stop or count)
        if rate and options.start is not None:
            begin = max(begin, math.ceil(options.start * rate))
        if rate and options.end is not None:
            stop = min(stop, math.ceil(options.end * rate))
        self.whole = count
        self.expected = max(0, math.ceil((stop - begin) / options.every))

    def seconds(self, frame: FramePlanes) -> float:
        """Return the time since the clip's first frame."""
        return float((frame.pts - self._zero) * self._tick)

    def chosen(self, reader: VideoReader) -> Iterator[FramePlanes]:
        """Decode, and give the frames that are asked for."""
        start, end = self._options.start, self._options.end
        passed = 0
        for frame in reader.frames(start=self.begin, stop=self.stop):
            at = self.seconds(frame)
            if start is not None and at < start:
                continue
            if end is not None and at >= end:
                return
            if passed % self._options.every == 0:
                yield frame
            passed += 1


class _Export:
    """The work on one film: decoded in one thread, painted and written in several."""

    def __init__(
        self, job: ExportJob, reader: VideoReader, pictures: FramePictures, wanted: _Wanted, listener: Listener
    ) -> None:
        self.frames = self.files = self.bytes = self.first = self.last = 0
        self._job = job
        self._reader = reader
        self._pictures = pictures
        self._wanted = wanted
        self._listener = listener
        self._digits = max(_LEAST_DIGITS, len(str(wanted.whole)))

    def run(self, folder: NewFolder) -> None:
        """Write all pictures and the list."""
        info = self._reader.info
        workers = max(1, os.cpu_count() or 1)
        self._listener(StageStarted(EXPORT, self._wanted.expected or None, "frames"))
        pool = ThreadPoolExecutor(workers, thread_name_prefix="export")
        waiting: deque[tuple[FramePlanes, Future[_Written]]] = deque()
        try:
            with (
                ahead(self._wanted.chosen(self._reader), queue_depth(info.width, info.height, info.bit_depth)) as line,
                writing_list(folder.path / FRAMES_FILE, *self._head()) as rows,
            ):
                for frame in line:
                    waiting.append((frame, pool.submit(self._write, frame, folder.path)))
                    if len(waiting) > workers:
                        rows.add(self._settled(waiting, folder))
                while waiting:
                    rows.add(self._settled(waiting, folder))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        if not self.frames:
            raise UsageError(f"no frame of {self._job.source} lies in the part that was asked for")
        self._listener(StageFinished(EXPORT))

    def _write(self, frame: FramePlanes, folder: Path) -> _Written:
        pictures = self._pictures
        suffix = SUFFIXES[pictures.coding.format]
        stem = f"{frame.index + 1:0{self._digits}d}"
        names, hashes, size = [], [], 0
        for ending, data in zip(
            pictures.endings(frame.pix_fmt, len(frame.planes)), pictures.encoded(frame), strict=True
        ):
            names.append(f"{stem}{ending}{suffix}")
            (folder / names[-1]).write_bytes(data)
            hashes.append(hashlib.sha256(data).hexdigest())
            size += len(data)
        return _Written(tuple(names), tuple(hashes), size)

    def _settled(self, waiting: deque[tuple[FramePlanes, Future[_Written]]], folder: NewFolder) -> FrameRow:
        frame, future = waiting.popleft()
        written = future.result()
        self.frames += 1
        self.files += len(written.files)
        self.bytes += written.size
        self.last = frame.index + 1
        self.first = self.first or self.last
        self._listener(Progressed(EXPORT, self.frames))
        if self.frames & (self.frames - 1) == 0:
            self._check_space(folder)
        return FrameRow(
            number=self.last,
            files=written.files,
            sha256=written.sha256,
            pts=frame.pts,
            seconds=round(self._wanted.seconds(frame), 6),
            key=bool(frame.decoded.key_frame),
        )

    def _check_space(self, folder: NewFolder) -> None:
        """Look ahead after 1, 2, 4, 8 ... pictures: a disk that will be full is told long before it is."""
        left = max(0, self._wanted.expected - self.frames) * self.bytes // self.frames
        free = shutil.disk_usage(folder.path).free
        if left > free:
            raise OutputError(
                f"not enough space for {self._job.folder}: about {readable_size(self.bytes + left)} are needed, "
                f"{readable_size(free + self.bytes)} are free there; choose JPEG, fewer frames, or another disk"
            )

    def _head(self) -> tuple[dict[str, Any], dict[str, Any]]:
        info = self._reader.info
        mark = file_fingerprint(self._job.source)
        coding = self._pictures.coding
        source = {
            "name": self._job.source.name,
            "size": mark["size"],
            "sha256": mark["sha256"],
            "codec": info.codec,
            "width": info.width,
            "height": info.height,
            "pix_fmt": info.pix_fmt,
            "bit_depth": info.bit_depth,
            "frame_count": info.frame_count,
            "time_base": str(info.time_base),
            "rate": str(info.rate) if info.rate else None,
            "pixel_aspect": str(info.sample_aspect_ratio) if info.sample_aspect_ratio else None,
            "field_order": info.field_order,
            "range": _RANGES[info.color.range],
            "primaries": info.color.primaries,
            "transfer": info.color.transfer,
            "matrix": info.color.matrix,
        }
        return source, {
            "format": coding.format,
            "bit_depth": self._pictures.bit_depth,
            "quality": coding.quality,
            "planes": self._pictures.planes,
            "orientation": self._pictures.orientation,
            "cicp": list(coding.cicp) if coding.cicp else None,
        }


def _report(
    job: ExportJob,
    reader: VideoReader,
    pictures: FramePictures,
    frame: FramePlanes,
    notes: tuple[str, ...],
    began: float,
) -> FramesReport:
    width, height = upright_size(frame.width, frame.height, pictures.orientation)
    return FramesReport(
        input=os.fspath(job.source),
        output=None if job.options.dry_run else os.fspath(job.folder),
        frames=0,
        files=0,
        first=0,
        last=0,
        format=pictures.coding.format,
        bit_depth=(8 if frame.bit_depth == 8 else 16) if pictures.planes else pictures.bit_depth,
        width=width,
        height=height,
        planes=pictures.planes,
        orientation=pictures.orientation,
        output_bytes=0,
        seconds=time.perf_counter() - began,
        notes=notes,
        warnings=decoding_warnings(job.source, undecoded=reader.undecoded, damaged=reader.damaged),
        dry_run=job.options.dry_run,
    )


def _estimate(
    job: ExportJob,
    reader: VideoReader,
    pictures: FramePictures,
    wanted: _Wanted,
    notes: tuple[str, ...],
    began: float,
) -> FramesReport:
    """Paint the first wanted frame only, and say what all would come to."""
    frame = next(wanted.chosen(reader), None)
    if frame is None:
        raise UsageError(f"no frame of {job.source} lies in the part that was asked for")
    sizes = [len(data) for data in pictures.encoded(frame)]
    last = frame.index + 1 + (wanted.expected - 1) * job.options.every
    return replace(
        _report(job, reader, pictures, frame, notes, began),
        frames=wanted.expected,
        files=wanted.expected * len(sizes),
        first=frame.index + 1,
        last=max(frame.index + 1, last),
        output_bytes=wanted.expected * sum(sizes),
    )
