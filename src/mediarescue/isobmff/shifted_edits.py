"""Edit lists of tracks whose media times moved, so that everything is shown when it was."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.isobmff.movie import Edit


def shifted_edits(edits: Sequence[Edit], shift: int) -> tuple[Edit, ...]:
    """Return the edits of media that is composed ``shift`` media ticks later; empty edits stay as they are."""
    return tuple(edit._replace(media_time=edit.media_time + shift * (edit.media_time >= 0)) for edit in edits)


def whole_media(end: int, shift: int, *, timescale: int, movie_timescale: int, told: int) -> tuple[Edit, ...]:
    """Return one edit that shows all of the media from ``shift`` on, as a track without a list is shown.

    Parameters
    ----------
    end : int
        When the last picture ends, in media ticks from 0.
    shift : int
    timescale, movie_timescale : int
        Ticks a second of the media and of the movie clock.
    told : int
        The duration in the track's header, in movie ticks; all ones where it is not known.

    Notes
    -----
    Rounded up: an edit that ends a fraction of a tick early hides the last picture.
    """
    shown = -(-end * movie_timescale // timescale)
    return (Edit(max(shown, told) if told < 0xFFFFFFFF else shown, shift, 1.0),)


def begun_late(
    edits: Sequence[Edit], *, first: int, was_first: int, timescale: int, movie_timescale: int
) -> tuple[Edit, ...]:
    """Return the edits of a track whose first pictures are missing: an empty edit stands for their time.

    Parameters
    ----------
    edits : sequence of Edit
    first, was_first : int
        Least composition time of the pictures there are, and of those there were, in media ticks.
    timescale, movie_timescale : int
        Ticks a second of the media and of the movie clock.

    Notes
    -----
    An edit whose media begin inside it shows nothing until then. FFmpeg shows its first picture at once.
    """
    at = next((i for i, edit in enumerate(edits) if edit.media_time >= 0), None)
    if at is None or first <= max(edits[at].media_time, was_first):
        return tuple(edits)
    edit = edits[at]
    empty = round((first - edit.media_time) * movie_timescale / timescale)
    if empty >= edit.segment_duration:
        return tuple(edits)
    shown = Edit(edit.segment_duration - empty, first, edit.rate)
    return (*edits[:at], Edit(empty, -1, 1.0), shown, *edits[at + 1 :])
