"""The likeliest way to cut bytes into packets, each size weighed against the one before."""

from __future__ import annotations

from typing import Any

import numpy as np

from mediarescue.bitstream.jit import kernel

NONE = 1 << 60
SMALLEST, LARGEST, MEAN, FOLLOWS, MIDDLE = 0, 1, 2, 3, 4
"""Items of ``model``: sizes in bytes; the mean size; how much of a deviation carries over to the next, in 1024ths;
index of a deviation of 0 in ``deviation``."""


@kernel("int64(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def partition(position: Any, cost: Any, deviation: Any, model: Any, counts: Any, out: Any) -> int:
    """Write to ``out`` the indices of the places where packets start and the last one ends; return how many, or 0.

    ``position`` rises; a packet may start at each but the last, where the last one has to end. ``cost`` is what a
    packet that starts there costs, ``deviation`` what it costs to be so many bytes larger than expected, ``counts``
    what it costs to be so many packets (one item: any number will do).
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
    start = np.zeros(edges, dtype=np.int64)
    total = np.full(edges * wide, NONE, dtype=np.int64)
    back = np.full(edges * wide, -1, dtype=np.int64)
    widest = len(deviation) - 1
    low = 0
    for j in range(count):
        while position[j] - position[low] > model[LARGEST]:
            low += 1
        for edge in range(first[j], first[j + 1]):
            i = low + edge - first[j]
            size = position[j] - position[i]
            start[edge] = i
            if i == 0:
                at = edge * wide + min(1, wide - 1)
                total[at] = cost[0] + deviation[min(max(size - model[MEAN] + model[MIDDLE], 0), widest)]
            for before in range(first[i], first[i + 1]):
                previous = position[i] - position[start[before]]
                expected = model[MEAN] + (((previous - model[MEAN]) * model[FOLLOWS]) >> 10)
                step = cost[i] + deviation[min(max(size - expected + model[MIDDLE], 0), widest)]
                for number in range(wide):
                    old = before * wide + number
                    new = edge * wide + min(number + 1, wide - 1)
                    if total[old] < NONE and total[old] + step < total[new]:
                        total[new] = total[old] + step
                        back[new] = old
    last = -1
    best = NONE
    for at in range(first[count - 1] * wide, first[count] * wide):
        if total[at] < NONE and total[at] + counts[at % wide] < best:
            best = total[at] + counts[at % wide]
            last = at
    if last < 0:
        return 0
    out[0] = count - 1
    used = 1
    while last >= 0:
        out[used] = start[last // wide]
        used += 1
        last = back[last]
    for i in range(used // 2):
        out[i], out[used - 1 - i] = out[used - 1 - i], out[i]
    return used
