"""Put together what is known of a file, and what to say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mediarescue.checking.inspection.formats import MOVIE_BOXES, embedded_movie, movie_format, other_format
from mediarescue.checking.inspection.fragments import FragmentSummary, read_fragments
from mediarescue.checking.inspection.media import misplaced_pictures, zero_samples, zeros_between
from mediarescue.checking.inspection.places import box_findings, hidden_moov, index_findings, missing_samples
from mediarescue.checking.inspection.tracks import TrackLayout, chunk_order, read_layout
from mediarescue.checking.inspection.tree import box_tree
from mediarescue.checking.inspection.verdict import Evidence, judge
from mediarescue.inspection import Finding, InspectReport, Severity
from mediarescue.isobmff import (
    BoxError,
    BoxHeader,
    ByteSource,
    Leniency,
    Movie,
    Problem,
    find_header,
    read_movie,
    scan_top_level,
)
from mediarescue.isobmff.claims import read_claims


def inspect_file(source: ByteSource, *, every_box: bool = False) -> InspectReport:
    """Inspect an open file; never raises on any bytes.

    Parameters
    ----------
    source : ByteSource
    every_box : bool
        Fold no rows of boxes in the tree, and look into every fragment.

    Raises
    ------
    mediarescue.errors.InputError
        The file cannot be read.
    """
    headers = _believed(source, scan_top_level(source))
    foreign = other_format(source, headers) if source.size else ""
    if not source.size or foreign or not headers or headers[0].kind not in MOVIE_BOXES:
        return _no_movie(source, foreign)
    parts = _read(source, headers)
    evidence = _evidence(source, headers, parts)
    judgement = judge(evidence)
    type_header = find_header(headers, b"ftyp")
    file_type = source.read(type_header.payload_offset, 16) if type_header is not None else b""
    return InspectReport(
        path=str(source.path),
        size=source.size,
        state=judgement.state,
        verdict=judgement.sentence,
        command=judgement.command,
        format=movie_format(file_type),
        duration_seconds=max((layout.info.duration_seconds for layout in parts.layouts), default=0.0),
        media_bytes=evidence.media_bytes,
        zero_fraction=evidence.zero_fraction,
        boxes=box_tree(source, headers, parts.movie.moov if parts.movie is not None else None, every_box=every_box),
        tracks=tuple(layout.info for layout in parts.layouts),
        chunk_order=chunk_order(parts.layouts),
        fragments=parts.fragments.info if parts.fragments is not None else None,
        findings=tuple(evidence.findings),
    )


@dataclass(slots=True)
class _Parts:
    movie: Movie | None = None
    error: BoxError | None = None
    layouts: Sequence[TrackLayout] = ()
    fragments: FragmentSummary | None = None
    findings: list[Finding] = field(default_factory=list)


def _believed(source: ByteSource, headers: tuple[BoxHeader, ...]) -> tuple[BoxHeader, ...]:
    """Leave out a last box of an unknown type that runs past the end: four bytes of garbage that look like a name."""
    last = headers[-1] if len(headers) > 1 else None
    return headers[:-1] if last and last.end > source.size and last.kind not in MOVIE_BOXES else headers


def _no_movie(source: ByteSource, foreign: str) -> InspectReport:
    zeros = 0.0 if foreign else zeros_between(source, 0, source.size)
    findings: tuple[Finding, ...] = ()
    inside = embedded_movie(source) if foreign.endswith("picture") else -1
    if inside >= 0:
        findings = (Finding(Severity.NOTE, inside, f"a movie begins at byte {inside}, as in a motion photo"),)
    evidence = Evidence(str(source.path), source.size, foreign=foreign, zero_fraction=zeros, embedded_at=inside)
    judgement = judge(evidence)
    return InspectReport(
        str(source.path),
        source.size,
        judgement.state,
        judgement.sentence,
        command=judgement.command,
        format=foreign,
        zero_fraction=zeros,
        findings=findings,
    )


def _read(source: ByteSource, headers: Sequence[BoxHeader]) -> _Parts:
    """Read the index and the fragments as far as they can be read."""
    parts = _Parts()
    problems: list[Problem] = []
    try:
        parts.movie = read_movie(source, leniency=Leniency.PERMISSIVE, problems=problems)
    except BoxError as error:
        parts.error = error
    moov = find_header(headers, b"moov")
    if moov is not None:
        # What read_movie says of the top level is said in better words by box_findings.
        inner = [problem for problem in problems if moov.offset < problem.offset < moov.end]
        parts.findings += [Finding(_weight(problem), problem.offset, problem.message) for problem in inner]
    if parts.movie is not None:
        movie = parts.movie
        lost = len(movie.moov.find_all(b"trak")) - len(movie.tracks)
        if lost:
            message = f"{lost} of {lost + len(movie.tracks)} tracks cannot be read"
            parts.findings.append(Finding(Severity.FAULT, movie.moov.offset, message))
        parts.layouts = [read_layout(track, movie.timescale) for track in movie.tracks]
    parts.fragments = read_fragments(source, headers, parts.movie)
    if (fragments := parts.fragments) is not None:
        parts.layouts = [
            layout.with_fragments(
                fragments.samples.get(layout.info.track_id), fragments.seconds.get(layout.info.track_id, 0.0)
            )
            for layout in parts.layouts
        ]
    return parts


def _weight(problem: Problem) -> Severity:
    return Severity.NOTE if " kept as it is: " in problem.message else Severity.CONTRADICTION


def _evidence(source: ByteSource, headers: Sequence[BoxHeader], parts: _Parts) -> Evidence:
    """Gather what the verdict rests on."""
    mdats = [header for header in headers if header.kind == b"mdat"]
    findings = [*box_findings(source, headers), *parts.findings]
    for layout in parts.layouts:
        findings += layout.findings
        wrong, looked = misplaced_pictures(source, layout)
        if wrong:
            message = f"{wrong} of {looked} pictures looked at are not where the index says"
            findings.append(Finding(Severity.FAULT, -1, f"track {layout.info.track_id}: {message}"))
    findings += index_findings(source, headers, parts.layouts)
    missing = [missing_samples(source, layout) for layout in parts.layouts]
    cut_at = min((since for _, since in missing if since is not None), default=None)
    start = mdats[0].payload_offset if mdats else headers[-1].end
    if parts.movie is not None and not cut_at:
        zeros = zero_samples(source, parts.layouts)
    else:
        zeros = zeros_between(source, min(start, source.size), source.size)
    hidden = hidden_moov(source, start) if parts.movie is None and find_header(headers, b"moov") is None else -1
    if hidden >= 0:
        message = f"a whole moov stands at byte {hidden}, but the sizes of the boxes before it do not lead to it"
        findings.append(Finding(Severity.FAULT, hidden, message))
    moov = find_header(headers, b"moov")
    claims = read_claims(source, parts.movie) if parts.movie is not None and not parts.movie.is_fragmented else None
    return Evidence(
        str(source.path),
        source.size,
        movie=parts.movie,
        error=parts.error,
        moov_end=moov.end if moov is not None else None,
        layouts=parts.layouts,
        fragments=parts.fragments.info if parts.fragments is not None else None,
        findings=findings,
        media_bytes=sum(max(0, min(header.end, source.size) - header.payload_offset) for header in mdats),
        missing_samples=sum(count for count, _ in missing),
        cut_seconds=cut_at,
        zero_fraction=zeros,
        unlisted=claims.behind if claims is not None and claims.is_short else 0,
    )
