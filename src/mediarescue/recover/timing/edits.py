"""Edit lists: the reference's start of each track, carried over with the rescued durations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mediarescue.isobmff import Edit


@dataclass(frozen=True, slots=True)
class EditStart:
    """Where a track's media begins in the presentation.

    Attributes
    ----------
    empty : int
        Ticks of the movie clock before the track starts (an empty edit).
    media_time : int
        Ticks of the media clock that are skipped: encoder priming of audio, reordering delay of video.
    listed : bool
        Whether the reference has an edit list for the track.
    """

    empty: int = 0
    media_time: int = 0
    listed: bool = False


def learn_start(entries: Sequence[Edit]) -> EditStart:
    """Read the entries up to the first that shows media.

    Notes
    -----
    Later entries are cuts somebody made in the reference; they say nothing of another film.
    """
    empty = 0
    for duration, media_time, _ in entries:
        if media_time == -1:
            empty += duration
        else:
            return EditStart(empty, media_time, True)
    return EditStart(0, 0, bool(entries))


def edit_entries(start: EditStart, *, media_end: int, timescale: int, movie_timescale: int) -> list[Edit]:
    """Return the rescued track's entries; empty without a list.

    Parameters
    ----------
    start : EditStart
    media_end : int
        End of the last picture shown, in ticks of the media clock.
    timescale, movie_timescale : int
        Ticks a second of the media and of the movie clock.

    Notes
    -----
    The duration is rounded up: a segment that ends a fraction of a tick early hides the last sample.
    """
    if not start.listed:
        return []
    shown = max(media_end - start.media_time, 0)
    entries = [Edit(start.empty, -1, 1.0)] if start.empty else []
    return [*entries, Edit(-(-shown * movie_timescale // timescale), start.media_time, 1.0)]


def segment_total(entries: Sequence[Edit], media_duration: int, timescale: int, movie: int) -> int:
    """Return the track's duration on the movie clock."""
    if entries:
        return sum(duration for duration, _, _ in entries)
    return -(-media_duration * movie // timescale)
