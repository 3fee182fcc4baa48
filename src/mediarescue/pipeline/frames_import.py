"""Pictures that another program worked on, back into their film."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mediarescue.errors import InputError, UsageError
from mediarescue.events import Listener, Progressed, StageFinished, StageStarted, Warned, ignore
from mediarescue.media.display_matrix import frame_orientation
from mediarescue.media.info import VideoInfo
from mediarescue.media.orientation import upright_size
from mediarescue.media.pictures import PictureCoding, decode_picture, has_own_profile, picture_size
from mediarescue.media.planes import FramePlanes, Plane
from mediarescue.media.reader import VideoReader
from mediarescue.media_reports import VideoReport, number_of
from mediarescue.options import FramesImportOptions, MissingPictures
from mediarescue.pipeline.frame_pictures import FramePictures
from mediarescue.pipeline.frames_list import FRAMES_FILE, FramesList, read_list
from mediarescue.pipeline.picture_files import FoundPicture, FoundPictures, find_listed, find_sequence, some
from mediarescue.pipeline.video import VideoJob, run_video
from mediarescue.pipeline.window import FrameWindow
from mediarescue.pipeline.work_folder import file_fingerprint

CHECK = "check pictures"
COUNT = "count frames"


@dataclass(frozen=True, slots=True)
class ImportJob:
    """What to import.

    Attributes
    ----------
    folder : Path
        Of the pictures.
    clip : Path
        The film they were exported from.
    target : Path
    options : FramesImportOptions
    """

    folder: Path
    clip: Path
    target: Path
    options: FramesImportOptions = field(default_factory=FramesImportOptions)


def run_import(job: ImportJob, *, listener: Listener = ignore) -> VideoReport:
    """Write the film anew with the pictures of a folder in place of its frames.

    Raises
    ------
    UsageError, InputError, OutputError, MissingDependencyError, VerificationError
        As `mediarescue.errors` describes them; nothing is left half-written.
    """
    options = job.options
    chosen = PictureFilter(job)
    report = run_video(
        VideoJob(job.clip, job.target, chosen, options.encode, options.resume, options.overwrite, options.dry_run),
        listener=listener,
    ).noting_growth(options.encode)
    return replace(
        report, notes=(*report.notes, *sorted(chosen.notes)), warnings=(*report.warnings, *chosen.warnings(report))
    )


class PictureFilter:
    """Gives frames the samples of their pictures; a `FrameFilter`.

    Attributes
    ----------
    notes : set of str
        What is to be said of the pictures, so far.
    """

    radius = 0

    def __init__(self, job: ImportJob) -> None:
        self.notes: set[str] = set()
        self.fingerprint = ""
        self._job = job
        self._list: FramesList | None = None
        self._found = FoundPictures({})
        self._pictures = FramePictures()
        self._same_file = False
        self._doubt = ""

    def prepare(self, clip: VideoReader, listener: Listener) -> str | None:
        """Find the pictures, check their sizes, and tell whether any of them was changed."""
        job = self._job
        times = job.options.times or job.folder / FRAMES_FILE
        first = next(clip.frames())
        if job.options.times is not None or times.exists():
            self._list = read_list(times)
            self._check_clip(self._list, clip.info, listener)
            self._pictures = _settings(self._list)
            self._found = find_listed(job.folder, self._list.rows)
            self._check_missing()
        else:
            self._pictures = FramePictures(
                PictureCoding(), 8 if clip.info.bit_depth == 8 else 16, frame_orientation(first) or 1
            )
            self._found = find_sequence(job.folder, clip.info.frame_count or _counted(clip, listener))
            self.notes.add("there is no frames.json: the pictures were taken for the frames of the clip, in order")
        sizes = self._sizes(first)
        self.fingerprint = self._digest()
        return self._checked(sizes, listener)

    def apply(self, window: FrameWindow) -> Sequence[Plane] | None:
        """Give the planes of a frame anew where its picture was changed."""
        frame = window.frame
        found = self._found.by_frame.get(frame.index)
        if found is None:
            return None
        data = [_read(picture.path) for picture in found]
        if self._same_file and all(map(_is_untouched, found, data)):
            return None
        if self._pictures.coding.cicp is not None and any(map(has_own_profile, data)):
            self.notes.add(
                "HDR pictures came back with a profile of their own: were their colours converted, the film's are off; "
                "keep the colour space in your program"
            )
        pictures = [decode_picture(content, picture.path) for picture, content in zip(found, data, strict=True)]
        for picture, source, (width, height) in zip(pictures, found, self._sizes(frame), strict=True):
            if picture.shape[:2] != (height, width):
                raise _wrong_size(source.path, (picture.shape[1], picture.shape[0]), (width, height))
        return self._pictures.merged(frame, pictures, self._job.options.tolerance, self.notes)

    def warnings(self, report: VideoReport) -> tuple[str, ...]:
        """Why the import is a success with reservations; after it."""
        told = [self._doubt] if self._doubt else []
        last = max(self._found.by_frame, default=-1) + 1
        if report.changed and not report.dry_run and report.frames < last:
            told.append(
                f"there are pictures up to frame {last}, and {number_of(report.frames, 'frame')} could be decoded"
            )
        return tuple(told)

    def _check_clip(self, listed: FramesList, info: VideoInfo, listener: Listener) -> None:
        mark = file_fingerprint(info.path)
        source = listed.source
        self._same_file = (mark["size"], mark["sha256"]) == (source["size"], source["sha256"])
        if self._same_file:
            return
        same_pictures = (info.width, info.height) == (source["width"], source["height"])
        counts = {info.frame_count, source.get("frame_count", 0)} - {0}
        if not same_pictures or len(counts) > 1:
            raise UsageError(
                f"the pictures were exported from {source['name']} ({source['width']}x{source['height']}, "
                f"{_frames(source.get('frame_count'))}), and {info.path} is another clip "
                f"({info.width}x{info.height}, {_frames(info.frame_count)}); name that one with --like"
            )
        self._doubt = f"{info.path} is not the file that the pictures were exported from, only one of the same size"
        listener(Warned(self._doubt))

    def _check_missing(self) -> None:
        missing = self._found.missing
        if not missing:
            pass
        elif not self._found.by_frame:
            raise InputError(f"none of the listed pictures is in {self._job.folder} ({some(missing)})")
        elif self._job.options.missing is MissingPictures.ERROR:
            raise InputError(
                f"{_counted_pictures(len(missing))} missing in {self._job.folder}: {some(missing)}; "
                "put them there, or keep the original frames with --missing original"
            )
        else:
            self.notes.add(f"{_counted_pictures(len(missing))} missing: the original frames are kept")
        if self._found.elsewhere:
            self.notes.add(f"pictures with another name or format than the exported ones: {self._found.elsewhere}")

    def _sizes(self, frame: FramePlanes) -> list[tuple[int, int]]:
        turn = self._pictures.orientation
        if self._pictures.planes:
            return [upright_size(plane.shape[1], plane.shape[0], turn) for plane in frame.planes]
        return [upright_size(frame.width, frame.height, turn)]

    def _checked(self, sizes: list[tuple[int, int]], listener: Listener) -> str | None:
        """Look at the size of every picture before any is encoded, and for one that was changed."""
        listener(StageStarted(CHECK, len(self._found.by_frame), "frames"))
        changed = not self._same_file or self._job.clip.suffix.lower() != self._job.target.suffix.lower()
        counts = self._job.options.dry_run and self._list is not None
        edited = 0
        for done, (index, pictures) in enumerate(self._found.by_frame.items(), 1):
            if len(pictures) != len(sizes):
                raise InputError(
                    f"{some([picture.path.name for picture in pictures])} in {self._job.folder} are listed for frame "
                    f"{index + 1}, which has {len(sizes)} planes in {self._job.clip}; name the clip they came from"
                )
            for picture, size in zip(pictures, sizes, strict=True):
                if (seen := picture_size(picture.path)) != size:
                    raise _wrong_size(picture.path, seen, size)
            if counts or not changed:
                is_edited = not all(_is_untouched(picture, _read(picture.path)) for picture in pictures)
                edited += is_edited
                changed = changed or is_edited
            listener(Progressed(CHECK, done))
        listener(StageFinished(CHECK))
        if counts and changed:
            whole = len(self._found.by_frame)
            self.notes.add(f"the pictures of {edited} of {whole} frames are other files than the exported ones")
        return None if changed else "no picture was changed since the export: the film is copied as it is"

    def _digest(self) -> str:
        """Tell these pictures and settings from others, for runs that go on from an interrupted one."""
        rows = []
        for index, pictures in self._found.by_frame.items():
            for picture in pictures:
                at = picture.path.stat()
                rows.append((index, picture.path.name, at.st_size, at.st_mtime_ns))
        text = json.dumps([rows, self._job.options.tolerance, repr(self._pictures), self._same_file])
        return f"frames {hashlib.sha256(text.encode()).hexdigest()}"


def _settings(listed: FramesList) -> FramePictures:
    made = listed.pictures
    cicp = made.get("cicp")
    coding = PictureCoding(format=made["format"], quality=made["quality"], cicp=tuple(cicp) if cicp else None)
    return FramePictures(coding, made["bit_depth"], made["orientation"], made["planes"])


def _frames(count: int | None) -> str:
    return number_of(count, "frame") if count else "? frames"


def _counted_pictures(count: int) -> str:
    return "1 picture is" if count == 1 else f"{count} pictures are"


def _counted(clip: VideoReader, listener: Listener) -> int:
    """Decode the film to count its frames, where its container does not know."""
    listener(StageStarted(COUNT, None, "frames"))
    count = 0
    for count, _ in enumerate(clip.decoded(), 1):
        listener(Progressed(COUNT, count))
    listener(StageFinished(COUNT))
    return count


def _is_untouched(picture: FoundPicture, data: bytes) -> bool:
    return bool(picture.sha256) and hashlib.sha256(data).hexdigest() == picture.sha256


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _wrong_size(path: Path, seen: tuple[int, int], wanted: tuple[int, int]) -> InputError:
    return InputError(
        f"{path} has {seen[0]}x{seen[1]} pixels where the film's picture has {wanted[0]}x{wanted[1]}; "
        "a film keeps its size: scale the pictures back, or turn them as they were exported"
    )
