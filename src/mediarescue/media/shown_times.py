"""When pictures are shown by an edit list, for containers that have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mediarescue.media.encoded import EncodedVideo

Int64Array = NDArray[np.int64]


def shown_times(source: Path, encoded: EncodedVideo) -> Int64Array:
    """Return when each picture of an MP4 or MOV is shown with its edit list applied, ascending, in ticks.

    Notes
    -----
    FFmpeg is asked for the packets both ways, and they are matched by where they lie in the file. Pictures that the
    edit list hides keep their distance to the others. A film whose edits repeat or reorder pictures has no such
    times: there the first edit decides.
    """
    import av

    def times(options: dict[str, str]) -> tuple[Int64Array, Int64Array]:
        """Return where packets lie, rising, and their times."""
        with av.open(str(source), options=options, metadata_errors="replace") as film:
            packets = film.demux(film.streams[encoded.stream_index])
            # Two numbers a packet in one array: a film of many hours has millions.
            found: Int64Array = np.fromiter(
                (
                    (packet.pos, packet.pts)
                    for packet in packets
                    if packet.size and packet.pts is not None and packet.pos is not None and not packet.is_discard
                ),
                np.dtype((np.int64, 2)),
            )
        pos, first = np.unique(found[:, 0], return_index=True)
        return pos, found[first, 1]

    (raw_pos, raw), (shown_pos, shown) = times({"ignore_editlist": "1"}), times({})
    _, here, there = np.intersect1d(raw_pos, shown_pos, assume_unique=True, return_indices=True)
    if not len(here):
        return encoded.pts
    order = np.argsort(raw[here], kind="stable")
    at, shift = raw[here][order], (shown[there] - raw[here])[order]
    moved: Int64Array = encoded.pts + shift[np.clip(np.searchsorted(at, encoded.pts, side="right") - 1, 0, None)]
    return moved if (np.diff(moved) > 0).all() else encoded.pts + shift[0]
