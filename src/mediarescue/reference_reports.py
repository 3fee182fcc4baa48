"""Result objects about references: candidates, camera profiles and their trials, and their JSON form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mediarescue.errors import EXIT_OK, EXIT_RESERVATIONS

SCHEMA_VERSION = 1
_NOTICEABLE = 0.02
"""Seconds: half a frame at 25 a second."""


@dataclass(frozen=True, slots=True)
class CandidateReport:
    """One film that could serve as a reference, and how it did on the broken file.

    Attributes
    ----------
    path : str
    verdict : str
        In plain words; empty for the one that was used without a fault.
    rank : int
        From 1, the best; 0 where it was not tried.
    codec : str
        Of its first video track, else of its first track.
    width, height : int
        Of its pictures; 0 without.
    recovered_bytes, tried_bytes : int
        Media data of the trial that read as its tracks, and what was tried.
    key_frames_decoded, key_frames_tried : int
    tracks_found : int
    missing_tracks : tuple of str
        Video and audio tracks of which nothing was found (``"2 (audio, mp4a)"``).
    """

    path: str
    verdict: str
    rank: int = 0
    codec: str = ""
    width: int = 0
    height: int = 0
    recovered_bytes: int = 0
    tried_bytes: int = 0
    key_frames_decoded: int = 0
    key_frames_tried: int = 0
    tracks_found: int = 0
    missing_tracks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileTrackReport:
    """One track of a camera profile; None where a number does not apply."""

    track_id: int = 0
    kind: str = ""
    codec: str = ""
    samples: int = 0
    width: int | None = None
    height: int | None = None
    frames_per_second: float | None = None
    sample_rate: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """A saved camera profile: of ``bytes``, made of a film of ``film_bytes``.

    ``camera`` has ``make`` and ``model``, None where the film told neither; ``holds_pictures`` says whether pictures
    can be viewed from it.
    """

    path: str
    bytes: int
    film_bytes: int
    camera: dict[str, str] | None
    tracks: tuple[ProfileTrackReport, ...]
    holds_pictures: bool = False

    @property
    def exit_code(self) -> int:
        """Always 0."""
        return EXIT_OK


@dataclass(frozen=True, slots=True)
class TrialTrackReport:
    """How one track came back from a trial.

    Attributes
    ----------
    track_id : int
    kind, codec : str
    samples : int
        Whole samples of the broken part (PCM: bytes).
    found, missed, wrong : int
        With right offset and size; not found; claimed where there is none.
    time_error_seconds : float
        Largest distance of a decode time from the true one.
    """

    track_id: int
    kind: str
    codec: str
    samples: int
    found: int
    missed: int
    wrong: int
    time_error_seconds: float


@dataclass(frozen=True, slots=True)
class TrialReport:
    """One way of breaking the film, and what a rescue got back; ``error`` where it refused."""

    damage: str
    tracks: tuple[TrialTrackReport, ...] = ()
    error: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether all came back, at its time."""
        return not self.error and all(
            not track.missed and not track.wrong and track.time_error_seconds < _NOTICEABLE for track in self.tracks
        )


@dataclass(frozen=True, slots=True)
class ProfileTestReport:
    """What a rescue with this film as reference would reach; ``tested_bytes`` of its media data were tried."""

    path: str
    media_bytes: int
    tested_bytes: int
    trials: tuple[TrialReport, ...]

    @property
    def reservations(self) -> tuple[str, ...]:
        """What would be lost; empty where nothing would."""
        return tuple(why for trial in self.trials for why in _losses(trial))

    @property
    def exit_code(self) -> int:
        """0, or 10 where something would be lost."""
        return EXIT_RESERVATIONS if self.reservations else EXIT_OK


def _losses(trial: TrialReport) -> list[str]:
    if trial.error:
        return [f"{trial.damage}: {trial.error}"]
    why = []
    for track in trial.tracks:
        name = f"{trial.damage}: track {track.track_id} ({track.kind}, {track.codec})"
        if track.missed or track.wrong:
            why.append(f"{name}: {track.missed} of {track.samples} samples missed, {track.wrong} wrong")
        if track.time_error_seconds >= _NOTICEABLE:
            why.append(f"{name}: times are up to {track.time_error_seconds:.3f} s off")
    return why


def reference_document(report: ProfileReport | ProfileTestReport, *, command: str) -> dict[str, Any]:
    """Return the report as one JSON-able document with ``schema_version``, ``command``, ``exit_code``."""
    why = list(report.reservations) if isinstance(report, ProfileTestReport) else []
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "exit_code": report.exit_code,
        "reservations": why,
        **asdict(report),
    }
