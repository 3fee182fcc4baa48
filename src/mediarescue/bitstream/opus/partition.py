"""Where packets part that do not tell their length, by what the packets of a healthy file are like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.opus import _kernels as k
from mediarescue.bitstream.opus.packet import delimited_size, frame_ticks, is_packet, packet_ticks

Int64Array = NDArray[np.int64]
_SCALE = 1000
"""Costs are thousandths of nats."""
_HEAD = 3
"""Leading bytes whose habits are learned, the first included."""
_UNSEEN = 1e-7
_PRIOR, _RARE = 0.25, 0.01
"""Times that any byte is taken to have been seen, of later bytes and of first ones."""
_TRUST = 0.6
"""How much of the habits of those bytes holds for another film."""
_HEADROOM = 1.3
ANY_COUNT = np.zeros(1, dtype=np.int64)
_PIECE = 1 << 16
_OVERLAP = 8
"""Bytes that are cut up together, and how many of the largest samples beyond them are looked at to settle the cut."""
_MOST_STATES = 4 << 20
_MONOTONE = 8
"""So many equal bytes are no beginning of a sample."""
_CONSTANT = 2
"""So many sizes at most are taken for the only ones."""


@dataclass(frozen=True, slots=True)
class PacketModel:
    """What packets of one stream are like.

    Attributes
    ----------
    streams : int
        Packets a sample is made of.
    bytes_cost : int64 (4, 256)
        Of each value of the first three bytes and of the last one of a sample; below 0 where it is more frequent than
        by chance.
    deviation : int64 (n,)
        Cost of a size that differs from what is expected.
    numbers : int64 (5,)
        See `_kernels.partition`.
    usual : float
        Mean cost of a sample of the reference.
    exact : bool
        The samples have but one size or two: they part where they did.
    """

    streams: int
    bytes_cost: Int64Array
    deviation: Int64Array
    numbers: Int64Array
    usual: float
    exact: bool

    @property
    def mean(self) -> int:
        """Bytes of a sample."""
        return int(self.numbers[k.MEAN])

    @property
    def smallest(self) -> int:
        """Bytes of the smallest sample."""
        return int(self.numbers[k.SMALLEST])

    @property
    def largest(self) -> int:
        """Bytes of the largest sample."""
        return int(self.numbers[k.LARGEST])

    def adapted(self, sizes: Sequence[int]) -> PacketModel:
        """Return the model with the sizes of samples that were found, many of which will be right.

        Notes
        -----
        One film's sizes keep nearer to each other than to those of another film.
        """
        deviation, numbers = _sizes_of(np.array(sizes, dtype=np.int64))
        return replace(self, deviation=deviation, numbers=numbers)

    def may_start(self, head: bytes) -> bool:
        """Return whether a sample may begin with ``head``."""
        return bool(head) and int(self.bytes_cost[0][head[0]]) < k.NONE >> 20

    def partition(
        self, data: NDArray[np.uint8], counts: Int64Array = ANY_COUNT, *, tail: bool = False
    ) -> tuple[list[int], float] | None:
        """Return sizes in bytes and the surprise in nats of the samples that make up ``data``, None for none.

        Parameters
        ----------
        data : uint8 (n,)
        counts : int64 (n,)
            Cost of each number of samples, in thousandths of nats; a single one where any number will do.
        tail : bool
            The data may end inside a sample, which is left out.

        Notes
        -----
        Every value of bytes but the first and the last ones of a sample is as good as any other. Long data are cut up
        piece by piece, each from a border well before the end of the one before; where no packets lead on, those so far
        are what is returned.
        """
        piece, overlap = max(_PIECE, 4 * _OVERLAP * self.largest), _OVERLAP * self.largest
        borders: list[Int64Array] = []
        at, total = 0, 0
        while at < len(data):
            part = data[at : at + piece + overlap]
            goes_on = at + len(part) < len(data)
            found = self._best(part, ANY_COUNT if goes_on or at else counts, tail=tail or goes_on)
            if found is None:
                break
            ends, cost = found
            if goes_on:
                kept = max(2, int(np.searchsorted(ends, piece)))
                ends, cost = ends[:kept], cost[: kept - 1]
            borders.append(ends + at)
            total += self._path_cost(ends, cost)
            at += int(ends[-1])
            if not goes_on:
                break
        if not borders:
            return None
        sizes = np.concatenate([np.diff(ends) for ends in borders])
        return sizes.tolist(), max(0.0, total - self.usual * len(sizes)) / _SCALE

    def _best(self, data: NDArray[np.uint8], counts: Int64Array, *, tail: bool) -> tuple[Int64Array, Int64Array] | None:
        """Return where the likeliest packets part, the first start and the last end included, and each start's cost."""
        starts = self._starts(data)
        if not len(starts) or starts[0]:
            return None
        cost = self._costs(data, starts)
        positions = np.append(starts, len(data))
        reached = np.searchsorted(positions, positions - self.largest)
        if (np.arange(len(positions)) - reached).sum() * len(counts) > _MOST_STATES:
            return None
        ending = np.full(len(positions), k.NONE, dtype=np.int64)
        ending[-1] = 0
        if tail:
            last = starts > max(0, len(data) - self.largest)
            ending[:-1][last] = cost[last] + self._cut_cost
        out = np.zeros(len(positions), dtype=np.int64)
        used = int(k.partition(positions, cost, ending, self.deviation, self.numbers, counts, out))
        return (positions[out[:used]], cost[out[: used - 1]]) if used else None

    @property
    def _cut_cost(self) -> int:
        return round(math.log(2 * self.mean) * _SCALE)

    def _starts(self, data: NDArray[np.uint8]) -> Int64Array:
        """Return where samples may start: their first byte is known."""
        known = self.bytes_cost[0] < k.NONE >> 20
        possible = known[data]
        if len(data) >= _MONOTONE:
            changes = np.concatenate(([0], np.cumsum(data[1:] != data[:-1])))
            possible[: 1 - _MONOTONE] &= changes[_MONOTONE - 1 :] != changes[: 1 - _MONOTONE]
        starts = np.flatnonzero(possible)
        if self.streams > 1:
            raw = data.tobytes()
            starts = np.array([at for at in starts.tolist() if lead(raw, at, self.streams) > 0], dtype=np.int64)
        return np.asarray(starts, dtype=np.int64)

    def _costs(self, data: NDArray[np.uint8], starts: Int64Array) -> Int64Array:
        cost = np.zeros(len(starts), dtype=np.int64)
        for nth in range(_HEAD):
            cost += self.bytes_cost[nth][data[np.minimum(starts + nth, len(data) - 1)]]
        cost[1:] += self.bytes_cost[_HEAD][data[starts[1:] - 1]]
        return cost

    def _path_cost(self, ends: Int64Array, cost: Int64Array) -> int:
        size = np.diff(ends)
        mean = int(self.numbers[k.MEAN])
        before = np.concatenate(([mean], size[:-1]))
        expected = mean + (((before - mean) * self.numbers[k.FOLLOWS]) >> 10)
        index = np.clip(size - expected + self.numbers[k.MIDDLE], 0, len(self.deviation) - 1)
        return int(self.deviation[index].sum() + cost.sum())


def lead(data: bytes, at: int, streams: int) -> int:
    """Return the bytes of a sample's packets but for the last one, which does not tell its length; -1 for none.

    Notes
    -----
    The packets of one sample have one duration (RFC 7845 3).
    """
    start, ticks = at, packet_ticks(data[at : at + 2])
    for _ in range(streams - 1):
        size = delimited_size(data, at)
        if not size or packet_ticks(data[at : at + 2]) != ticks:
            return -1
        at += size
    return at - start if ticks and packet_ticks(data[at : at + 2]) == ticks else -1


def learn_packets(samples: Sequence[bytes], streams: int) -> PacketModel | None:
    """Return the model of the samples, at least two of them, in their order; None where they are no Opus."""
    samples = [sample for sample in samples if sample]
    leads = [lead(sample, 0, streams) for sample in samples]
    sound = sum(a >= 0 and is_packet(s[a:]) for s, a in zip(samples, leads, strict=True))
    if len(samples) < 2 or sound < len(samples):
        return None
    size = np.array([len(sample) for sample in samples], dtype=np.int64)
    deviation, numbers = _sizes_of(size)
    bytes_cost = np.stack([_byte_costs([s[min(n, len(s) - 1)] for s in samples]) for n in (1, 2, -1)])
    bytes_cost = np.concatenate((_first_costs([s[0] for s in samples])[np.newaxis], bytes_cost))
    exact = len(set(size.tolist())) <= _CONSTANT
    model = PacketModel(streams, bytes_cost, deviation, numbers, 0.0, exact)
    joined = np.frombuffer(b"".join(samples), dtype=np.uint8)
    ends = np.concatenate(([0], np.cumsum(size)))
    cost = model._costs(joined, ends[:-1])
    usual = model._path_cost(ends, cost) / len(samples)
    return replace(model, usual=usual)


def _sizes_of(size: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return `PacketModel.deviation` and `PacketModel.numbers` of samples of these sizes, in their order."""
    constant = len(set(size.tolist())) <= _CONSTANT
    mean = round(float(size.mean()))
    apart = (size - mean).astype(np.float64)
    spread = float(apart.std())
    follows = 0
    if not constant and spread > 0:
        follows = round(1024 * float(np.clip((apart[1:] * apart[:-1]).mean() / spread**2, 0.0, 0.98)))
    expected = mean + (((np.concatenate(([mean], size[:-1])) - mean) * follows) >> 10)
    smallest = int(size.min()) if constant else max(1, int(size.min() / _HEADROOM))
    largest = int(size.max()) if constant else int(size.max() * _HEADROOM) + 8
    numbers = np.array([smallest, largest, mean, follows, largest], dtype=np.int64)
    return _smoothed(size - expected, reach=largest, exact=constant), numbers


def _smoothed(values: Int64Array, *, reach: int, exact: bool) -> Int64Array:
    """Return the costs of -reach to reach by their smoothed frequency, int64 (2 * reach + 1,)."""
    counts = np.bincount(np.clip(values + reach, 0, 2 * reach), minlength=2 * reach + 1).astype(np.float64)
    if not exact:
        # Silverman's rule for the width of the kernel
        low, high = np.percentile(values, [25, 75])
        width = max(1.0, 0.9 * min(float(values.std()), (high - low) / 1.34 + 1) * len(values) ** -0.2)
        x = np.arange(-math.ceil(4 * width), math.ceil(4 * width) + 1)
        bell = np.exp(-((x / width) ** 2) / 2)
        counts = np.convolve(counts, bell / bell.sum(), mode="same")[: 2 * reach + 1]
        flat = np.exp(-np.abs(np.arange(-reach, reach + 1)) / max(3 * float(values.std()), 1.0))
        counts = 0.95 * counts + 0.05 * len(values) * flat / flat.sum()
    probability = counts / len(values) + _UNSEEN
    return np.round(-np.log(probability) * _SCALE).astype(np.int64)


def _byte_costs(values: list[int]) -> Int64Array:
    """Return the cost of each byte value against chance, int64 (256,)."""
    seen = np.bincount(values, minlength=256) + _PRIOR
    chance = _TRUST * seen / seen.sum() * 256 + 1 - _TRUST
    cost: Int64Array = np.round(-np.log(chance) * _SCALE).astype(np.int64)
    return cost


def _first_costs(values: list[int]) -> Int64Array:
    """Return the cost of each first byte, int64 (256,); one of another duration or packing is out of the question.

    Notes
    -----
    An encoder changes bandwidth, mode and channels as it likes, but not the duration of its packets.
    """
    shapes = {(toc & 3, frame_ticks(toc)) for toc in values}
    possible = np.array([(toc & 3, frame_ticks(toc)) in shapes for toc in range(256)])
    seen = np.bincount(values, minlength=256) + np.where(possible, _RARE, 0.0)
    chance = np.where(possible, seen / seen.sum() * 256, 1.0)
    cost: Int64Array = np.where(possible, np.round(-np.log(chance) * _SCALE), k.NONE >> 20).astype(np.int64)
    return cost
