"""What became of an export of frames, as plain values; that of an import is a `VideoReport`."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.errors import EXIT_OK, EXIT_RESERVATIONS


@dataclass(frozen=True, slots=True)
class FramesReport:
    """What an export wrote.

    Attributes
    ----------
    input : str
    output : str or None
        The folder; None where nothing was written (``--dry-run``).
    frames : int
        That have pictures; of a dry run an estimate.
    files : int
        Pictures: one a frame, or one a plane.
    first, last : int
        Numbers of the first and the last of these frames in the clip, from 1.
    format : str
        ``"png"``, ``"jpeg"`` or ``"tiff"``.
    bit_depth : int
        Of the pictures.
    width, height : int
        Of the pictures.
    planes : bool
        Whether each plane has a picture of its own.
    orientation : int
        How the stored frames were turned, as EXIF numbers it.
    output_bytes : int
        Of all pictures; of a dry run an estimate.
    seconds : float
        How long it took.
    notes : tuple of str
        What whoever works on the pictures should know.
    warnings : tuple of str
        Why this is a success with reservations.
    dry_run : bool
    """

    input: str
    output: str | None
    frames: int
    files: int
    first: int
    last: int
    format: str
    bit_depth: int
    width: int
    height: int
    planes: bool
    orientation: int
    output_bytes: int
    seconds: float
    notes: tuple[str, ...] = ()
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
