"""One sentence about a file, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mediarescue.checking.inspection.tracks import TrackLayout
from mediarescue.inspection import FileState, Finding, FragmentInfo, Severity
from mediarescue.isobmff import BoxError, Movie

_WORTH_SAYING = 0.02
"""Part of zeros that a verdict mentions."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on.

    Attributes
    ----------
    path : str
    size : int
        Of the file in bytes.
    foreign : str
        Name of another format.
    movie : Movie or None
    error : BoxError or None
        Why there is no movie.
    moov_end : int or None
        Where the ``moov`` ends by its size.
    layouts : sequence of TrackLayout
    fragments : FragmentInfo or None
    findings : sequence of Finding
    media_bytes : int
    missing_samples : int
        Samples behind the end of the file.
    cut_seconds : float or None
        Time of the first of them.
    zero_fraction : float
    unlisted : int
        Bytes of media data behind the last listed sample, where they are more than a finished recording leaves.
    embedded_at : int
        Where a movie begins inside a picture, -1 where none does.
    """

    path: str
    size: int
    foreign: str = ""
    movie: Movie | None = None
    error: BoxError | None = None
    moov_end: int | None = None
    layouts: Sequence[TrackLayout] = ()
    fragments: FragmentInfo | None = None
    findings: Sequence[Finding] = ()
    media_bytes: int = 0
    missing_samples: int = 0
    cut_seconds: float | None = None
    zero_fraction: float = 0.0
    embedded_at: int = -1
    unlisted: int = 0

    @property
    def rescue(self) -> str:
        """The command that rescues it."""
        return f"mediarescue untrunc {shlex.quote(self.path)} --ref GOOD"

    @property
    def rescue_alone(self) -> str:
        """The command that rescues it by its own index."""
        return f"mediarescue untrunc {shlex.quote(self.path)}"

    @property
    def samples(self) -> int:
        """Samples in the sample tables."""
        return sum(layout.info.samples for layout in self.layouts)


class Judgement(NamedTuple):
    """A state, its sentence, and the command that helps ("" where none does)."""

    state: FileState
    sentence: str
    command: str = ""


def judge(evidence: Evidence) -> Judgement:
    """Return the verdict: the worst that is true of the file."""
    if not evidence.size:
        return Judgement(FileState.EMPTY, "empty (0 bytes): there is nothing to rescue in it")
    if evidence.foreign:
        return _other_format(evidence)
    if evidence.movie is None:
        return _without_index(evidence)
    return _with_index(evidence, evidence.movie)


def _other_format(evidence: Evidence) -> Judgement:
    sentence = f"no MP4 or MOV file: it looks like {evidence.foreign}"
    if evidence.embedded_at >= 0:
        at = evidence.embedded_at
        command = f"mediarescue extract {shlex.quote(evidence.path)} --out-dir DIR"
        return Judgement(FileState.OTHER_FORMAT, f"{sentence} with a movie inside, from byte {at} on", command)
    return Judgement(FileState.OTHER_FORMAT, sentence)


def _without_index(evidence: Evidence) -> Judgement:
    zeros = evidence.zero_fraction
    if zeros == 1.0:
        return Judgement(FileState.ZEROS, "100 % zeros: nothing to rescue there, the recording never reached the disk")
    aside = ""
    if zeros >= _WORTH_SAYING:
        what = "it" if evidence.error is None else "the media"
        aside = f"; about {_percent(zeros)} of {what} are zeros: nothing to rescue there"
    if evidence.error is None:
        sentence = "no MP4 or MOV file: its first bytes belong to no format known here"
        hint = "; if it is a recording without its beginning, rescue with a reference"
        return Judgement(FileState.OTHER_FORMAT, f"{sentence}{aside}{hint}", evidence.rescue)
    if evidence.moov_end is None:
        if evidence.fragments is not None:
            count = evidence.fragments.count
            sentence = f"moov missing: {count} whole fragments without the start of the file, rescue with a reference"
        elif not evidence.media_bytes:
            return Judgement(FileState.MOOV_MISSING, "moov missing, and media data too: nothing to rescue")
        else:
            sentence = "moov missing: rescue with a reference"
        return Judgement(FileState.MOOV_MISSING, sentence + aside, evidence.rescue)
    if evidence.moov_end > evidence.size:
        missing = evidence.moov_end - evidence.size
        sentence = f"moov cut off ({missing} of its bytes are missing): rescue with a reference"
        return Judgement(FileState.MOOV_DAMAGED, sentence + aside, evidence.rescue)
    if "compressed" in str(evidence.error) or "not believed" in str(evidence.error):
        return Judgement(FileState.UNSUPPORTED, f"cannot be judged: {evidence.error}")
    return Judgement(
        FileState.MOOV_DAMAGED, f"moov damaged ({evidence.error}): rescue with a reference{aside}", evidence.rescue
    )


def _with_index(evidence: Evidence, movie: Movie) -> Judgement:
    fragments, zeros = evidence.fragments, evidence.zero_fraction
    faults = [finding for finding in evidence.findings if finding.severity is Severity.FAULT]
    doubts = [finding for finding in evidence.findings if finding.severity is Severity.CONTRADICTION]
    if fragments is not None and fragments.is_cut:
        command = f"mediarescue untrunc {shlex.quote(evidence.path)}"
        return Judgement(FileState.FRAGMENTS_CUT, _cut_fragments(evidence, fragments), command)
    if evidence.missing_samples and evidence.cut_seconds is not None:
        return _cut(evidence, evidence.cut_seconds)
    if zeros == 1.0:
        return Judgement(
            FileState.ZEROS, "the index is there, but 100 % of the media are zeros: nothing to rescue there"
        )
    if faults:
        sentence = f"moov damaged ({faults[0].message}): rescue with a reference"
        return Judgement(FileState.MOOV_DAMAGED, sentence, evidence.rescue)
    if not evidence.samples and fragments is None:
        return _without_samples(evidence, movie)
    if evidence.unlisted and evidence.samples:
        sentence = f"the index ends too early: {evidence.unlisted} bytes of media behind its last sample are not in it"
        return Judgement(FileState.INDEX_SHORT, sentence, evidence.rescue_alone)
    if zeros > 0:
        sentence = f"the index is sound, but about {_percent(zeros)} of the media are zeros: nothing to rescue there"
        return Judgement(FileState.PARTLY_ZEROS, sentence)
    if doubts:
        more = f", and {len(doubts) - 1} more" if len(doubts) > 1 else ""
        return Judgement(
            FileState.CONTRADICTORY,
            f"all samples are there, but the file contradicts itself: {doubts[0].message}{more}",
        )
    return Judgement(FileState.HEALTHY, "healthy")


def _cut_fragments(evidence: Evidence, fragments: FragmentInfo) -> str:
    if not fragments.count:
        return "fragmented, and not one fragment is whole"
    time = "" if fragments.readable_seconds is None else f", time {_clock(fragments.readable_seconds)}"
    return f"fragmented: readable up to byte {fragments.readable_bytes} of {evidence.size}{time}; the rest is cut"


def _cut(evidence: Evidence, seconds: float) -> Judgement:
    whole = max(layout.info.duration_seconds for layout in evidence.layouts)
    part = _percent(evidence.missing_samples / max(evidence.samples, 1))
    reach = f"it plays up to {_clock(seconds)} of {_clock(whole)}"
    sentence = f"cut short: {part} of the samples lie behind the end of the file; {reach}"
    return Judgement(FileState.CUT, sentence, evidence.rescue_alone)


def _without_samples(evidence: Evidence, movie: Movie) -> Judgement:
    if movie.is_fragmented:
        sentence = "the start of a fragmented file (init segment): it holds settings, and no media"
        if not evidence.media_bytes:
            return Judgement(FileState.NO_SAMPLES, sentence)
    if not evidence.media_bytes:
        return Judgement(
            FileState.NO_SAMPLES, "the index lists no samples, and there are no media data: nothing to rescue"
        )
    return Judgement(
        FileState.NO_SAMPLES, "the index (moov) lists no samples: rescue with a reference", evidence.rescue
    )


def _percent(part: float) -> str:
    # Neither 0 nor 100, which would say more than is known.
    return f"{min(max(round(part * 100), 1), 99)} %"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(seconds, 0.0), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:06.3f}" if hours else f"{minutes:02d}:{rest:06.3f}"
