"""Which bytes of a reference's samples teach its matchers: as few as give the same matcher, and no pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.av1 import ObuType
from mediarescue.bitstream.av1.obu import read_obu
from mediarescue.isobmff import ByteSource
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

Parts = list[tuple[int, int]]
Blanking = Callable[[bytes], Parts]
"""Bytes that were read, from the beginning of a sample on -> start and end of the parts that are kept."""

_PARAMETER_SETS = {b"avcC": (7, 8, 13, 15), b"hvcC": (32, 33, 34)}
_MARKS = (re.compile(rb"\x00\x00\x01"), re.compile(rb"\xff[^\x00\xd0-\xd7\xff]"))
"""MPEG's start codes, and JPEG's markers but for those inside its coded data."""
_THINNED = (64, 16, 4)
"""Of sound, one read in so many is kept first; all of it last."""


class RecordingWindow(MediaWindow):
    """A window that notes what was asked of it."""

    def __init__(self, source: ByteSource, *, capacity: int = 4 << 20, asked: dict[int, int] | None = None) -> None:
        super().__init__(source, 0, source.size, capacity=capacity)
        self.asked: dict[int, int] = {} if asked is None else asked
        """Offset -> the most bytes asked for there."""

    def with_capacity(self, capacity: int) -> MediaWindow:
        """Return a window that notes into the same place."""
        return RecordingWindow(self.source, capacity=capacity, asked=self.asked)

    def view(self, pos: int, need: int) -> tuple[NDArray[np.uint8], int, int, bool]:
        """Note the bytes asked for, and answer as any window."""
        if need > self.asked.get(pos, 0):
            self.asked[pos] = min(need, self.end - pos)
        return super().view(pos, need)


@dataclass(frozen=True, slots=True)
class Keeping:
    """A way of keeping less than was read.

    Attributes
    ----------
    parts : callable
        What is kept of each read.
    every : int
        Of so many reads one is kept, the first among them.
    shows : bool
        Whether pictures can be decoded from what it keeps.
    """

    parts: Blanking
    every: int = 1
    shows: bool = False

    def ranges(self, source: ByteSource, asked: dict[int, int]) -> Iterator[tuple[int, int]]:
        """Give start and end of what is kept, in file order; parts may touch or overlap."""
        for number, (offset, size) in enumerate(sorted(asked.items())):
            if number % self.every == 0:
                yield from ((offset + start, offset + end) for start, end in self.parts(source.read(offset, size)))


def ways_of_keeping(track: TrackProfile | None) -> list[Keeping]:
    """Return what to try for a track (None: for all together), the least first; the last keeps all that was read."""
    if track is None:
        return [*(Keeping(_heads(count)) for count in (8, 16, 32, 64, 256)), Keeping(_all)]
    for kind in (b"avcC", b"hvcC"):
        configuration = track.configuration(kind)
        if configuration is not None and len(configuration) > 22 - 18 * (kind == b"avcC"):
            width = 1 + (configuration[4 if kind == b"avcC" else 21] & 3)
            return [Keeping(_units(width, kind, head)) for head in (16, 32, 64, 256, 1024)] + [_everything(track)]
    if track.codec == b"av01":
        return [*(Keeping(_obus(count)) for count in (16, 32, 128)), _everything(track)]
    heads = [Keeping(_heads(count)) for count in (8, 16, 32, 64)]
    if track.kind == "video":
        marked = [Keeping(_marked(mark, count)) for mark in _MARKS for count in (8, 32, 128)]
        return [
            *heads,
            Keeping(_heads(512)),
            *marked,
            *(Keeping(_blocks(80, n)) for n in (4, 8, 16)),
            _everything(track),
        ]
    return [*heads, *(Keeping(_all, every) for every in _THINNED), _everything(track)]


def _everything(track: TrackProfile) -> Keeping:
    return Keeping(_all, shows=track.kind == "video")


def _all(data: bytes) -> Parts:
    return [(0, len(data))]


def _heads(count: int) -> Blanking:
    return lambda data: [(0, min(count, len(data)))]


def _units(width: int, kind: bytes, count: int) -> Blanking:
    """Keep the first bytes of each length-prefixed NAL unit, and parameter sets whole."""

    def parts(data: bytes) -> Parts:
        found: Parts = []
        pos = 0
        while pos + width < len(data):
            end = pos + width + int.from_bytes(data[pos : pos + width], "big")
            unit = data[pos + width]
            number = unit & 31 if kind == b"avcC" else unit >> 1 & 63
            found.append((pos, min(end if number in _PARAMETER_SETS[kind] else pos + width + count, end, len(data))))
            pos = end
        return found or [(0, min(count, len(data)))]

    return parts


def _obus(count: int) -> Blanking:
    """Keep the first bytes of each open bitstream unit of AV1, and sequence headers and short units whole."""

    def parts(data: bytes) -> Parts:
        buf = np.frombuffer(data, dtype=np.uint8)
        found: Parts = []
        pos = 0
        while pos < len(data) and not isinstance(unit := read_obu(buf, pos, len(data)), int):
            head = unit.end if unit.kind == ObuType.SEQUENCE_HEADER else unit.start + count
            found.append((pos, min(head, unit.end, len(data))))
            pos = unit.end
        return found or [(0, min(count, len(data)))]

    return parts


def _marked(mark: re.Pattern[bytes], count: int) -> Blanking:
    """Keep the beginning, what stands at each mark, and the end."""

    def parts(data: bytes) -> Parts:
        places = [found.start() for found in mark.finditer(data)]
        return [
            (0, min(64, len(data))),
            *((at, min(at + count, len(data))) for at in places),
            (max(len(data) - 4, 0), len(data)),
        ]

    return parts


def _blocks(size: int, count: int) -> Blanking:
    """Keep the first bytes of each block (DV's of 80 bytes, IEC 61834-2)."""
    return lambda data: [(at, min(at + count, len(data))) for at in range(0, len(data), size)]


@dataclass(slots=True)
class KeptRanges:
    """Ranges of a file, gathered and joined."""

    found: list[tuple[int, int]] = field(default_factory=list)

    def add(self, ranges: Iterator[tuple[int, int]] | Sequence[tuple[int, int]]) -> None:
        """Add ranges as start and end, in any order."""
        self.found.extend(ranges)

    def joined(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return starts and sizes, int64 (n,) each, rising and apart from each other."""
        pairs = np.array(sorted((a, b) for a, b in self.found if b > a), dtype=np.int64).reshape(-1, 2)
        if not len(pairs):
            return pairs[:, 0], pairs[:, 1]
        ends = np.maximum.accumulate(pairs[:, 1])
        first = np.flatnonzero(np.concatenate(([True], pairs[1:, 0] > ends[:-1])))
        last = np.append(first[1:], len(pairs)) - 1
        return pairs[first, 0], ends[last] - pairs[first, 0]
