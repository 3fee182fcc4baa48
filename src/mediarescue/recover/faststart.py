"""The moov in front of the media: room for it is set aside before its size is known."""

from __future__ import annotations

import struct
from dataclasses import replace

from mediarescue.recover.assemble import Layout
from mediarescue.recover.profile import ReferenceProfile

_MARGIN = 1.25
_SLACK = 16 << 10
_LARGE_OFFSETS = 4
"""Bytes that ``co64`` takes more than ``stco`` for each chunk."""
_LARGEST_GUESS = 32 << 20
"""Bytes, the index of some ten hours; a reference of few bytes and many samples would have gigabytes set aside."""
_BLOCK = 4096
_SMALLEST_BOX = 8


def room_for_moov(profile: ReferenceProfile, *, media_start: int, media_size: int, before: int) -> int:
    """Estimate how many bytes a rescued film's ``moov`` takes, generously.

    Parameters
    ----------
    profile : ReferenceProfile
        Its moov, scaled by the media it describes, is the measure.
    media_start, media_size : int
        Place and size in bytes of the media in the broken file.
    before : int
        Bytes that stand in front of the media in the new file besides this room.

    Returns
    -------
    int
        Rounded so that the media keep their place within the disk's blocks: file systems that share blocks between
        files can do so then.
    """
    moov = profile.movie.moov.size
    media = chunks = 0
    for track in profile.tracks:
        offset, size, _ = track.runs()
        media += int(size.sum())
        chunks += len(offset)
    tables = moov + chunks * _LARGE_OFFSETS
    guess = int(tables * (media_size / media) * _MARGIN) if media else 0
    room = _SLACK + moov + min(guess, _LARGEST_GUESS)
    return room + (media_start - before - room) % _BLOCK


def moved_to_front(layout: Layout, file_type: bytes, room: int) -> Layout | None:
    """Return the layout with its ``moov`` in the ``room`` behind ``file_type``; None where it does not fit.

    ``layout.head`` has zeros there. What the moov leaves of them becomes a ``free`` box (ISO/IEC 14496-12 8.1.2).
    """
    left = room - len(layout.moov)
    if left < 0 or 0 < left < _SMALLEST_BOX:
        return None
    filler = struct.pack(">I4s", left, b"free") if left else b""
    return replace(layout, moov=b"", patches=((len(file_type), layout.moov + filler),))


def larger_room(layout: Layout, room: int) -> int:
    """Return the room for a ``moov`` that did not fit: its size, and what 64-bit offsets could add to it."""
    missing = 2 * len(layout.moov) + _SMALLEST_BOX - room
    return room + -(-missing // _BLOCK) * _BLOCK
