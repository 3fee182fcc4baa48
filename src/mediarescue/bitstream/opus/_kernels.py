"""The likeliest way to cut bytes into packets, each size weighed against the one before."""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream.jit import kernel

NONE = 1 << 60
SMALLEST, LARGEST, MEAN, FOLLOWS, MIDDLE = 0, 1, 2, 3, 4
"""Items of ``model``: sizes in bytes; the mean size; how much of a deviation carries over to the next, in 1024ths;
index of a deviation of 0 in ``deviation``."""


MOST_HEARD = 24
"""Ways to come to a place that are weighed on from there."""


@kernel("int64(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def partition(position: Any, cost: Any, ending: Any, deviation: Any, model: Any, counts: Any, out: Any) -> int:
    """Write to ``out`` the indices of the places where packets start and the last one ends; return how many, or 0.

    ``position`` rises; a packet may start at each but the last. ``cost`` is what a packet that starts there costs,
    ``ending`` what it costs that the last one ends there (`NONE` where it may not), ``deviation`` what it costs to be
    so many bytes larger than expected, ``counts`` what it costs to be so many packets (one item: any number will do).

    How a place was come to matters to the next packet's size only, so what is dearer than the best by more than a
    deviation can cost is not weighed on; of what remains, no more than the cheapest `MOST_HEARD` or so.
    """
    wide = len(counts)
    count = len(position)
    first = np.zeros(count + 1, dtype=np.int64)
    low = 0
    edges = 0
    for j in range(count):
        while position[j] - position[low] > model[LARGEST]:
            low += 1
        first[j] = edges
        i = low
        while i < j and position[j] - position[i] >= model[SMALLEST]:
            edges += 1
            i += 1
    first[count] = edges
    start = np.zeros(edges, dtype=np.int32)
    total = np.full(edges * wide, NONE, dtype=np.int64)
    back = np.full(edges * wide, -1, dtype=np.int32)
    heard = np.zeros(edges * wide, dtype=np.int32)
    hearing = np.zeros(count, dtype=np.int64)
    widest = len(deviation) - 1
    apart = deviation.max() - deviation.min()
    last = -1
    best = NONE
    low = 0
    for j in range(count):
        while position[j] - position[low] > model[LARGEST]:
            low += 1
        cheapest = NONE
        for edge in range(first[j], first[j + 1]):
            i = low + edge - first[j]
            size = position[j] - position[i]
            start[edge] = i
            if i == 0:
                at = edge * wide + min(1, wide - 1)
                total[at] = cost[0] + deviation[min(max(size - model[MEAN] + model[MIDDLE], 0), widest)]
            for nth in range(first[i] * wide, first[i] * wide + hearing[i]):
                old = heard[nth]
                previous = position[i] - position[start[old // wide]]
                expected = model[MEAN] + (((previous - model[MEAN]) * model[FOLLOWS]) >> 10)
                step = cost[i] + deviation[min(max(size - expected + model[MIDDLE], 0), widest)]
                new = edge * wide + min(old % wide + 1, wide - 1)
                if total[old] + step < total[new]:
                    total[new] = total[old] + step
                    back[new] = old
            for at in range(edge * wide, edge * wide + wide):
                cheapest = min(cheapest, total[at])
                if total[at] < NONE and ending[j] < NONE and total[at] + counts[at % wide] + ending[j] < best:
                    best = total[at] + counts[at % wide] + ending[j]
                    last = at
        margin = apart
        while cheapest < NONE:
            used = first[j] * wide
            for at in range(first[j] * wide, first[j + 1] * wide):
                if total[at] <= cheapest + margin or (wide > 1 and total[at] < NONE):
                    heard[used] = at
                    used += 1
            hearing[j] = used - first[j] * wide
            if hearing[j] <= MOST_HEARD or wide > 1 or margin == 0:
                break
            margin = margin * 3 // 4
    if last < 0:
        return 0
    used = 0
    place = np.searchsorted(first, last // wide, side="right") - 1
    out[used] = place
    used += 1
    while last >= 0:
        out[used] = start[last // wide]
        used += 1
        last = back[last]
    for i in range(used // 2):
        out[i], out[used - 1 - i] = out[used - 1 - i], out[i]
    return used
