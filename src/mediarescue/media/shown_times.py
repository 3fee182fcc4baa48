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

    def times(options: dict[str, str]) -> dict[int, int]:
        found: dict[int, int] = {}
        with av.open(str(source), options=options, metadata_errors="replace") as film:
            for packet in film.demux(film.streams[encoded.stream_index]):
                if packet.size and packet.pts is not None and packet.pos is not None and not packet.is_discard:
                    found.setdefault(packet.pos, packet.pts)
        return found

    raw, shown = times({"ignore_editlist": "1"}), times({})
    both = sorted((raw[pos], shown[pos] - raw[pos]) for pos in raw.keys() & shown.keys())
    if not both:
        return encoded.pts
    at = np.array([pair[0] for pair in both], np.int64)
    shift = np.array([pair[1] for pair in both], np.int64)
    moved: Int64Array = encoded.pts + shift[np.clip(np.searchsorted(at, encoded.pts, side="right") - 1, 0, None)]
    return moved if (np.diff(moved) > 0).all() else encoded.pts + shift[0]
