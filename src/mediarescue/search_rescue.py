"""Untrunc by a search: the samples are looked for with a healthy file as the teacher."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mediarescue.bitstream.jit import announce_compiling
from mediarescue.checking.structure import IndexState, check_structure, index_state
from mediarescue.errors import InputError, NothingRecoverableError, ReferenceMismatchError
from mediarescue.events import COMPILING, Listener, Noted, Warned, ignore
from mediarescue.fit import check_fit, check_trial, decoded
from mediarescue.isobmff import BoxError, ByteSource, NoMovieError, mdat_header
from mediarescue.judging import judge
from mediarescue.options import GapMode, UntruncOptions
from mediarescue.outcome import av_difference, gap_reports, track_reports
from mediarescue.output import readable_size
from mediarescue.pieces import named_borders, order_warnings
from mediarescue.recover.assemble import Layout, assemble, file_type_box
from mediarescue.recover.codecs import is_supported
from mediarescue.recover.families import Families
from mediarescue.recover.faststart import larger_room, moved_to_front, room_for_moov
from mediarescue.recover.run import Preparation, Rescue, identify, learn, prepare
from mediarescue.recover.survey import zero_fraction
from mediarescue.reporting.describe import describe
from mediarescue.reports import CheckReport, UntruncReport
from mediarescue.selfcheck import OutputCheck
from mediarescue.untangling import untangled
from mediarescue.writing import copied_media

_TRIAL = 16 << 20
_PAUSE_HEARD = 0.05
"""Seconds: a shorter rest of a gap that was closed is not told of."""


def untrunc_by_search(
    source: ByteSource,
    state: IndexState,
    healthy: ByteSource,
    target: Path,
    *,
    options: UntruncOptions,
    listener: Listener,
) -> UntruncReport:
    """Rescue a file whose own index is of no use; raises what `api.untrunc` does."""
    preparation = _prepared(source, healthy, state, listener)
    families = learn(healthy, preparation)
    source, preparation, clusters = untangled(source, families, preparation, listener)
    try:
        rescue, layout, check = _written(source, families, preparation, target, options, listener)
    except BoxError as error:  # the tables are made of the reference's times, which may be such as no film has
        raise _damaged(healthy.path, error) from error
    location, gaps = preparation.location, rescue.segmentation.gaps
    media = (location.start, location.end)
    coverage = describe(source, rescue.tracks, gaps, media, options=options, listener=listener)
    disorder = order_warnings(source, gaps, families)
    for warning in disorder:
        listener(Warned(warning))
    report = _report(source, healthy.path, target, rescue, layout, dry_run=options.dry_run)
    left_open = _left_open(source, rescue) if options.gaps is GapMode.CLOSE else []
    warnings = (*report.warnings, *disorder, *left_open)
    return replace(report, warnings=warnings, clusters=clusters, coverage=coverage, check=check)


def find_samples(source: ByteSource, healthy: ByteSource, *, listener: Listener = ignore) -> tuple[ByteSource, Rescue]:
    """Find the samples of a broken file, and write nothing; raises what `untrunc` raises up to there.

    The samples' offsets hold for the source that comes with them: the recording's own where the file holds two.
    """
    announce_compiling(lambda: listener(Noted(COMPILING)))
    state = judge(source, healthy)
    if state is IndexState.FRAGMENTS_CUT:
        raise InputError(
            f"{source.path} is a fragmented file that was cut; make it whole first: mediarescue untrunc {source.path}"
        )
    preparation = _prepared(source, healthy, state, listener)
    families = learn(healthy, preparation)
    source, preparation, _ = untangled(source, families, preparation, listener)
    return source, _identified(source, families, preparation, listener)


def missing_tracks(rescue: Rescue) -> dict[str, bool]:
    """Return the reference's tracks of which no sample was found (``"1 (video, avc1)"``), and whether each weighs."""
    found = {track.profile.track.track_id for track in rescue.tracks}
    out = {}
    for track in rescue.preparation.profile.tracks:
        if track.sample_count and track.track.track_id not in found:
            weighs = track.kind in ("video", "audio")
            why = ", which is not supported" if weighs and not is_supported(track) else ""
            out[f"{track.track.track_id} ({track.kind}, {track.codec.decode('latin-1')}{why})"] = weighs
    return out


def _written(
    source: ByteSource,
    families: Families,
    preparation: Preparation,
    target: Path,
    options: UntruncOptions,
    listener: Listener,
) -> tuple[Rescue, Layout, CheckReport | None]:
    """Write the rescued file: again where less room was set aside in front of the media than the moov takes."""
    profile, location = preparation.profile, preparation.location
    size = location.end - location.start
    file_type, header = file_type_box(profile.movie, location.file_type), mdat_header(size)
    room = 0
    if options.faststart:
        before = len(file_type) + len(header)
        room = room_for_moov(profile, media_start=source.origin + location.start, media_size=size, before=before)
    rescue: Rescue | None = None
    while True:
        head = file_type + bytes(room) + header
        with copied_media(
            source, target, head=head, start=location.start, size=size, options=options, listener=listener
        ) as finish:
            rescue = rescue or _identified(source, families, preparation, listener, options.gaps)
            layout = assemble(
                profile.movie,
                rescue.tracks,
                head=head,
                media_start=location.start,
                unix_time=int(os.fstat(source.fileno()).st_mtime),
                media_end=location.end,
            )
            placed = moved_to_front(layout, file_type, room) if options.faststart else layout
            if placed is not None:
                check = _check_of(rescue, len(head) - location.start, options, listener)
                finish(placed.tail, check, patches=placed.patches)
                return rescue, placed, check.frames
        room = larger_room(layout, room)


def _check_of(rescue: Rescue, shift: int, options: UntruncOptions, listener: Listener) -> OutputCheck:
    """Return the check of the written file, in which samples lie ``shift`` bytes behind their place in the source."""
    counts = {track.profile.track.track_id: track.sample_count for track in rescue.tracks}
    return OutputCheck(
        lambda path: check_structure(path, counts),
        rescue.tracks,
        shift=shift,
        gaps=rescue.segmentation.gaps,
        movie_timescale=rescue.preparation.profile.movie.timescale,
        options=options,
        listener=listener,
    )


def _identified(
    source: ByteSource,
    families: Families,
    preparation: Preparation,
    listener: Listener,
    gaps: GapMode = GapMode.KEEP,
) -> Rescue:
    """Search, and refuse a result that a fitting reference would not give."""
    location = preparation.location
    if location.end - location.start > 2 * _TRIAL:
        check_trial(source, identify(source, families, preparation, limit=_TRIAL))
    close = gaps is GapMode.CLOSE
    rescue = identify(source, families, preparation, probe=decoded, listener=listener, close_gaps=close)
    named = named_borders(source, rescue.segmentation.gaps)
    # the bytes at a border say nothing of those that are missing there
    pauses = tuple(
        pause if gap is before else replace(pause, error=None)
        for pause, gap, before in zip(rescue.pauses, named, rescue.segmentation.gaps, strict=True)
    )
    rescue = replace(rescue, segmentation=replace(rescue.segmentation, gaps=named), pauses=pauses)
    check_fit(source, rescue)
    return rescue


def _prepared(source: ByteSource, healthy: ByteSource, state: IndexState, listener: Listener) -> Preparation:
    """Learn the reference and judge both files before any work is done."""
    broken, reference = source.path, healthy.path
    reference_state = index_state(healthy)
    if reference_state is IndexState.MISSING:
        raise ReferenceMismatchError(
            f"the reference {reference} has no readable moov box; use a file of the same camera that plays"
        )
    if reference_state is IndexState.POINTS_OUTSIDE:
        raise ReferenceMismatchError(
            f"the reference {reference} is cut short: its index points behind its end; use a file that plays whole"
        )
    if state is IndexState.POINTS_OUTSIDE:
        listener(Warned(f"{broken.name} has an index, but samples are missing from the file; it is not used"))
    if zero_fraction(source) == 1.0:
        raise NothingRecoverableError(
            f"{broken} holds only zeros ({readable_size(source.size)}): the recording never reached the card, "
            "or was erased; there is nothing to rescue in it"
        )
    try:
        preparation = prepare(source, healthy)
    except NoMovieError as error:
        raise ReferenceMismatchError(f"the reference {reference} has no moov box; use a file that plays") from error
    except BoxError as error:
        raise _damaged(reference, error) from error
    zeros = zero_fraction(source, preparation.location.start)  # phones set zeros aside in front of the media
    if zeros > 0.2:
        listener(Warned(f"about {zeros:.0%} of the media in {broken.name} are zeros; nothing can be rescued there"))
    learnt = any(track.sample_count for track in preparation.profile.tracks)
    if not learnt and preparation.profile.movie.is_fragmented:
        raise ReferenceMismatchError(
            f"the reference {reference} is fragmented, and none of its fragments is there to learn from; "
            "use a file that plays"
        )
    if not learnt:
        listener(
            Warned(f"{reference.name} has no samples to learn from, only its settings: sizes and times are guessed")
        )
    return preparation


def _damaged(reference: Path, error: BoxError) -> ReferenceMismatchError:
    return ReferenceMismatchError(f"the reference {reference} is damaged ({error}); use another one")


def _report(
    source: ByteSource, reference: Path, target: Path, rescue: Rescue, layout: Layout, *, dry_run: bool
) -> UntruncReport:
    location, segmentation = rescue.preparation.location, rescue.segmentation
    tracks = track_reports(rescue.tracks)
    missing = missing_tracks(rescue)
    first = min((int(track.offset[track.recorded].min()) for track in rescue.tracks), default=location.start)
    return UntruncReport(
        input=str(source.path),
        reference=str(reference),
        output=str(target),
        output_bytes=len(layout.head) + location.end - location.start + len(layout.tail),
        media_bytes=location.end - location.start,
        recovered_bytes=segmentation.recovered_bytes,
        tracks=tracks,
        gaps=gap_reports(source, zip(segmentation.gaps, rescue.pauses, strict=True), first=first),
        av_difference_seconds=av_difference(tracks),
        dropped_boxes=layout.dropped,
        warnings=(
            *(
                f"no sample of the reference's track {track} was found"
                for track, weighs in missing.items()
                if not weighs
            ),
            *_turned(rescue),
            *_without_borders(rescue),
        ),
        dry_run=dry_run,
        missing_tracks=tuple(track for track, weighs in missing.items() if weighs),
    )


def _left_open(source: ByteSource, rescue: Rescue) -> list[str]:
    """Say which gaps could not be closed whole, as pictures or sound of another track go on beside them."""
    return [
        f"the gap at offset {source.ranges(gap.offset, 1)[0][0]} could be closed by {pause.closed:.2f} s of about "
        f"{pause.lost:.2f} s only: another track has sound or pictures of that time; the rest stays a pause"
        for gap, pause in zip(rescue.segmentation.gaps, rescue.pauses, strict=True)
        if not gap.expected and pause.lost is not None and pause.lost > pause.closed + _PAUSE_HEARD
    ]


def _turned(rescue: Rescue) -> list[str]:
    """Say which way up the film is shown, where that is not how the sensor lies: no picture tells, only an index."""
    turned = [t.profile.track for t in rescue.tracks if t.profile.kind == "video" and t.profile.track.rotation]
    return [
        f"track {track.track_id} is turned by {track.rotation} degrees, as the reference is; if this was filmed "
        "another way up, use a reference that was too"
        for track in turned
    ]


def _without_borders(rescue: Rescue) -> list[str]:
    """Say where two codecs lie beside each other of which neither tells where a sample ends."""
    if {b"vp09", b"Opus"} <= {track.codec for track in rescue.preparation.profile.tracks}:
        return ["neither VP9 nor Opus tells where a frame ends: beside each other most of the borders found are wrong"]
    return []
