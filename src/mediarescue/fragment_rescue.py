"""Untrunc for fragmented files: their own index is read, and a reference only gives what is missing of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mediarescue.checking.structure import IndexState, check_structure, index_state
from mediarescue.errors import (
    InputError,
    NothingRecoverableError,
    ReferenceMismatchError,
    UsageError,
    VerificationError,
)
from mediarescue.events import Listener, Warned
from mediarescue.isobmff import BoxError, ByteSource, FragmentedFile, Movie, mdat_header, read_track_extends
from mediarescue.options import UntruncOptions
from mediarescue.outcome import av_difference, track_reports
from mediarescue.recover.adopt import adopt_movie, init_segment
from mediarescue.recover.assemble import assemble, file_type_box
from mediarescue.recover.candidate import Gap
from mediarescue.recover.fragmented import FragmentRescue, rescue_fragments
from mediarescue.recover.keeping import kept_fragments
from mediarescue.recover.listed_damage import find_damage, left_out, zeros_in_words
from mediarescue.recover.lost import fill_lost
from mediarescue.recover.profile import ReferenceProfile, learn_reference
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.stand_ins import Pause
from mediarescue.reporting.cover import Kind
from mediarescue.reporting.describe import describe
from mediarescue.reports import CheckReport, FragmentsReport, GapReport, UntruncReport
from mediarescue.selfcheck import OutputCheck
from mediarescue.writing import copied_media


def untrunc_fragments(
    source: ByteSource,
    healthy: ByteSource | None,
    file: FragmentedFile,
    target: Path,
    *,
    options: UntruncOptions,
    listener: Listener,
) -> UntruncReport | None:
    """Write what a fragmented file holds as a file that plays; its errors are those of `mediarescue.untrunc`.

    None, and nothing is written, where a reference is given and the fragments lead to none of its tracks: their
    offsets may count from a beginning that is lost, as in Apple's recordings, and their samples can still be searched.

    Parameters
    ----------
    source, file
        The broken file, and what `read_fragmented` says of it.
    healthy : ByteSource or None
        Needed where the file has no ``moov`` of its own.
    target : Path
        Checked already.
    options, listener
        As for `mediarescue.untrunc`.
    """
    movie, reference, unmatched = file.movie, None, tuple[int, ...]()
    if movie is None:
        if healthy is None:
            raise UsageError(
                f"{source.path} has fragments, but not the moov that their settings stand in: name a healthy recording "
                f"of the same camera or program, mediarescue untrunc {source.path} --ref GOOD"
            )
        reference = _learnt(healthy)
        file.fragments.extends.update(read_track_extends(reference.movie.moov))
        movie, unmatched = adopt_movie(source, file.fragments, reference, healthy)
        if not movie.tracks and not options.keep_fragments:
            return None
        _check_adopted(source, healthy, movie, unmatched, listener)
    encrypted = [str(track.track_id) for track in movie.tracks if track.is_encrypted]
    if encrypted:
        raise InputError(
            f"track {', '.join(encrypted)} of {source.path} is encrypted; encrypted films cannot be rescued"
        )
    if options.keep_fragments and not file.count:
        raise NothingRecoverableError(
            f"not one fragment of {source.path} is whole; without --keep-fragments the samples of the cut one "
            "are rescued"
        )
    rescue = rescue_fragments(source, file, movie, only_whole=options.keep_fragments)
    if (
        rescue.tracks
        and not options.keep_fragments
        and any(part.is_media or part.size > _SEARCHED_FROM for part in file.unread)
    ):
        rescue = fill_lost(source, rescue, listener)
    if not rescue.tracks:
        lost = healthy is None and any(part.is_media for part in file.unread)
        raise NothingRecoverableError(
            f"{source.path} is a fragmented file, and not one sample that its fragments list is in it; "
            + ("with a reference (--ref) what they do not list is searched for" if lost else "nothing was written")
        )
    damage = find_damage(source, rescue.tracks, structure=not options.keep_fragments)
    damaged, places = zeros_in_words(rescue.tracks, damage.zeros, movie.timescale)
    tracks, timed_gaps = left_out(rescue.tracks, damage.broken, movie.timescale)
    pauses = dict(timed_gaps)
    gaps = tuple(sorted((*rescue.gaps, *pauses), key=lambda gap: gap.offset))
    rescue = replace(rescue, tracks=tracks, gaps=gaps)
    own = reference is None
    write = _write_kept if options.keep_fragments else _write_progressive
    dropped, output_bytes, check = write(
        source, file, movie, replace(rescue, gaps=(*gaps, *places)), target, own, options, listener
    )
    reference_path = None if own or healthy is None else healthy.path
    start = min(min(int(track.offset.min()) for track in rescue.tracks), file.start or rescue.end)
    coverage = describe(
        source,
        rescue.tracks,
        rescue.gaps,
        (start, source.size),
        options=options,
        listener=listener,
        between=Kind.BOX,
    )
    report = _report(source, reference_path, file, rescue, unmatched, target, dropped, output_bytes, options)
    timed = tuple(
        replace(gap, time_seconds=pause.time, lost_seconds=pause.lost, lost_error_seconds=pause.error)
        for gap, pause in zip(report.gaps, (pauses.get(gap, Pause()) for gap in gaps), strict=True)
    )
    return replace(report, gaps=timed, coverage=coverage, check=check, damaged=damaged)


_SEARCHED_FROM = 256
"""Bytes; shorter ranges that nothing describes are left over from headers."""


def _learnt(healthy: ByteSource) -> ReferenceProfile:
    try:
        return learn_reference(healthy)
    except BoxError as error:
        raise ReferenceMismatchError(
            f"the reference {healthy.path} has no sound moov box ({error}); use a file that plays"
        ) from error


def _check_adopted(
    source: ByteSource, healthy: ByteSource, movie: Movie, unmatched: tuple[int, ...], listener: Listener
) -> None:
    if not movie.tracks:
        raise ReferenceMismatchError(
            f"the reference {healthy.path} does not fit: no track of {source.path} reads as one of its tracks; "
            "use a file of the same camera or program in the same mode"
        )
    for track_id in unmatched:
        listener(Warned(f"track {track_id} of {source.path.name} is like no track of the reference; it is left out"))


def _write_progressive(
    source: ByteSource,
    file: FragmentedFile,
    movie: Movie,
    rescue: FragmentRescue,
    target: Path,
    own: bool,
    options: UntruncOptions,
    listener: Listener,
) -> tuple[tuple[str, ...], int, CheckReport | None]:
    start = min(min(int(track.offset.min()) for track in rescue.tracks), file.start or rescue.end)
    own_type = file.file_type.serialize() if file.file_type is not None else b""
    return write_indexed(
        source,
        movie,
        rescue.tracks,
        target,
        file_type=own_type,
        media=(start, rescue.end),
        gaps=rescue.gaps,
        own=own,
        options=options,
        listener=listener,
    )


def write_indexed(
    source: ByteSource,
    movie: Movie,
    tracks: Sequence[RescuedTrack],
    target: Path,
    *,
    file_type: bytes,
    media: tuple[int, int],
    gaps: Sequence[Gap],
    own: bool,
    options: UntruncOptions,
    listener: Listener,
) -> tuple[tuple[str, ...], int, CheckReport | None]:
    """Write the media bytes as they are behind one mdat header, and a moov behind or in front of them.

    Parameters
    ----------
    source, movie, tracks, target
    file_type : bytes
        The broken file's own ``ftyp`` box, empty where it has none.
    media : (int, int)
        Byte range of the source that is copied.
    gaps : sequence of Gap
        Frames near those that are losses are checked.
    own : bool
        Whether the movie is the recording's own: its dates and title stay.

    Returns
    -------
    tuple of str, int, CheckReport or None
        Box types that were left out, the size of the output in bytes, and what its frames showed.
    """
    start, size = media[0], media[1] - media[0]
    file_type, header = file_type_box(movie, file_type), mdat_header(size)
    unix_time = None if own else int(os.fstat(source.fileno()).st_mtime)
    room = 0
    while True:
        head = file_type + bytes(room) + header
        layout = assemble(movie, tracks, head=head, media_start=start, unix_time=unix_time)
        if not options.faststart or len(layout.moov) == room:
            break
        room = len(layout.moov)  # it grows once at most: where offsets need 64 bits behind it
    if options.faststart:
        head = file_type + layout.moov + header
    counts = {track.profile.track.track_id: track.sample_count for track in tracks}
    check = OutputCheck(
        lambda path: check_structure(path, counts),
        tracks,
        shift=len(head) - start,
        gaps=gaps,
        movie_timescale=movie.timescale,
        options=options,
        listener=listener,
    )
    with copied_media(source, target, head=head, start=start, size=size, options=options, listener=listener) as finish:
        finish(b"" if options.faststart else layout.moov, check)
    return layout.dropped, len(head) + size + (0 if options.faststart else len(layout.moov)), check.frames


def _write_kept(
    source: ByteSource,
    file: FragmentedFile,
    movie: Movie,
    rescue: FragmentRescue,
    target: Path,
    own: bool,
    options: UntruncOptions,
    listener: Listener,
) -> tuple[tuple[str, ...], int, CheckReport | None]:
    """Write the whole fragments as they are, behind a new init segment where the file has none of its own."""
    if not own and file.fragments.has_absolute_offsets:
        raise InputError(
            f"the fragments of {source.path} say where they lie in the file, and must move behind the new moov; "
            "leave out --keep-fragments"
        )
    head = b"" if own else init_segment(movie, file.fragments)
    kept = kept_fragments(source, file, rescue.tracks)

    def check(path: Path) -> None:
        if index_state(path) is not IndexState.SOUND:
            raise VerificationError("the written file does not read back as whole fragments; it was removed")

    size = kept.end - kept.start
    verify = OutputCheck(
        check,
        rescue.tracks,
        shift=len(head) - kept.start,
        gaps=rescue.gaps,
        movie_timescale=movie.timescale,
        options=options,
        listener=listener,
    )
    with copied_media(
        source, target, head=head, start=kept.start, size=size, options=options, listener=listener
    ) as finish:
        finish(b"", verify, patches=[(len(head) + offset - kept.start, data) for offset, data in kept.patches])
    return (), len(head) + size, verify.frames


def _report(
    source: ByteSource,
    reference: Path | None,
    file: FragmentedFile,
    rescue: FragmentRescue,
    unmatched: tuple[int, ...],
    target: Path,
    dropped: tuple[str, ...],
    output_bytes: int,
    options: UntruncOptions,
) -> UntruncReport:
    tracks = track_reports(rescue.tracks)
    found = {track.track_id for track in tracks}
    missing = tuple(
        f"{t.track.track_id} ({t.kind}, {t.codec.decode('latin-1')})"
        for t in rescue.profile.tracks
        if t.track.track_id not in found and t.kind in ("video", "audio")
    )
    missing += tuple(f"{track_id} (like no track of the reference)" for track_id in unmatched)
    gaps = tuple(GapReport(source.origin + gap.offset, gap.size, gap.reason, gap.expected) for gap in rescue.gaps)
    return UntruncReport(
        input=str(source.path),
        reference=None if reference is None else str(reference),
        output=str(target),
        output_bytes=output_bytes,
        media_bytes=rescue.recovered_bytes + sum(gap.size for gap in gaps),
        recovered_bytes=rescue.recovered_bytes,
        tracks=tracks,
        gaps=gaps,
        av_difference_seconds=av_difference(tracks),
        dropped_boxes=dropped,
        warnings=(),
        dry_run=options.dry_run,
        missing_tracks=missing,
        fragments=FragmentsReport(file.count, file.cut, options.keep_fragments),
    )
