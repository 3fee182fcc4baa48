"""Result objects of each command, and their JSON form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mediarescue.errors import EXIT_OK, EXIT_RESERVATIONS
from mediarescue.reference_reports import CandidateReport

SCHEMA_VERSION = 1


class TimingSource(StrEnum):
    """Where a track's decode times come from, best first."""

    BITSTREAM = "bitstream"
    """Every duration follows from the coded data (samples per audio frame, PCM)."""
    INDEX = "index"
    """The file's own index: that of its fragments, or one the camera left inside the media data while it recorded."""
    TELEMETRY = "telemetry"
    """Time stamps that the camera writes into a metadata track, one a frame."""
    CONSTANT = "constant"
    """The reference runs at one constant rate."""
    PATTERN = "pattern"
    """The reference's repeating pattern of durations (a rate its time scale cannot express)."""
    EXPOSURE = "exposure"
    """By the exposure time of each frame, which the camera writes into a metadata track: an estimate, often exact."""
    AUDIO_CLOCK = "audio_clock"
    """Fitted to the audio interleaved with it: an estimate."""
    GUESSED = "guessed"
    """The reference's mean duration: an estimate with no second clock to hold it."""


_ESTIMATES = (TimingSource.EXPOSURE, TimingSource.AUDIO_CLOCK, TimingSource.GUESSED)


@dataclass(frozen=True, slots=True)
class TrackReport:
    """One track of the rescued file.

    Attributes
    ----------
    track_id : int
    kind : str
        Handler in plain words: ``video``, ``audio``, ``metadata``, ``timecode``, ``text``, ``other``.
    codec : str
        The sample entry's four characters.
    samples, sync_samples, bytes : int
    duration_seconds : float
    timing_source : TimingSource
    timing_error_seconds : float or None
        By how much the times are likely wrong at most; 0 where they are exact, None where nobody knows.
    silence_seconds : float
        How much of it is silence that was put in for lost sound (PCM, whose samples cannot last longer).
    """

    track_id: int
    kind: str
    codec: str
    samples: int
    sync_samples: int
    bytes: int
    duration_seconds: float
    timing_source: TimingSource
    timing_error_seconds: float | None = None
    silence_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class GapReport:
    """A byte range of the broken file that belongs to no rescued sample (``offset`` and ``size`` in bytes).

    ``expected`` is True where nothing of the film is lost: padding, a box inside the media data, or the last
    sample of a recording that stopped in the middle of writing it.

    ``time_seconds`` says where in the rescued film it is, ``lost_seconds`` how much of the film it took, give or take
    ``lost_error_seconds``; None where that is not known (nothing follows, no track has samples on both sides).
    """

    offset: int
    size: int
    reason: str
    expected: bool = False
    time_seconds: float | None = None
    lost_seconds: float | None = None
    lost_error_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FragmentsReport:
    """The fragments of a fragmented file.

    ``whole`` counts those whose samples are all there; ``cut`` says what was begun behind the last of them, empty
    where nothing was; ``kept`` whether the output is fragmented too.
    """

    whole: int
    cut: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ClustersReport:
    """How a file was parted that holds two recordings by turns of clusters of ``cluster_bytes``.

    ``own_clusters`` were taken for the recording that was rescued, ``other_clusters`` for the other; of these together
    ``unsure_clusters`` could as well be the other way round.
    """

    cluster_bytes: int
    own_clusters: int
    other_clusters: int
    unsure_clusters: int = 0


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What the broken file is made of, in equal parts of its ``file_size`` bytes.

    ``cells`` name what most of a part is: the id of a rescued track, ``padding``, ``box``, ``header``, ``cut`` or
    ``other``; and ``gap`` or ``unknown`` wherever the part holds any of that.
    """

    file_size: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrameError:
    """A frame of the written film that decodes with errors.

    ``sample`` is its 0-based number in the track in decode order, ``seconds`` when it is shown.
    """

    track_id: int
    kind: str
    sample: int
    seconds: float
    message: str


@dataclass(frozen=True, slots=True)
class SmearedReport:
    """Pictures behind a gap that build on lost ones, up to the next key picture: they may be smeared, or not shown.

    ``since_seconds`` is when the first of them is shown, ``until_seconds`` when the next key picture is (or the last of
    them, where none follows).
    """

    track_id: int
    pictures: int
    since_seconds: float
    until_seconds: float


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What decoding frames of the written film showed, and what its gaps say of the pictures behind them.

    Attributes
    ----------
    mode : str
        ``sampled``, ``full``, or ``none`` (no frame was decoded).
    decoded, total : int
        Frames that were decoded, and those there are in the tracks that have a decoder.
    with_errors : int
        Frames whose own data is damaged.
    without_references : int
        Pictures that nothing is wrong with, but that build on pictures which are lost.
    errors : tuple of FrameError
        The first of ``with_errors``, in the order of time.
    no_decoder : tuple of str
        Tracks that no decoder here knows (``"2 (audio, abcd)"``), or of a form that it finds fault with all along.
    smeared : tuple of SmearedReport
        Pictures behind gaps, told by the index alone: decoders conceal what these build on without a word.
    """

    mode: str
    decoded: int
    total: int
    with_errors: int
    without_references: int = 0
    errors: tuple[FrameError, ...] = ()
    no_decoder: tuple[str, ...] = ()
    smeared: tuple[SmearedReport, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnIndexReport:
    """What was used of the broken file's own ``moov``.

    Attributes
    ----------
    used, listed : int
        Samples taken from it, and samples it lists (of PCM: chunks).
    missing : int
        Listed samples that are not in the file: it was cut.
    distrusted : int
        Listed samples that are not where it says, from some place on.
    added : int
        Samples behind its end that it does not list, and that were found.
    shift : int
        Bytes by which the samples lie behind the places it gives.
    cut : bool
        Whether the ``moov`` itself is not whole.
    """

    used: int
    listed: int
    missing: int = 0
    distrusted: int = 0
    added: int = 0
    shift: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class UntruncReport:
    """What ``untrunc`` did.

    ``reference`` is None where none was needed, ``fragments`` where the file is not rescued by its fragments,
    ``clusters`` where the file holds one recording.

    ``av_difference_seconds`` is the end of the longest video track minus the end of the longest audio track,
    None where one of them is missing. ``missing_tracks`` names the video and audio tracks of the reference
    (``"1 (video, avc1)"``) of which the rescued file has no sample. ``own_index`` is None where the file has no index
    of its own that could be used; ``pieces`` names the files where several were joined, and offsets count through
    all of them. ``check`` is None where no frame was decoded to see whether they are whole, and no gap is in the midst.
    """

    input: str
    reference: str | None
    output: str | None
    output_bytes: int
    media_bytes: int
    recovered_bytes: int
    tracks: tuple[TrackReport, ...]
    gaps: tuple[GapReport, ...]
    av_difference_seconds: float | None
    dropped_boxes: tuple[str, ...]
    warnings: tuple[str, ...]
    dry_run: bool = False
    missing_tracks: tuple[str, ...] = ()
    fragments: FragmentsReport | None = None
    clusters: ClustersReport | None = None
    candidates: tuple[CandidateReport, ...] = ()
    coverage: CoverageReport | None = None
    check: CheckReport | None = None
    own_index: OwnIndexReport | None = None
    pieces: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def reservations(self) -> tuple[str, ...]:
        """Why this is a success with reservations; empty for a clean one."""
        why = []
        losses = [gap for gap in self.gaps if not gap.expected]
        named = sorted({gap.reason for gap in losses if gap.reason.startswith("looks like ")})
        for reason in (None, *named):
            alike = [gap for gap in losses if gap.reason == reason or (reason is None and gap.reason not in named)]
            count, lost = len(alike), sum(gap.size for gap in alike)
            if lost:
                what = "that belong to no sample" if reason is None else f"that {reason.replace('looks', 'look', 1)}"
                why.append(f"{count} gap{'s' if count != 1 else ''}, {lost} bytes {what}")
        guessed = [t for t in self.tracks if t.timing_source in _ESTIMATES]
        if any(t.kind in ("video", "audio") for t in guessed):
            why.append("estimated times in " + ", ".join(f"track {t.track_id} ({t.codec})" for t in guessed))
        why += self.damaged
        why += [f"no sample of track {track}" for track in self.missing_tracks]
        if self.clusters is not None and self.clusters.unsure_clusters:
            why.append(f"{self.clusters.unsure_clusters} clusters that could as well be the other recording's")
        if self.own_index is not None and self.own_index.missing:
            why.append(f"{self.own_index.missing} samples that its own index lists are missing from the file")
        if self.own_index is not None and self.own_index.cut and not self.missing_tracks:
            advice = "; add --ref GOOD" if self.reference is None else ""
            why.append(f"its own index is cut off or damaged: tracks that stood there are missing{advice}")
        if self.check is not None and (bad := self.check.with_errors):
            why.append(f"{bad} of {self.check.decoded} frames that were decoded {'has' if bad == 1 else 'have'} errors")
        return tuple(why)

    @property
    def exit_code(self) -> int:
        """0, or 10 when there are reservations."""
        return EXIT_RESERVATIONS if self.reservations else EXIT_OK


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One track written as a file of its own.

    Attributes
    ----------
    track_id : int
    kind, codec : str
        As in `TrackReport`; the codec with its object type (``mp4a.40``).
    samples, bytes : int
        Samples (PCM: frames) and bytes of the file written.
    duration_seconds : float
    path : str
    table : str or None
        The CSV file that says where each sample begins, for a stream that does not tell.
    note : str
        Why the stream is raw, empty where nothing is to be said.
    """

    track_id: int
    kind: str
    codec: str
    samples: int
    bytes: int
    duration_seconds: float
    path: str
    table: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """What ``extract`` did.

    ``lost_bytes`` of the media data belong to no sample (a broken file); ``missing_samples`` are in the index, and
    behind the end of the file (a file that was cut); ``cut`` is True where a fragmented recording was cut, whose index
    does not say how much is missing.
    """

    input: str
    reference: str | None
    streams: tuple[StreamReport, ...]
    lost_bytes: int = 0
    missing_samples: int = 0
    missing_tracks: tuple[str, ...] = ()
    cut: bool = False

    @property
    def reservations(self) -> tuple[str, ...]:
        """Why this is a success with reservations; empty for a clean one."""
        why = []
        if self.lost_bytes:
            why.append(f"{self.lost_bytes} bytes that belong to no sample")
        if self.missing_samples:
            why.append(f"{self.missing_samples} samples of the index are missing from the file")
        if self.cut:
            why.append("the recording was cut, or its end is damaged: these are the samples up to there")
        why += [f"no sample of track {track}" for track in self.missing_tracks]
        return tuple(why)

    @property
    def exit_code(self) -> int:
        """0, or 10 when there are reservations."""
        return EXIT_RESERVATIONS if self.reservations else EXIT_OK


def as_json(report: UntruncReport | ExtractReport, *, command: str) -> dict[str, Any]:
    """Return the report as one JSON-able document with ``schema_version``, ``command``, ``exit_code``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "exit_code": report.exit_code,
        "reservations": list(report.reservations),
        **asdict(report),
    }
