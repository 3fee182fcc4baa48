"""What happened to a film or a photo that went through decoding, a filter and encoding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mediarescue.errors import EXIT_OK, EXIT_RESERVATIONS

if TYPE_CHECKING:
    from mediarescue.options import EncodeOptions

COPIED = "copied as it is"
"""What is said of a file in which nothing is to be changed."""


_SCALES = {"crf": "crf", "qmin": "q", "cq": "q", "qp": "q", "qp_i": "q"}
"""The settings in which encoders have what ``--crf`` says, and what they are called."""
_GROWN = 1.3
"""Outputs larger than the source by more than this are told how to be made smaller."""


def number_of(count: int, noun: str) -> str:
    """Return ``"1 frame"``, ``"2 frames"``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def decoding_warnings(source: Path, *, undecoded: int, damaged: int) -> tuple[str, ...]:
    """Say how many frames of a film could not be decoded, or not as they were."""
    warnings = []
    if undecoded:
        missing = "it is" if undecoded == 1 else "they are"
        warnings.append(f"{number_of(undecoded, 'frame')} of {source} could not be decoded: {missing} missing")
    if damaged:
        (are, them) = ("is", "it") if damaged == 1 else ("are", "them")
        warnings.append(f"{number_of(damaged, 'frame')} of {source} {are} damaged: the decoder made up parts of {them}")
    return tuple(warnings)


@dataclass(frozen=True, slots=True)
class VideoReport:
    """What became of a film.

    Attributes
    ----------
    input, output : str
        Output is None where nothing was written (``--dry-run``).
    input_bytes, output_bytes : int
    frames : int
        Written; 0 where the file was copied as it is.
    changed_frames : int
        Frames that the filter gave new samples; of a resumed run those since then.
    changed : bool
        False where the output is the input byte for byte.
    width, height : int
    codec, encoder : str
        Of the source (``"h264"``); FFmpeg's name of the encoder (``"libx264"``), empty where the file was copied.
    lossless : bool
        Whether the decoded pictures are those the encoder was given.
    settings : dict of str to str
        The encoder's options.
    seconds : float
        How long it took.
    resumed_frames : int
        Frames taken from an interrupted run.
    notes : tuple of str
        What is different from the source and does no harm, in sentences.
    lost : tuple of str
        What could not be kept, in sentences.
    warnings : tuple of str
        Why this is a success with reservations.
    dry_run : bool
    """

    input: str
    output: str | None
    input_bytes: int
    output_bytes: int
    frames: int
    changed_frames: int
    changed: bool
    width: int
    height: int
    codec: str
    encoder: str
    lossless: bool
    settings: dict[str, str]
    seconds: float
    resumed_frames: int = 0
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def summary(self) -> str:
        """What was done, in a few words."""
        if not self.changed:
            return COPIED
        how = f"{self.encoder} {self.quality}".rstrip()
        if self.dry_run:
            return f"{self.codec} to {how}"
        some = f"{self.changed_frames} of " if self.changed_frames else ""
        words = f"{some}{number_of(self.frames, 'frame')}, {how}"
        return f"{words}, {self.resumed_frames} from an earlier run" if self.resumed_frames else words

    @property
    def quality(self) -> str:
        """How fine the pictures are, in the encoder's own terms: ``"crf 20.5"``, ``"lossless"``, a profile."""
        if self.lossless:
            return "lossless" if self.encoder else ""
        name = self._scale
        return f"{_SCALES[name]} {self.settings[name]}" if name else self.settings.get("profile", "")

    @property
    def _scale(self) -> str:
        return next((name for name in _SCALES if name in self.settings), "")

    def noting_growth(self, asked: EncodeOptions) -> VideoReport:
        """Return the report with a note where the film grew although nobody asked for its quality."""
        grew = self.output_bytes > _GROWN * self.input_bytes
        if not grew or not self._scale or self.lossless or asked.crf is not None:
            return self
        note = f"larger than the source: --crf N (an N above {self.settings[self._scale]}) makes it smaller"
        return replace(self, notes=(*self.notes, note))

    @property
    def reservations(self) -> tuple[str, ...]:
        """Why this is a success with reservations: warnings, and what is lost; empty for a clean one."""
        return (*self.warnings, *self.lost)

    @property
    def exit_code(self) -> int:
        """0, or 10 when there are reservations."""
        return EXIT_RESERVATIONS if self.reservations else EXIT_OK


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """What became of a photo.

    Attributes
    ----------
    input, output : str
        Output is None where nothing was written (``--dry-run``).
    input_bytes, output_bytes : int
    format : str
        ``"JPEG"``, ``"PNG"``, ``"TIFF"``, ``"WebP"``, ``"HEIC"`` or ``"AVIF"``.
    width, height : int
        As stored.
    mode : str
        The stored components (``"YCbCr"``).
    bit_depth : int
    changed : bool
        False where the output is the input byte for byte.
    changed_pixels : int
        That the filter gave other samples.
    rewritten, rewritten_of, rewritten_unit : int, int, str
        How many ``"blocks"``, ``"strips"``, ``"tiles"`` or ``"pictures"`` were coded again, of how many.
    lossless : bool
        Whether the format keeps every sample it is given.
    seconds : float
        How long it took.
    notes : tuple of str
        What is different from the source beside the pixels and does no harm, in sentences.
    lost : tuple of str
        What could not be kept, in sentences.
    warnings : tuple of str
        Why this is a success with reservations.
    dry_run : bool
    """

    input: str
    output: str | None
    input_bytes: int
    output_bytes: int
    format: str
    width: int
    height: int
    mode: str
    bit_depth: int
    changed: bool
    changed_pixels: int
    rewritten: int
    rewritten_of: int
    rewritten_unit: str
    lossless: bool
    seconds: float
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def summary(self) -> str:
        """What was done, in a few words."""
        if not self.changed:
            return COPIED
        pixels = number_of(self.changed_pixels, "pixel")
        return f"{pixels} changed, {self.rewritten} of {self.rewritten_of} {self.rewritten_unit}"

    @property
    def reservations(self) -> tuple[str, ...]:
        """Why this is a success with reservations; empty for a clean one."""
        return self.warnings

    @property
    def exit_code(self) -> int:
        """0, or 10 when there are reservations."""
        return EXIT_RESERVATIONS if self.warnings else EXIT_OK
