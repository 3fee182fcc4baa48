"""Indexes that writers leave inside the media data: exact durations without any guess.

Apple's writer records in fragments and hides the first one's ``moov`` in the mdat, renamed ``hoov``; the ``moof``
boxes of later fragments stand there too. Sample sizes need no index, but times do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import (
    Box,
    BoxError,
    Leniency,
    default_durations,
    expand,
    fragment_durations,
    is_constant_size,
    parse_boxes,
    read_track,
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
    defaults: dict[int, int] = {}
    for gap in gaps:
        if not gap.expected or gap.size > _LARGEST or gap.size < 16:
            continue
        data = read(gap.offset, gap.size)
        if data[4:8] not in INDEX_BOXES:
            continue
        try:
            box = _parsed(data, gap.offset)
            if box.kind == b"moof":
                parts = fragment_durations(box, defaults)
            elif found:
                continue  # a later copy of the index starts from the beginning again
            else:
                defaults = default_durations(box)
                parts = _movie_durations(box)
        except BoxError:
            continue
        for track_id, durations in parts.items():
            found[track_id] = np.concatenate((found.get(track_id, np.zeros(0, np.int64)), durations))
    return {track_id: durations for track_id, durations in found.items() if len(durations)}


def _parsed(data: bytes, offset: int) -> Box:
    kind = b"moof" if data[4:8] == b"moof" else b"moov"
    boxes = parse_boxes(data[:4] + kind + data[8:], base_offset=offset, leniency=Leniency.PERMISSIVE, problems=[])
    return boxes[0]


def _movie_durations(moov: Box) -> dict[int, Int64Array]:
    out = {}
    for trak in moov.find_all(b"trak"):
        track = read_track(trak)
        if not is_constant_size(track.stbl) or track.handler != b"soun":
            out[track.track_id] = expand(track.stbl, leniency=Leniency.PERMISSIVE, problems=[]).duration
    return out
