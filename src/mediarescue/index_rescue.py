"""Untrunc by the file's own ``moov``: what is true of it is used, and what it does not list is searched for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mediarescue.checking.structure import IndexState
from mediarescue.events import Listener, Noted
from mediarescue.fragment_rescue import write_indexed
from mediarescue.isobmff import TRACK_KINDS, ByteSource
from mediarescue.isobmff.claims import sample_ranges
from mediarescue.isobmff.pieces import PiecesSource
from mediarescue.judging import nothing_to_do
from mediarescue.options import UntruncOptions
from mediarescue.outcome import av_difference, gap_reports, track_reports
from mediarescue.recover.candidate import CUT_SHORT, Gap
from mediarescue.recover.listed_damage import find_damage, left_out, zeros_in_words
from mediarescue.recover.locate import MediaLocation, locate_media
from mediarescue.recover.own_index import OwnIndex, read_hidden_index
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.stand_ins import Pause
from mediarescue.reporting.describe import describe
from mediarescue.reports import OwnIndexReport, UntruncReport
from mediarescue.self_contained import by_moov, extended


def untrunc_by_own_index(
    source: ByteSource,
    state: IndexState,
    healthy: ByteSource | None,
    target: Path,
    *,
    options: UntruncOptions,
    listener: Listener,
) -> UntruncReport | None:
    """Rescue a file by its own index as far as that is true; None where a reference is needed.

    Raises
    ------
    NothingToDoError
        Media data seem to follow the last listed sample, and no sample is in them.
    """
    if options.ignore_moov:
        return None
    location = locate_media(source)
    own = by_moov(source, location)
    if own is None or (own.is_cut and healthy is not None):
        return None
    if healthy is not None:
        listener(Noted(f"{source.path.name} is rescued by its own index; the reference is not needed"))
    report = untrunc_by_index(
        source,
        own,
        location,
        target,
        only_if_longer=state is IndexState.CONTRADICTED and not own.shift and not isinstance(source, PiecesSource),
        options=options,
        listener=listener,
    )
    if report is None:
        raise nothing_to_do(source)
    return report


def untrunc_by_hidden_index(
    source: ByteSource, target: Path, *, options: UntruncOptions, listener: Listener
) -> UntruncReport | None:
    """Rescue a file by an index that its camera left inside the media data; None where there is none that fits."""
    location = locate_media(source)
    own = read_hidden_index(source, location, listener=listener)
    if own is None:
        return None
    listener(Noted(f"{source.path.name} holds an index inside its media data: no reference is needed"))
    return untrunc_by_index(source, own, location, target, only_if_longer=False, options=options, listener=listener)


def untrunc_by_index(
    source: ByteSource,
    own: OwnIndex,
    location: MediaLocation,
    target: Path,
    *,
    only_if_longer: bool,
    options: UntruncOptions,
    listener: Listener,
) -> UntruncReport | None:
    """Write what the file's own index lists, and what follows it; its errors are those of `mediarescue.untrunc`.

    Parameters
    ----------
    source, own, location
        The broken file, its index, and where its media data are.
    target : Path
        Checked already.
    only_if_longer : bool
        Return None, and write nothing, where no sample is found that the index does not list: the file is healthy.
    options, listener
        As for `mediarescue.untrunc`.
    """
    extension = extended(source, own, location, listener=listener)
    damage = find_damage(source, extension.tracks)
    if only_if_longer and not extension.added and not damage:
        return None
    timescale = own.movie.timescale
    damaged, places = zeros_in_words(extension.tracks, damage.zeros, timescale)
    tracks, lost = left_out(extension.tracks, damage.broken, timescale)
    pauses: dict[Gap, Pause] = dict(lost)
    first = min(int(track.offset.min()) for track in tracks)
    last = max(int((track.offset + track.size).max()) for track in tracks)
    gaps = extension.gaps or _cut_sample(own, last, source.size)
    gaps = tuple(sorted((*gaps, *pauses), key=lambda gap: gap.offset))
    file_type = location.file_type or (own.movie.file_type.serialize() if own.movie.file_type is not None else b"")
    media = (min(location.start, first) if not own.shift else first, last)
    dropped, output_bytes, check = write_indexed(
        source,
        own.movie,
        tracks,
        target,
        file_type=file_type,
        media=media,
        gaps=(*gaps, *places),
        own=True,
        options=options,
        listener=listener,
    )
    coverage = describe(source, tracks, gaps, media, options=options, listener=listener)
    reports = track_reports(tracks)
    recovered = sum(int(track.size.sum()) for track in tracks)
    return UntruncReport(
        input=str(source.path),
        reference=None,
        output=str(target),
        output_bytes=output_bytes,
        media_bytes=max(recovered + sum(gap.size for gap in gaps), media[1] - media[0]),
        recovered_bytes=recovered,
        tracks=reports,
        gaps=gap_reports(source, ((gap, pauses.get(gap, Pause())) for gap in gaps)),
        damaged=damaged,
        av_difference_seconds=av_difference(reports),
        dropped_boxes=dropped,
        warnings=tuple(
            f"no sample of the index's track {name} is in the file" for name in _without(own, tracks, False)
        ),
        dry_run=options.dry_run,
        missing_tracks=_without(own, tracks, True),
        coverage=coverage,
        check=check,
        own_index=OwnIndexReport(
            own.used, own.listed, own.missing, own.distrusted, extension.added, own.shift, own.is_cut
        ),
    )


def _cut_sample(own: OwnIndex, last: int, size: int) -> tuple[Gap, ...]:
    """Return what is left of the sample that the end of the file cuts."""
    return (Gap(last, size - last, CUT_SHORT, expected=True),) if own.missing and last < size else ()


def _without(own: OwnIndex, tracks: Sequence[RescuedTrack], weighty: bool) -> tuple[str, ...]:
    """Return the listed tracks of which nothing was found: of video and audio, or of other kinds."""
    found = {track.profile.track.track_id for track in tracks}
    kinds = [(track, TRACK_KINDS.get(track.handler, "other")) for track in own.movie.tracks]
    return tuple(
        f"{track.track_id} ({kind}, {track.sample_entry_kind.decode('latin-1')})"
        for track, kind in kinds
        if track.track_id not in found and len(sample_ranges(track)[0]) and (kind in ("video", "audio")) == weighty
    )
