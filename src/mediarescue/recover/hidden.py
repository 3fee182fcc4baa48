"""Indexes that writers leave inside the media data: exact durations without any guess.

Apple's writer records in fragments and hides the first one's ``moov`` in the mdat, renamed ``hoov``; the ``moof``
boxes of later fragments stand there too. Sample sizes need no index, but times do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import (
    Box,
    BoxError,
    Fragments,
    Leniency,
    expand,
    is_constant_size,
    parse_boxes,
    read_track,
    read_track_extends,
)
from mediarescue.recover.boxes import INDEX_BOXES
from mediarescue.recover.candidate import Gap

Int64Array = NDArray[np.int64]
_LARGEST = 64 << 20


def hidden_durations(gaps: Sequence[Gap], read: Callable[[int, int], bytes]) -> dict[int, Int64Array]:
    """Return the durations of each track's first samples in media ticks, by track id.

    Parameters
    ----------
    gaps : sequence of Gap
        In file order; those that are index boxes are read.
    read : callable
        ``(offset, size)`` -> bytes of the broken file.
    """
    found: dict[int, Int64Array] = {}
    fragments = Fragments()
    for gap in gaps:
        if not gap.expected or gap.size > _LARGEST or gap.size < 16:
            continue
        data = read(gap.offset, gap.size)
        if data[4:8] not in INDEX_BOXES:
            continue
        try:
            if data[4:8] == b"moof":
                fragments.add(data, gap.offset)
            elif not found and not fragments.track_ids:  # a later copy of the index starts from the beginning again
                moov = _parsed(data, gap.offset)
                fragments.extends.update(read_track_extends(moov))
                found = _movie_durations(moov)
        except BoxError:
            continue
    for track_id in fragments.track_ids:
        with contextlib.suppress(BoxError):
            durations = fragments.samples(track_id).samples.duration
            found[track_id] = np.concatenate((found.get(track_id, np.zeros(0, np.int64)), durations))
    return {track_id: durations for track_id, durations in found.items() if len(durations)}


def _parsed(data: bytes, offset: int) -> Box:
    boxes = parse_boxes(data[:4] + b"moov" + data[8:], base_offset=offset, leniency=Leniency.PERMISSIVE, problems=[])
    return boxes[0]


def _movie_durations(moov: Box) -> dict[int, Int64Array]:
    out = {}
    for trak in moov.find_all(b"trak"):
        track = read_track(trak)
        if not is_constant_size(track.stbl) or track.handler != b"soun":
            out[track.track_id] = expand(track.stbl, leniency=Leniency.PERMISSIVE, problems=[]).duration
    return out
