"""Samples that writers fill up behind what the codec's syntax reads: to a multiple, by a constant, with fill bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.frames import Frame, FrameSyntax

_LARGEST_FILL = 1 << 16
_LARGEST_ALIGNMENT = 4096
_LARGEST_CONSTANT = 64
_SMALLEST_ALIGNMENT_OF_FILL = 4
"""Bytes: fill is told from the zeros that lengths and start codes of other tracks begin with by its alignment alone."""
_MOST_FILLERS = 2
"""Fill is FF, zero, or both; what has more values is data, and ends nobody knows where."""


class Fill(NamedTuple):
    """What a writer adds to its samples.

    Attributes
    ----------
    constant : int
        Bytes behind each sample.
    alignment : int
        Bytes that the sizes of samples are multiples of.
    filler : bytes
        Values of the bytes that fill more than the alignment asks for; empty where it never does.
    """

    constant: int = 0
    alignment: int = 1
    filler: bytes = b""


class PaddedSyntax:
    """Read filled samples.

    Parameters
    ----------
    syntax : FrameSyntax
        Reads what is in front of the fill.
    fill : Fill

    Notes
    -----
    Where a writer fills up to no size that could be known (a still camera's DMA leaves FF and zeros behind the image),
    the sample ends with the last whole unit of the alignment in which nothing but such bytes stand.
    """

    def __init__(self, syntax: FrameSyntax, fill: Fill) -> None:
        self.evidence, self.largest, self.rate = syntax.evidence, syntax.largest, syntax.rate
        self._syntax = syntax
        self._fill = fill
        self._filler = re.compile(b"[" + re.escape(fill.filler) + b"]*") if fill.filler else None

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        frame = self._syntax.frame(buf, at, stop, final=final)
        if isinstance(frame, int):
            return frame
        size, alignment = frame.size + self._fill.constant, self._fill.alignment
        if self._filler is not None:
            end = at + size
            run = self._filler.match(buf, end, min(end + _LARGEST_FILL, stop))  # type: ignore[call-overload]
            if run.end() == stop and not final:
                return NEED_MORE
            size = max(size, (run.end() - at) // alignment * alignment)
        size += -size % alignment
        return frame._replace(size=size) if at + size <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index where a sample might start; see `FrameSyntax`."""
        return self._syntax.find(buf, at, limit, stop)


def learn_fill(syntax: FrameSyntax, samples: Sequence[bytes]) -> Fill:
    """Learn from a reference's samples what stands behind the part of them that ``syntax`` reads."""
    tails, sizes = [], []
    for sample in samples:
        frame = syntax.frame(np.frombuffer(bytearray(sample), dtype=np.uint8), 0, len(sample), final=True)
        if isinstance(frame, Frame):
            tails.append(sample[frame.size :])
            sizes.append(len(sample))
    if not any(tails):
        return Fill()
    if len({len(tail) for tail in tails}) == 1 and len(tails[0]) <= _LARGEST_CONSTANT:
        return Fill(constant=len(tails[0]))
    common = math.gcd(*sizes)
    alignment = min(common & -common, _LARGEST_ALIGNMENT)
    filler = bytes(sorted(set().union(*tails)))
    if max(map(len, tails)) < alignment:
        return Fill(alignment=alignment)
    if alignment < _SMALLEST_ALIGNMENT_OF_FILL or len(filler) > _MOST_FILLERS:
        return Fill()
    return Fill(alignment=alignment, filler=filler)
