"""What happened to a film that went through decoding, a filter and encoding."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.errors import EXIT_OK, EXIT_RESERVATIONS


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
    def reservations(self) -> tuple[str, ...]:
        """Why this is a success with reservations; empty for a clean one."""
        return self.warnings

    @property
    def exit_code(self) -> int:
        """0, or 10 when there are reservations."""
        return EXIT_RESERVATIONS if self.warnings else EXIT_OK
