"""What ``inspect`` found in a file: plain values, and their JSON form (``docs/inspect.md`` describes it)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mediarescue.errors import EXIT_OK, EXIT_RESERVATIONS, InputError, NothingRecoverableError


class FileState(StrEnum):
    """What a file is worth, as one word for programs."""

    HEALTHY = "healthy"
    """The index reads, and every sample it names is in the file."""
    CONTRADICTORY = "contradictory"
    """The same, but numbers in the file contradict each other: some players may stumble."""
    PARTLY_ZEROS = "partly_zeros"
    """The index is sound, and some of the coded media behind it are zeros."""
    CUT = "cut"
    """The index names samples behind the end of the file."""
    INDEX_SHORT = "index_short"
    """The index ends long before the media do."""
    FRAGMENTS_CUT = "fragments_cut"
    """A fragmented file whose last fragment is not whole."""
    MOOV_MISSING = "moov_missing"
    """Media without an index."""
    MOOV_DAMAGED = "moov_damaged"
    """An index that cannot be read."""
    NO_SAMPLES = "no_samples"
    """An index that names no sample."""
    ZEROS = "zeros"
    """Nothing but zeros where the media should be."""
    EMPTY = "empty"
    """0 bytes."""
    UNSUPPORTED = "unsupported"
    """An MP4 or MOV file of a sort that cannot be read here."""
    OTHER_FORMAT = "other_format"
    """No MP4 or MOV file."""


_EXIT_CODES = {
    FileState.HEALTHY: EXIT_OK,
    FileState.ZEROS: NothingRecoverableError.exit_code,
    FileState.EMPTY: NothingRecoverableError.exit_code,
    FileState.UNSUPPORTED: InputError.exit_code,
    FileState.OTHER_FORMAT: InputError.exit_code,
}


class Severity(StrEnum):
    """How much a finding weighs."""

    FAULT = "fault"
    """Something is missing or unreadable."""
    CONTRADICTION = "contradiction"
    """Two places in the file say different things."""
    NOTE = "note"
    """Unusual and harmless."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or unusual; ``offset`` in bytes, -1 where it belongs to no place."""

    severity: Severity
    offset: int
    message: str


@dataclass(frozen=True, slots=True)
class BoxInfo:
    """A box, or a folded row of boxes.

    Attributes
    ----------
    kind : str
        The box type; of a folded row the types that repeat (``"moof mdat"``); ``""`` for bytes that are no box.
    offset, size : int
        In bytes, headers included; the size is what the box says, also where it runs past the end of the file.
    count : int
        How often the types repeat; 1 for a single box.
    note : str
        What is worth knowing of its contents, often empty.
    children : tuple of BoxInfo
    """

    kind: str
    offset: int
    size: int
    count: int = 1
    note: str = ""
    children: tuple[BoxInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class EditInfo:
    """One entry of an edit list: from which time of the media (None: nothing is shown), how long, at which rate."""

    media_seconds: float | None
    duration_seconds: float
    rate: float


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """One track of the index.

    Attributes
    ----------
    track_id : int
    kind : str
        ``video``, ``audio``, ``metadata``, ``timecode``, ``text``, ``hint`` or ``other``.
    codec : str
        The sample entry's four characters, with the object type where that names the codec (``mp4a.40``).
    description : str
        Codec, profile, size or rate in words.
    width, height : int
        Coded size of video in pixels, else 0.
    frame_rate : float or None
        Mean pictures a second.
    sample_rate, channels : int
        Of audio, else 0.
    samples : int
        Listed in the sample table.
    fragment_samples : int or None
        Listed in whole fragments; None where they were not counted.
    sync_samples : int or None
        None where every sample is one.
    bytes : int
        Of the samples in the sample table.
    timescale : int
        Ticks a second.
    duration_seconds : float
        Of the media, by the sample table and the counted fragments.
    chunks : int
    samples_per_chunk : (int, int) or None
        Fewest and most.
    interleave_seconds : float or None
        Median duration of a chunk.
    edit_list : tuple of EditInfo
    encryption : str
        Scheme of protection (``cenc``), empty where there is none.
    """

    track_id: int
    kind: str
    codec: str
    description: str
    width: int
    height: int
    frame_rate: float | None
    sample_rate: int
    channels: int
    samples: int
    fragment_samples: int | None
    sync_samples: int | None
    bytes: int
    timescale: int
    duration_seconds: float
    chunks: int
    samples_per_chunk: tuple[int, int] | None
    interleave_seconds: float | None
    edit_list: tuple[EditInfo, ...]
    encryption: str


@dataclass(frozen=True, slots=True)
class FragmentInfo:
    """The fragments of a file: how many are whole, up to which byte, up to which time in seconds (None: unknown)."""

    count: int
    readable_bytes: int
    readable_seconds: float | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class InspectReport:
    """What ``inspect`` found.

    Attributes
    ----------
    path : str
    size : int
        Of the file in bytes.
    state : FileState
    verdict : str
        One sentence.
    command : str
        What to run about it; empty where nothing is to be done or nothing helps.
    format : str
        In words: ``MP4 (isom)``, ``QuickTime (qt)``, ``Matroska or WebM``.
    duration_seconds : float
        Of the longest track.
    media_bytes : int
        Payload of the media data boxes that is in the file.
    zero_fraction : float
        Part of the places looked at that hold zeros; where the index is sound only compressed samples count.
    boxes : tuple of BoxInfo
    tracks : tuple of TrackInfo
    chunk_order : tuple of str
        The first chunks in the order of the file: track and number of samples (``v30 a22 mebx1``).
    fragments : FragmentInfo or None
    findings : tuple of Finding
    """

    path: str
    size: int
    state: FileState
    verdict: str
    command: str = ""
    format: str = ""
    duration_seconds: float = 0.0
    media_bytes: int = 0
    zero_fraction: float = 0.0
    boxes: tuple[BoxInfo, ...] = ()
    tracks: tuple[TrackInfo, ...] = ()
    chunk_order: tuple[str, ...] = ()
    fragments: FragmentInfo | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is to be done."""
        return self.state is FileState.HEALTHY

    @property
    def exit_code(self) -> int:
        """0 healthy, 3 no readable format, 5 nothing to rescue, 10 anything else."""
        return _EXIT_CODES.get(self.state, EXIT_RESERVATIONS)


def report_document(report: InspectReport) -> dict[str, Any]:
    """Return one file's report as a JSON-able document."""
    return {"exit_code": report.exit_code, **asdict(report)}
