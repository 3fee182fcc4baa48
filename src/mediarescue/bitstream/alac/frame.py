"""ALAC frames: they carry no length, so each is walked to its END element."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.alac import _kernels as k
from mediarescue.bitstream.alac.config import AlacConfig
from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame

Layout = tuple[tuple[int, int], ...]
"""Tag and instance of each element that carries sound."""
_FACTS = k.FIRST_FOUND + 2 * k.MOST_ELEMENTS
_HEAD = 6
"""Bytes that a search looks at, but for one."""
_PLAIN, _ESCAPED, _MONO = 22.0, 12.0, 15.0
"""Nats; a frame that begins with a single channel begins with zeros, which stand everywhere."""


def learn_syntax(config: AlacConfig, samples: Sequence[bytes]) -> AlacSyntax | None:
    """Return the syntax of such frames as the samples are, None where they are no frames at all.

    Notes
    -----
    Encoders differ in the elements they make of surround sound, and in how they number them; each keeps to its own.
    """
    numbers = _numbers(config, ())
    facts = np.zeros(_FACTS, dtype=np.int64)
    layouts: Counter[Layout] = Counter()
    shifted: set[int] = set()
    forms: set[int] = set()
    for sample in samples:
        if k.frame(np.frombuffer(bytearray(sample), dtype=np.uint8), 0, len(sample), numbers, facts) == len(sample):
            pairs = facts[k.FIRST_FOUND :].reshape(-1, 2)[: int(facts[k.FOUND])].tolist()
            layouts[tuple((tag, instance) for tag, instance in pairs)] += 1
            shifted.add(int(facts[k.SHIFTED]))
            forms.add(int(facts[k.FORM]))
    return AlacSyntax(config, layouts.most_common(1)[0][0], shifted | {0}, forms - {0}) if layouts else None


def _numbers(config: AlacConfig, layout: Layout) -> NDArray[np.int64]:
    """Return the settings as the kernels read them, int64 (n,)."""
    numbers = [config.frame_length, config.bit_depth, config.pb, config.mb, config.kb, config.channels]
    return np.array([*numbers, len(layout) or -1, *(n for pair in layout for n in pair)], dtype=np.int64)


class AlacSyntax:
    """Read the frames of one ALAC track.

    Parameters
    ----------
    config : AlacConfig
    layout : tuple of (int, int)
        Tag and instance of each channel element of a frame, in their order.
    shifted : set of int
        Bits of each sample that the reference's frames store beside the coded ones.
    forms : set of int
        What the reference's channels say of their prediction (`_kernels.FORM`); empty for anything.
    """

    evidence = _PLAIN
    """Tag, instance, 12 reserved bits, 7 bits of each channel that encoders do not vary, an END where the last number
    ends. False accepts on 64 MB of other codecs' data: in stereo 2, without compression, which is worth less; in mono
    71: there two frames are proof, one is not."""

    def __init__(self, config: AlacConfig, layout: Layout, shifted: set[int], forms: set[int]) -> None:
        self.evidence = _PLAIN if any(layout[0]) else _MONO
        self.rate = config.sample_rate
        self.largest = config.largest_frame
        self._shifted, self._forms = shifted, forms
        self._config = _numbers(config, layout)
        self._facts = np.zeros(_FACTS, dtype=np.int64)
        self._head = _head(layout[0], shifted, forms)

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the frame at ``buf[at]``; see `FrameSyntax`.

        Notes
        -----
        Encoders keep to one form of prediction; a frame of another, or with other bits beside than the reference's,
        passes for one too easily, and is refused.
        """
        facts = self._facts
        size = int(k.frame(buf, at, stop, self._config, facts))
        if size < 0 and size != NEED_MORE:
            return INVALID
        form = int(facts[k.FORM])
        known = not form or not self._forms or (form in self._forms and (len(self._forms) > 1 or not facts[k.MIXED]))
        if not known or size > self.largest or int(facts[k.SHIFTED]) not in self._shifted:
            return INVALID
        if size == NEED_MORE:
            return NEED_MORE
        return Frame(size, ticks=int(facts[k.SAMPLES]), evidence=_ESCAPED if facts[k.ESCAPED] else self.evidence)

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index whose bits are those of a first element; see `FrameSyntax`."""
        found = self._head.search(buf[at : min(limit + _HEAD, stop)].tobytes())
        return at + found.start() if found and at + found.start() < limit else -1


def _head(first: tuple[int, int], shifted: set[int], forms: set[int]) -> re.Pattern[bytes]:
    """Return what a frame begins with: element and instance, 12 zeros, flags, and the form of a compressed channel."""
    tag, instance = first
    beside = [bits // 4 for bits in shifted]
    plain = _any_of(2 * flags + low for flags in beside for low in (0, 1))
    escaped = _any_of((2, 3))
    partial = _any_of(16 + 2 * flags for flags in (*beside, 1))  # a count of at most 16 bits follows, in 32
    # a byte of it: the low bits of the mode, a shift of 4 bits, the high bit of the factor
    form = _any_of(((f - 1) >> 3 & 7) << 5 | shift << 1 | (f - 1) >> 2 & 1 for f in forms for shift in range(16))
    form = form if forms else b"."
    start = re.escape(bytes([tag << 5 | instance << 1, 0]))
    return re.compile(start + b"(?:" + plain + b".." + form + b"|" + escaped + b"|" + partial + b"\\0)", re.DOTALL)


def _any_of(values: Iterable[int]) -> bytes:
    return b"[" + b"".join(b"\\x%02x" % value for value in sorted(set(values))) + b"]"
