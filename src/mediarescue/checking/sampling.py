"""Which samples of a track a check looks at: some in every part of the film, more where damage is near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
Run = tuple[int, int]
"""First sample of a run that is decoded, and the first behind it."""

_RUN = 12
"""Pictures decoded from a key frame on, where the budget does not allow for all."""
_LONGEST = 60
_NEAR_GAPS = 0.5
"""Part of the budget spent around gaps at most."""


def whole_runs(is_sync: NDArray[np.bool_], *, least: int = 1) -> list[Run]:
    """Return all samples, in runs that begin at sync samples and have ``least`` samples or more."""
    count, runs, start = len(is_sync), list[Run](), 0
    for sync in np.flatnonzero(is_sync).tolist():
        if sync - start >= least:
            runs.append((start, sync))
            start = sync
    return [*runs, (start, count)] if count else []


def sampled_runs(is_sync: NDArray[np.bool_], around: Sequence[int], budget: int) -> list[Run]:
    """Return runs of some ``budget`` samples in all: first the first, the last, those at gaps, then evenly spread ones.

    Parameters
    ----------
    is_sync : bool (n,)
    around : sequence of int
        Samples that come first behind damage.
    budget : int
        Samples; where the track has no more, all are chosen.
    """
    count = len(is_sync)
    if count <= budget:
        return whole_runs(is_sync, least=budget)
    starts = np.union1d(np.flatnonzero(is_sync), [0])
    last = int(starts[-1])
    chosen = [(0, min(_RUN, count)), (last, min(last + 2 * _RUN, count))]
    near = [at for at in dict.fromkeys(around) if 0 < at <= count]
    most = max(int(budget * _NEAR_GAPS) // (2 * _RUN), 1)
    if len(near) > most:
        near = [near[at] for at in np.unique(np.linspace(0, len(near) - 1, most).astype(int)).tolist()]
    for at in near:
        start = int(starts[np.searchsorted(starts, at - 1, side="right") - 1])
        if at - start <= _LONGEST:
            chosen.append((start, min(at + _RUN, count)))
        behind = int(np.searchsorted(starts, at))
        if behind < len(starts):
            chosen.append((int(starts[behind]), min(int(starts[behind]) + _RUN, count)))
    urgent = np.array([start for start, _ in chosen])
    left = (budget - sum(end - start for start, end in chosen)) // _RUN
    if left > 0:
        spread = np.unique(starts[np.linspace(0, len(starts) - 1, left + 2).astype(int)[1:-1]])
        chosen += [(start, min(start + _RUN, count)) for start in spread.tolist()]
    return sorted(_merged(chosen), key=lambda run: not ((urgent >= run[0]) & (urgent < run[1])).any())


def _merged(runs: Sequence[Run]) -> list[Run]:
    """Return the runs in order, those joined that overlap."""
    out = list[Run]()
    for start, end in sorted(runs):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out
