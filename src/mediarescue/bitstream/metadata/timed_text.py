"""Timed text (3GPP TS 26.245 5.17, ``tx3g``; QuickTime ``text``): a length, the text, and boxes that style it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame

_MODIFIERS = frozenset(
    (
        *(b"styl", b"hlit", b"hclr", b"krok", b"dlay", b"href", b"tbox", b"blnk", b"twrp"),  # 3GPP
        *(b"encd", b"ftab", b"hlit", b"drpo", b"drpt", b"imag", b"metr", b"htxt", b"name"),  # QuickTime
    )
)
_BYTE_ORDER_MARKS = (b"\xfe\xff", b"\xff\xfe")
_MOST_BOXES = 64
_LARGEST_BOX = 1 << 16
_EMPTY_EVIDENCE = 1.0
_LENGTH_EVIDENCE = 2.0
_CHARACTER_EVIDENCE = 0.9
_BOX_EVIDENCE = 22.0
_MOST_EVIDENCE = 40.0
_TELLING = 12
"""Characters of a cut text that show what it is."""
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b")


class TimedTextSyntax:
    """Read text samples.

    Parameters
    ----------
    samples : sequence of bytes
        The reference's: whether their text is UTF-8, and which boxes stand behind each of them.

    Notes
    -----
    A sample without text, two zeros, is hardly evidence of anything: it is believed where something known follows, and
    ends the run. False accepts of 16 nats or more at every offset of 17 MB of H.264, HEVC, AAC, PCM and noise: none.
    """

    evidence = _LENGTH_EVIDENCE
    largest = 2 + (1 << 16) + (1 << 17)
    rate = 0

    def __init__(self, samples: Sequence[bytes]) -> None:
        texts = [sample[2 : 2 + int.from_bytes(sample[:2], "big")] for sample in samples]
        self._strict = all(_is_text(text, strict=True) for text in texts)
        boxes = [_boxes(sample, 2 + len(text)) for sample, text in zip(samples, texts, strict=True) if text]
        self._always = frozenset.intersection(*boxes) if boxes else frozenset()

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        if at + 2 > stop:
            return INVALID
        length = int(buf[at]) << 8 | int(buf[at + 1])
        text = buf[at + 2 : min(at + 2 + length, stop)].tobytes()
        cut = len(text) < length
        if not _is_text(text, strict=self._strict, cut=cut):
            return INVALID
        if cut:
            return NEED_MORE if len(text) >= _TELLING or not final else INVALID
        pos, found = at + 2 + length, set[bytes]()
        for _ in range(_MOST_BOXES):
            size, kind = _box(buf[pos : min(pos + 8, stop)].tobytes())
            if not size or pos + size > stop:
                break
            found.add(kind)
            pos += size
        missing = length > 0 and not self._always <= found
        if missing or size:
            return NEED_MORE if stop - pos < max(size, 8) else INVALID
        alone = final and stop == at + 2
        if not length and not found and not alone and not buf[at + 2 : min(at + 6, stop)].any():
            return INVALID  # zeros are nobody's
        if not length and not found:
            return Frame(2, evidence=_EMPTY_EVIDENCE)
        told = _LENGTH_EVIDENCE + _CHARACTER_EVIDENCE * length + _BOX_EVIDENCE * len(found)
        return Frame(pos - at, evidence=min(told, _MOST_EVIDENCE))

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a length below 256 and as much text; see `FrameSyntax`."""
        end = min(limit, stop - 3)
        if end <= at:
            return -1
        hit = (buf[at:end] == 0) & (buf[at + 1 : end + 1] > 0) & (buf[at + 2 : end + 2] >= 9)
        for index in np.flatnonzero(hit).tolist():
            if isinstance(self.frame(buf, at + index, stop, final=False), Frame):
                return at + index
        return -1


def _box(head: bytes) -> tuple[int, bytes]:
    """Return size and type of the styling box that begins with ``head``, 0 where none does."""
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    return (size, kind) if kind in _MODIFIERS and 8 <= size <= _LARGEST_BOX else (0, kind)


def _boxes(sample: bytes, at: int) -> frozenset[bytes]:
    """Return the types of the boxes behind a sample's text."""
    found = set[bytes]()
    while (box := _box(sample[at : at + 8]))[0]:
        found.add(box[1])
        at += box[0]
    return frozenset(found)


def _is_text(text: bytes, *, strict: bool, cut: bool = False) -> bool:
    """Whether bytes are text: ``strict`` UTF-8, else any without control characters; UTF-16 by its mark."""
    if text[:2] in _BYTE_ORDER_MARKS:
        return len(text) % 2 == 0 or cut
    if not _CONTROL.isdisjoint(text):
        return False
    if not strict:
        return True
    for left in range(4 if cut else 1):  # a character may be cut
        try:
            text[: len(text) - left].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False
