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
        Every decoded sample equals what was encoded.
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
