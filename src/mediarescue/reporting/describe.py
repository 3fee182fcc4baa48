"""From what a rescue found to what is shown of it: the summary, and the files that were asked for."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.events import Artifact, Listener
from mediarescue.isobmff import ByteSource
from mediarescue.options import UntruncOptions
from mediarescue.recover.candidate import Gap
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.reporting.cover import Kind, cover_file
from mediarescue.reporting.coverage import summarize, summarize_found
from mediarescue.reporting.map import write_map
from mediarescue.reporting.picture import write_picture
from mediarescue.reports import CoverageReport


def describe(
    source: ByteSource,
    tracks: Sequence[RescuedTrack],
    gaps: Sequence[Gap],
    media: tuple[int, int],
    *,
    options: UntruncOptions,
    listener: Listener,
    between: Kind = Kind.UNKNOWN,
) -> CoverageReport:
    """Write the map and its picture where they are asked for, and return the summary; as `cover_file`.

    Raises
    ------
    OutputError
        One of them cannot be written.
    """
    asked = options.map_file is not None or options.map_picture is not None
    if not asked and source.ranges(0, source.size) == [(0, source.file_size)]:
        return summarize_found(tracks, gaps, media, file_size=source.file_size, between=between)
    cover = cover_file(source, tracks, gaps, media, file_size=source.file_size, between=between)
    for path, write in ((options.map_file, write_map), (options.map_picture, write_picture)):
        if path is not None:
            write(path, cover, name=source.path.name, overwrite=options.overwrite)
            listener(Artifact(str(path), "map"))
    return summarize(cover)
