"""Which stamp belongs to which picture where samples of both tracks are lost: by how the two lie beside each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
_MOSTLY = 0.5


def run_leads(pictures: Int64Array, offset: Int64Array, size: Int64Array) -> Int64Array:
    """Return by how many samples the pictures are ahead at the end of each run of metadata, int64 (runs,).

    Parameters
    ----------
    pictures : int64 (n,)
        Offsets of the pictures, rising.
    offset, size : int64 (m,)
        The metadata's samples; those that touch are one run.
    """
    real = np.flatnonzero(size > 0)
    if not len(real):
        return np.zeros(0, dtype=np.int64)
    ends = (offset + size)[real]
    last = np.append(offset[real][1:] != ends[:-1], True)
    return np.asarray(np.searchsorted(pictures, ends[last]) - (real[last] + 1), dtype=np.int64)


def commonest_lead(leads: Int64Array) -> int | None:
    """Return the value that most of the leads have, None where none has that many."""
    values, counts = np.unique(leads, return_counts=True)
    return int(values[counts.argmax()]) if len(values) and counts.max() > _MOSTLY * len(leads) else None


def paired(
    pictures: Int64Array, offset: Int64Array, size: Int64Array, gaps: Int64Array, *, shift: int, ahead: int | None
) -> Int64Array:
    """Return the index of each metadata sample's picture, int64 (m,); -1 for one that has none any more.

    Parameters
    ----------
    pictures, offset, size
        As for `run_leads`; samples of no bytes stand for lost ones.
    gaps : int64 (k,)
        Where samples of either track may be lost.
    shift, ahead
        Of the clock.

    Notes
    -----
    Between two gaps the samples follow each other one to one. How many of each are lost in a gap is told by the file:
    a run of metadata ends where its pictures do, in most writers.
    """
    owner = np.arange(len(offset)) - shift
    part = np.searchsorted(gaps, offset, side="right")
    for number in np.unique(part[part > 0]).tolist() if ahead is not None else ():
        inside = np.flatnonzero(part == number)
        first = int(inside[0])
        leads = run_leads(pictures, offset[inside], size[inside]) - first
        lead = commonest_lead(leads)
        if lead is not None and ahead is not None:
            owner[inside] += lead - ahead
    rising = owner > np.concatenate(([-1], np.maximum.accumulate(owner)[:-1]))
    return np.where(rising, owner, -1)
