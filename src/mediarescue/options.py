"""Options of each command; every default is written here once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class CheckMode(StrEnum):
    """How many frames of a rescued film are decoded to see whether they are whole."""

    SAMPLED = "sampled"
    """A bounded number: some in every part of the film, more around damage."""
    FULL = "full"
    NONE = "none"


class GapMode(StrEnum):
    """What becomes of the time that damage took from the middle of a film."""

    KEEP = "keep"
    """It stays as a pause: what follows keeps its true time."""
    CLOSE = "close"
    """The film goes on without a pause, all tracks moved up by the same time."""


@dataclass(frozen=True, slots=True)
class UntruncOptions:
    """Options of ``untrunc``.

    Attributes
    ----------
    overwrite : bool
        Replace an existing output file.
    dry_run : bool
        Identify and time everything, write nothing.
    keep_fragments : bool
        Leave a fragmented file fragmented: its whole fragments as they are.
    faststart : bool
        Put the index (moov) in front of the media, for players that read while they load. A fragmented file that stays
        one has it there anyway.
    ignore_moov : bool
        Take a file for one without an index, whatever index it has.
    gaps : GapMode
        Whether the time of damaged parts stays in the film.
    check : CheckMode
        Which frames of the rescued film are decoded before it gets its name.
    map_file, map_picture : Path or None
        Where to write what each byte of the broken file is: as text (docs/map.md), as an SVG.
    """

    overwrite: bool = False
    dry_run: bool = False
    keep_fragments: bool = False
    faststart: bool = False
    ignore_moov: bool = False
    gaps: GapMode = GapMode.KEEP
    check: CheckMode = CheckMode.SAMPLED
    map_file: Path | None = None
    map_picture: Path | None = None


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How pictures are encoded again.

    Attributes
    ----------
    crf : float or None
        Constant quality on the encoder's own scale, smaller is finer; None matches the source's.
    preset : str or None
        The encoder's balance of speed and size; None for its usual one.
    encoder : str or None
        FFmpeg's name of a video encoder; None for the one of the source's codec.
    lossless : bool
        Every decoded sample equals what was encoded; not together with ``crf``.
    """

    crf: float | None = None
    preset: str | None = None
    encoder: str | None = None
    lossless: bool = False


@dataclass(frozen=True, slots=True)
class ReencodeOptions:
    """Options of ``reencode``.

    Attributes
    ----------
    encode : EncodeOptions
        How films are encoded.
    overwrite, dry_run : bool
    resume : bool
        Go on from the finished parts of a film that an interrupted run left, and leave them where this one is.
    """

    encode: EncodeOptions = EncodeOptions()
    overwrite: bool = False
    dry_run: bool = False
    resume: bool = False


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """Options of work on several files.

    Attributes
    ----------
    jobs : int or None
        Files worked on at a time; None for one film, or one photo for each core.
    skip_existing : bool
        Leave out files whose output exists.
    """

    jobs: int | None = None
    skip_existing: bool = False


class PictureFormat(StrEnum):
    """What pictures of frames are written as."""

    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"


class MissingPictures(StrEnum):
    """What becomes of frames whose pictures are missing at an import."""

    ERROR = "error"
    ORIGINAL = "original"
    """They stay as they are."""


@dataclass(frozen=True, slots=True)
class FramesExportOptions:
    """Options of ``frames export``.

    Attributes
    ----------
    format : PictureFormat
    depth : int or None
        Bits of a channel, 8 or 16; None for 8 where the film has 8, else 16.
    quality : int
        Of JPEG, 1 to 100.
    compression : int
        Of PNG, 0 (none) to 9 (smallest, slow); of TIFF 0 for none.
    start, end : float or None
        Seconds since the first frame: only frames shown from ``start`` on, and before ``end``.
    first, last : int or None
        Numbers of frames, from 1: only these and those between them.
    every : int
        Only every so many frames.
    planes : bool
        A grey picture of each plane with its samples as they are, instead of RGB.
    as_stored : bool
        Do not turn the pictures upright.
    overwrite, dry_run : bool
    """

    format: PictureFormat = PictureFormat.PNG
    depth: int | None = None
    quality: int = 95
    compression: int = 1
    start: float | None = None
    end: float | None = None
    first: int | None = None
    last: int | None = None
    every: int = 1
    planes: bool = False
    as_stored: bool = False
    overwrite: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class FramesImportOptions:
    """Options of ``frames import``.

    Attributes
    ----------
    encode : EncodeOptions
        How the film is encoded.
    times : Path or None
        The ``frames.json`` of the export, where it is not in the folder of the pictures.
    missing : MissingPictures
    tolerance : int
        Pixels that differ from the exported ones by up to so many levels (of 255) count as unchanged.
    overwrite, dry_run : bool
    resume : bool
        Go on from the finished parts that an interrupted run left, and leave them where this one is.
    """

    encode: EncodeOptions = EncodeOptions()
    times: Path | None = None
    missing: MissingPictures = MissingPictures.ERROR
    tolerance: int = 0
    overwrite: bool = False
    dry_run: bool = False
    resume: bool = False
