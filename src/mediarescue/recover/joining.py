"""One track's samples of several sample entries, found apart, in one order again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class JoinedSamples:
    """``order``, int64 (n,): where each sample stood among the parts laid end to end; ``ranks``: as in RescuedTrack."""

    order: Int64Array
    ranks: Int64Array | None


def joined_samples(offsets: Sequence[Int64Array], ranks: Sequence[Int64Array | None]) -> JoinedSamples:
    """Order the samples of some parts by their place in the file.

    Parameters
    ----------
    offsets : sequence of int64 (n,)
        Of each part's samples, rising.
    ranks : sequence of int64 (n,) or None
        Places in the order of output within the part, None where that is the decode order.

    Notes
    -----
    Parameter sets change at a key frame, so that no picture is shown among those of another part: a part's pictures
    change places among themselves.
    """
    every = np.concatenate(offsets)
    order = np.argsort(every, kind="stable")
    if all(part is None for part in ranks):
        return JoinedSamples(order, None)
    place = np.empty(len(every), dtype=np.int64)
    place[order] = np.arange(len(every))
    out, first = np.empty(len(every), dtype=np.int64), 0
    for offset, part in zip(offsets, ranks, strict=True):
        mine = place[first : first + len(offset)]
        out[first : first + len(offset)] = mine if part is None else mine[part]
        first += len(offset)
    return JoinedSamples(order, out[order])


def cheapest_by_run(costs: NDArray[np.float64], starts: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the part each sample is of, int (n,): one part from a start to the next, that whose costs are least.

    Parameters
    ----------
    costs : float64 (parts, n)
        Nats that speak against each sample being of each part.
    starts : bool (n,)
    """
    run = np.cumsum(starts)
    sums = np.array([np.bincount(run, weights=row) for row in costs])
    return np.asarray(np.argmin(sums, axis=0)[run], dtype=np.intp)
