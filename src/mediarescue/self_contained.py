"""What a broken film gives without a reference: by its own ``moov``, or by an index inside its media data."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from mediarescue.events import Listener, Noted, ignore
from mediarescue.fit import decoded
from mediarescue.inspection import FileState, InspectReport
from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Gap
from mediarescue.recover.extending import Extension, extend_tracks, search_start
from mediarescue.recover.fragmented import indexed_tracks
from mediarescue.recover.locate import MediaLocation, locate_media
from mediarescue.recover.own_index import OwnIndex, read_hidden_index, read_own_index
from mediarescue.recover.rescued_track import RescuedTrack

_HARDLY_ANY = 0.125
"""Part of the media that the tracks of a cut moov hold: with so little the main track is among those that are lost."""
_LEFT_OVER = 1024
"""Bytes behind the last listed sample that are not searched: a box, or padding."""
_SEARCHED = "the index of {file} ends before its media data: {bytes} bytes behind it are searched"
_LOOKED_INTO = 32 << 20
"""Bytes of the media data that `inspect` searches for an index."""


@dataclass(frozen=True, slots=True)
class OwnRescue:
    """The tracks of a film by an index of its own, and the ranges behind that index which belong to none."""

    index: OwnIndex
    tracks: tuple[RescuedTrack, ...]
    gaps: tuple[Gap, ...]


def rescue_alone(source: ByteSource, *, hidden: bool, listener: Listener = ignore) -> OwnRescue | None:
    """Return what a film's own index lists and what follows it; None where a reference is needed.

    Parameters
    ----------
    source : ByteSource
    hidden : bool
        Whether the media data are read for an index too, where no ``moov`` serves.
    listener : callable
    """
    location = locate_media(source)
    own = by_moov(source, location)
    if own is None and hidden:
        own = read_hidden_index(source, location, listener=listener)
    if own is None:
        return None
    extension = extended(source, own, location, listener=listener)
    return OwnRescue(own, extension.tracks, extension.gaps)


def extended(source: ByteSource, own: OwnIndex, location: MediaLocation, *, listener: Listener = ignore) -> Extension:
    """Return what an index lists and what a search finds behind it, up to the end of the media."""
    profile, indexed = indexed_tracks(own.movie, own.found)
    start, end = min(search_start(indexed), own.listed_end), location.end
    if own.movie.moov.offset >= start:
        end = min(end, own.movie.moov.offset)
    if end - start <= _LEFT_OVER:
        return Extension(indexed, (), 0)
    listener(Noted(_SEARCHED.format(file=source.path.name, bytes=end - start)))
    found = extend_tracks(source, profile, indexed, start=start, end=end, probe=decoded, listener=listener)
    return replace(found, gaps=tuple(gap for gap in found.gaps if gap.offset < end))


def by_moov(source: ByteSource, location: MediaLocation) -> OwnIndex | None:
    """Return what a film's own ``moov`` is good for; None where a reference is needed."""
    own = read_own_index(source, location)
    return None if own is None or (own.is_cut and own.bytes < _HARDLY_ANY * location.size) else own


def with_own_way(source: ByteSource, report: InspectReport) -> InspectReport:
    """Return a report that asks for no reference where the film can be rescued without."""
    without_beginning = report.state is FileState.OTHER_FORMAT
    if " --ref " not in report.command or report.fragments is not None:
        return report
    if report.state not in (FileState.MOOV_MISSING, FileState.MOOV_DAMAGED) and not without_beginning:
        return report
    location = locate_media(source)
    own = by_moov(source, location)
    if own is None and without_beginning:
        return report
    if own is None:
        near = replace(location, end=min(location.end, location.start + _LOOKED_INTO))
        if read_hidden_index(source, near) is None:
            return report
        why = "moov missing, but its camera left an index inside the media data"
    elif own.is_cut:
        return report
    elif own.shift:
        side = "behind" if own.shift > 0 else "before"
        why = f"the samples lie {abs(own.shift)} bytes {side} the places in its index, which is whole"
    else:
        reason = report.verdict.partition(": rescue with a reference")[0]
        why = f"{reason}, but {own.used} of {own.listed} listed samples are where it says"
    command = f"mediarescue untrunc {shlex.quote(str(source.path))}"
    state = FileState.MOOV_DAMAGED if without_beginning else report.state
    return replace(report, state=state, verdict=f"{why}: no reference is needed", command=command)
