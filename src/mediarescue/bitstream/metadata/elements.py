"""Samples made of elements that tell kind and size, in the orders the reference shows: boxes, and Protocol Buffers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

_MOST_EVIDENCE = 40.0
_LENGTH_EVIDENCE = 3.0
_NESTED_EVIDENCE = 2.0
_TAG_EVIDENCE = 5.5
_TELLING = 20
"""Bytes of a cut sample that show what it is."""
_NESTED_READ = 64
"""Fields of a nested message that are looked at."""
_NESTED_BYTES = 1 << 16
_LONGEST = 1 << 22


class Element(NamedTuple):
    """One element: its kind, bytes in all, and nats by which other bytes are unlikely to pass for it."""

    kind: Hashable
    size: int
    evidence: float


class ElementSyntax(ABC):
    """Read samples of elements by the orders of kinds that the reference's samples have.

    Parameters
    ----------
    samples : iterable of bytes
        The reference's; those that do not divide into elements teach nothing.

    Notes
    -----
    A sample ends where its order does: the commonest order counts whose end is followed by something that could
    begin a sample, or by no element at all.
    """

    evidence = 16.0
    largest = _LONGEST
    rate = 0

    def __init__(self, samples: Iterable[bytes]) -> None:
        orders: Counter[tuple[Hashable, ...]] = Counter()
        self._repeated: set[Hashable] = set()
        for sample in samples:
            kinds = self._kinds(sample)
            if kinds:
                self._repeated |= {kind for kind, after in pairwise(kinds) if kind == after}
                orders[tuple(k for n, k in enumerate(kinds) if n == 0 or kinds[n - 1] != k)] += 1
        self.orders = [order for order, _ in orders.most_common()]
        self._firsts = {order[0] for order in self.orders}

    @abstractmethod
    def element(self, buf: NDArray[np.uint8], at: int, stop: int) -> Element | int:
        """Return the element at ``buf[at]``, INVALID, or NEED_MORE where it runs over ``stop``."""

    def _kinds(self, sample: bytes) -> list[Hashable]:
        """Return the kinds of a sample's elements, none where it does not divide into elements."""
        buf, at, kinds = np.frombuffer(sample, dtype=np.uint8), 0, list[Hashable]()
        while at < len(sample):
            found = self.element(buf, at, len(sample))
            if isinstance(found, int):
                return []
            kinds.append(found.kind)
            at += found.size
        return kinds

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        first = self.element(buf, at, stop)
        if isinstance(first, int):
            return INVALID if final and stop - at < _TELLING else first
        best: Frame | None = None
        cut = False
        for order in self.orders:
            found = self._follow(order, buf, at, stop)
            if found == NEED_MORE:
                cut = True
            if isinstance(found, int):
                continue
            behind = self.element(buf, at + found.size, stop)
            if behind == NEED_MORE and not (final and at + found.size == stop) and self._goes_on(order):
                return NEED_MORE
            if isinstance(behind, int) or behind.kind in self._firsts:
                return found
            if best is None or found.size > best.size:
                best = found
        return best or (NEED_MORE if cut else INVALID)

    def _goes_on(self, order: tuple[Hashable, ...]) -> bool:
        """Whether another order begins with all of this one."""
        return any(len(other) > len(order) and other[: len(order)] == order for other in self.orders)

    def _follow(self, order: Sequence[Hashable], buf: NDArray[np.uint8], at: int, stop: int) -> Frame | int:
        """Return the sample at ``at`` whose elements follow one order."""
        pos, evidence = at, 0.0
        for kind in order:
            found = self.element(buf, pos, stop)
            if isinstance(found, int):
                return found
            if found.kind != kind:
                return INVALID
            while not isinstance(found, int) and found.kind == kind:
                pos, evidence = pos + found.size, evidence + found.evidence
                if kind not in self._repeated:
                    break
                found = self.element(buf, pos, stop)
                if found == NEED_MORE:
                    return NEED_MORE
        return Frame(pos - at, evidence=min(evidence, _MOST_EVIDENCE))


class BoxedSyntax(ElementSyntax):
    """Read samples of boxes: captions (``cdat``, ``cdt2``, ``ccdp``; QTFF), WebVTT cues (ISO/IEC 14496-30 6.6).

    Notes
    -----
    False accepts at every offset of 17 MB of H.264, HEVC, AAC, PCM and noise: none.
    """

    evidence = 22.0

    def __init__(self, samples: Sequence[bytes], kinds: frozenset[bytes]) -> None:
        self._boxes = kinds
        super().__init__(samples)

    def element(self, buf: NDArray[np.uint8], at: int, stop: int) -> Element | int:
        """Return the box at ``buf[at]``."""
        head = buf[at : min(at + 8, stop)].tobytes()
        size = int.from_bytes(head[:4], "big")
        if len(head) < 8:
            small = not any(head[:1])  # no box here reaches 16 MiB
            return NEED_MORE if small and any(kind.startswith(head[4:]) for kind in self._boxes) else INVALID
        if head[4:8] not in self._boxes or not 8 <= size <= _LONGEST:
            return INVALID
        return Element(head[4:8], size, self.evidence) if at + size <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a box that can begin a sample; see `FrameSyntax`."""
        found = [find_bytes(buf, kind, at, limit, stop, behind=4) for kind in self._boxes & self._firsts]
        return min((index for index in found if index >= 0), default=-1)


class ProtobufSyntax(ElementSyntax):
    """Read samples that are one Protocol Buffers message, as DJI writes them (``djmd``, ``dbgi``).

    Notes
    -----
    A message has no end of its own; a sample ends with its last top-level field. Fields whose content always was a
    message must be one again, of fields the reference has in it. False accepts at every offset of 17 MB of H.264, HEVC,
    AAC, PCM and noise, for nested messages of 40 bytes: 53, none with evidence to be looked for.
    """

    def __init__(self, samples: Sequence[bytes]) -> None:
        self._inside: dict[Hashable, frozenset[Hashable]] = {}
        contents: dict[Hashable, list[list[Hashable]]] = {}
        for sample in samples:
            at = 0
            while at < len(sample) and (head := field_header(sample[at : at + 20])) is not None:
                of, before, length = head
                contents.setdefault(of, []).append(nested_fields(sample[at + before : at + before + length]))
                at += before + length
        for kind, lists in contents.items():
            if all(lists):
                self._inside[kind] = frozenset(inner for fields in lists for inner in fields)
        super().__init__(samples)

    def element(self, buf: NDArray[np.uint8], at: int, stop: int) -> Element | int:
        """Return the field at ``buf[at]``."""
        data = buf[at : min(at + 20, stop)].tobytes()
        head = field_header(data)
        if head is None:
            return NEED_MORE if at + len(data) == stop and all(byte & 0x80 for byte in data[1:]) else INVALID
        kind, before, length = head
        size, evidence = before + length, _TAG_EVIDENCE
        usual = self._inside.get(kind)
        if usual is not None:
            content = buf[at + before : min(at + min(size, _NESTED_BYTES), stop)].tobytes()
            fields = nested_fields(content, whole=len(content) == length)
            if not fields and len(content) < min(length, _TELLING):
                return NEED_MORE
            known = sum(field in usual for field in fields)
            if not fields or 2 * known <= len(fields):
                return INVALID
            evidence += _LENGTH_EVIDENCE + _NESTED_EVIDENCE * (2 * known - len(fields))
        if size > _LONGEST:
            return INVALID
        return Element(kind, size, evidence) if at + size <= stop else NEED_MORE

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a tag that begins a sample and leads a whole one; see `FrameSyntax`."""
        end = min(limit, stop - 4)
        if end <= at:
            return -1
        hit = np.zeros(end - at, dtype=bool)
        b1, b2, b3, b4 = (buf[at + k : end + k] for k in range(1, 5))
        for kind in self._firsts:
            tagged = buf[at:end] == _tag_byte(kind)
            if kind in self._inside:  # the length is of one to three bytes, and a known tag stands behind it
                tag = np.zeros(256, dtype=bool)
                tag[[_tag_byte(inner) for inner in self._inside[kind]]] = True
                short, middle = b1 < 128, (b1 >= 128) & (b2 < 128)
                tagged &= (short & tag[b2]) | (middle & tag[b3]) | ((b1 >= 128) & (b2 >= 128) & tag[b4])
            hit |= tagged
        for index in np.flatnonzero(hit).tolist():
            if isinstance(self.frame(buf, at + index, stop, final=False), Frame):
                return at + index
        return -1


def _tag_byte(kind: Hashable) -> int:
    """Return the first byte of a field's tag."""
    assert isinstance(kind, tuple)
    number, wire = kind
    return (int(number) << 3 | int(wire)) & 0x7F | (0x80 if number > 15 else 0)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a base-128 number and the index behind it, -1 for one that is cut or longer than 64 bits."""
    value = shift = 0
    while at < len(data) and shift < 70:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
        shift += 7
    return value, -1


def field_header(data: bytes) -> tuple[tuple[int, int], int, int] | None:
    """Return ((field number, wire type), bytes before the content, bytes of the content); None where none starts."""
    tag, at = _varint(data, 0)
    number, wire = tag >> 3, tag & 7
    if at < 0 or not 0 < number < 1 << 29:
        return None
    if wire == 0:
        _, end = _varint(data, at)
        return None if end < 0 else ((number, wire), at, end - at)
    if wire in (1, 5):
        return (number, wire), at, 8 if wire == 1 else 4
    if wire != 2:
        return None
    length, at = _varint(data, at)
    return None if at < 0 else ((number, wire), at, length)


def nested_fields(content: bytes, *, whole: bool = True) -> list[Hashable]:
    """Return (number, wire type) of a message's fields, none where it is no message; not ``whole`` it may be cut."""
    at, kinds = 0, list[Hashable]()
    while at < len(content) and len(kinds) < _NESTED_READ:
        head = field_header(content[at : at + 20])
        if head is None:
            return kinds if not whole and len(content) - at < 20 else []
        kinds.append(head[0])
        at += head[1] + head[2]
    return kinds if at == len(content) or not whole or len(kinds) == _NESTED_READ else []
