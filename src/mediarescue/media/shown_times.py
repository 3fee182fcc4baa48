"""When pictures are shown by an edit list, for containers that have none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mediarescue.media.encoded import EncodedVideo

Int64Array = NDArray[np.int64]
_UNEDITED = {"ignore_editlist": "1"}


def shown_times(source: Path, encoded: EncodedVideo) -> Int64Array:
    """Return when each picture of an MP4 or MOV is shown with its edit list applied, ascending, in ticks.

    Notes
    -----
    FFmpeg is asked for the packets both ways, and they are matched by where they lie in the file. Pictures that the
    edit list hides keep their distance to the others. A film whose edits repeat or reorder pictures has no such
    times: there the first edit decides.
    """
    index = encoded.stream_index
    shift = _constant_shift(_packets(source, index, _UNEDITED), _packets(source, index, {}))
    if shift is not None:
        return encoded.pts + shift
    (raw_pos, raw), (shown_pos, shown) = (_table(_packets(source, index, how)) for how in (_UNEDITED, {}))
    _, here, there = np.intersect1d(raw_pos, shown_pos, assume_unique=True, return_indices=True)
    if not len(here):
        return encoded.pts
    order = np.argsort(raw[here], kind="stable")
    at, shifts = raw[here][order], (shown[there] - raw[here])[order]
    moved: Int64Array = encoded.pts + shifts[np.clip(np.searchsorted(at, encoded.pts, side="right") - 1, 0, None)]
    return moved if (np.diff(moved) > 0).all() else encoded.pts + shifts[0]


def _packets(source: Path, index: int, options: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Yield where each packet that is shown lies in the file, and its time."""
    import av

    with av.open(str(source), options=options, metadata_errors="replace") as film:
        for packet in film.demux(film.streams[index]):
            if packet.size and packet.pts is not None and packet.pos is not None and not packet.is_discard:
                yield packet.pos, packet.pts


def _constant_shift(raw: Iterator[tuple[int, int]], shown: Iterator[tuple[int, int]]) -> int | None:
    """Return by how much all packets are shown later, None where that differs or some lie in another order.

    Nearly all films have one edit at most, and need no list of their packets, however long they are.
    """
    shift = None
    for pos, pts in shown:
        time = next((time for place, time in raw if place == pos), None)
        if time is None or shift not in (None, pts - time):
            return None
        shift = pts - time
    return shift


def _table(packets: Iterator[tuple[int, int]]) -> tuple[Int64Array, Int64Array]:
    """Return where packets lie, rising, and the first time of each, int64 (n,)."""
    found: Int64Array = np.fromiter(packets, np.dtype((np.int64, 2)))
    pos, first = np.unique(found[:, 0], return_index=True)
    return pos, found[first, 1]
