"""Pictures behind gaps: each builds on those before it, up to the next key picture, and some of those are lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.reports import SmearedReport


def smeared_behind(
    gaps: Sequence[tuple[int, int]],
    offset: NDArray[np.int64],
    size: NDArray[np.int64],
    is_sync: NDArray[np.bool_],
    *,
    track_id: int,
    seconds: Callable[[int], float],
) -> tuple[SmearedReport, ...]:
    """Return the stretches of a video track that build on lost pictures, in the order of the file.

    Parameters
    ----------
    gaps : sequence of (int, int)
        Offset and size of each place where film is lost.
    offset, size : int64 (n,)
        The track's samples, in the order of the file.
    is_sync : bool (n,)
    track_id : int
    seconds : callable
        Sample number to the time at which it is shown.

    Notes
    -----
    A gap smaller than the smallest picture of the track took none.
    """
    if not len(size):
        return ()
    smallest = max(int(size.min()), 1)
    firsts = np.unique(np.searchsorted(offset, [at for at, lost in gaps if lost >= smallest]))
    keys = np.flatnonzero(is_sync)
    ends = np.append(keys, len(size))[np.searchsorted(keys, firsts)]
    found = []
    reached = 0
    for first, end in zip(firsts.tolist(), ends.tolist(), strict=True):
        first = max(first, reached)
        if first < end:
            shown = [seconds(sample) for sample in range(first, min(end + 1, len(size)))]
            found.append(SmearedReport(track_id, end - first, round(min(shown), 6), round(max(shown), 6)))
            reached = end
    return tuple(found)
