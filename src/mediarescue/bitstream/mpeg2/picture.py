"""Samples of MPEG-1 and MPEG-2 video: a picture, or two fields, and the stuffing behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.mpeg2 import _kernels
from mediarescue.bitstream.mpeg2.headers import SEQUENCE_END, Headers, read_headers
from mediarescue.bitstream.mpeg2.headers import Sequence as VideoSequence
from mediarescue.bitstream.mpeg2.tables import tables
from mediarescue.bitstream.search import find_bytes

_HEAD, _LARGEST_HEAD = 1 << 10, 1 << 16
_FIRST_CODES = b"\xb3\xb8\0"
_END = b"\0\0\1" + bytes([SEQUENCE_END])
_FRAME = 3
_ZERO_BLOCK = 1 << 16


class Kind(NamedTuple):
    """What decides whether a writer calls a sample a sync sample."""

    intra: bool
    has_sequence: bool
    closed_gop: bool | None
    first_shown: bool
    """temporal_reference 0: no picture of this group is shown before it."""


class Mpeg2Syntax:
    """Read samples to the last bit of their last macroblock.

    Parameters
    ----------
    sequence : Sequence or None
        In force where a sample brings none.
    samples : sequence of bytes
        Of the reference: fields a sample, stuffing, size where that is constant.
    sync : sequence of int
        Whether each of ``samples`` is a sync sample, 2 for a partial one; may be empty.

    Notes
    -----
    The macroblocks of the bottom row are walked (all of them in MPEG-1), those above it skipped by start codes. Zero
    bytes behind a picture are its own only where the reference has such, or where all its samples have one size.
    Beyond the start codes, some hundred codes have to fit: no sample was found in 15 MB of H.264, HEVC, AAC and PCM,
    nor in random bytes.
    """

    evidence = 60.0
    largest = 32 << 20
    rate = 0

    def __init__(self, sequence: VideoSequence | None, samples: Sequence[bytes] = (), sync: Sequence[int] = ()) -> None:
        self._sequence = sequence
        self._tables = tables()
        self._constant = 0
        self._stuffed = False
        self._fields = 2
        self._sync: Mapping[Kind, int] = {}
        self._learn(samples, sync)

    def _learn(self, samples: Sequence[bytes], sync: Sequence[int]) -> None:
        found: dict[Kind, int] = {}
        stuffed = single = paired = 0
        for number, sample in enumerate(samples):
            buf = np.frombuffer(bytearray(sample), dtype=np.uint8)
            headers, end = self._picture(buf, 0, len(buf), self._sequence)
            if headers is None:
                continue
            if headers.picture.structure != _FRAME:
                second, behind = self._picture(buf, end, len(buf), headers.sequence)
                single, paired = single + (second is None), paired + (second is not None)
                end = behind if second is not None else end
            stuffed += end < len(sample) and not any(sample[end:])
            if number < len(sync):
                found.setdefault(_kind(headers), sync[number])
        self._sync = found
        self._fields = 1 if single > paired else 2
        self._stuffed = stuffed > 0
        sizes = set(map(len, samples))
        self._constant = sizes.pop() if len(sizes) == 1 and len(samples) > 1 else 0

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        headers, end = self._picture(buf, at, stop, self._sequence)
        if headers is None:
            return end
        if headers.picture.structure != _FRAME and self._fields == 2:
            second, behind = self._picture(buf, end, stop, headers.sequence)
            if second is not None and second.picture.structure == _FRAME - headers.picture.structure:
                end = behind
            elif second is None and behind == NEED_MORE and not (final and end == stop):
                return NEED_MORE
        end = self._behind(buf, at, end, stop, final)
        if end < 0:
            return end
        kind = _kind(headers)
        key = self._key(kind)
        return Frame(end - at, key, headers.picture.kind == 3)

    def _key(self, kind: Kind) -> int:
        """Return what the reference calls such a sample; a start that it leaves out is a partial sync sample."""
        starts = kind.intra and (kind.has_sequence or kind.closed_gop is not None)
        return self._sync.get(kind, 1) or 2 if starts else self._sync.get(kind, 0)

    def _picture(
        self, buf: NDArray[np.uint8], at: int, stop: int, sequence: VideoSequence | None
    ) -> tuple[Headers | None, int]:
        """Return the headers of the picture at ``at`` and its end; None and INVALID or NEED_MORE."""
        need = _HEAD
        while True:
            headers = read_headers(buf[at : min(at + need, stop)].tobytes(), sequence)
            if headers != NEED_MORE or at + need >= stop or need >= _LARGEST_HEAD:
                break
            need *= 8
        if isinstance(headers, int):
            return None, headers if at + need >= stop else INVALID
        assert headers.sequence is not None
        params = np.array(headers.picture.params(headers.sequence), dtype=np.int64)
        end = int(_kernels.slices_end(buf, at + headers.size, stop, params, self._tables))
        return (headers, end) if end >= 0 else (None, end)

    def _behind(self, buf: NDArray[np.uint8], at: int, end: int, stop: int, final: bool) -> int:
        """Return the end of the sample with the stuffing and the end code that belong to it, or NEED_MORE."""
        if self._constant and at + self._constant >= end:
            whole = at + self._constant
            if whole > stop:
                return NEED_MORE
            return whole if not buf[end:whole].any() else end
        if self._stuffed:
            zeros = _zeros(buf, end, stop)
            if end + zeros >= stop and not final:
                return NEED_MORE
            start_code = zeros >= 2 and end + zeros < stop and buf[end + zeros] == 1
            end += zeros - 2 if start_code else zeros
        code = buf[end : min(end + len(_END), stop)].tobytes()
        if code == _END:
            return end + len(_END)
        return NEED_MORE if not final and len(code) < len(_END) and _END.startswith(code) else end

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a start code that may begin a sample; see `FrameSyntax`."""
        while at < limit:
            at = find_bytes(buf, b"\0\0\1", at, limit, stop)
            if at < 0 or at + 3 >= stop:
                return -1
            if buf[at + 3] in _FIRST_CODES:
                return at
            at += 1
        return -1


def _kind(headers: Headers) -> Kind:
    picture = headers.picture
    return Kind(picture.kind == 1, headers.has_sequence, headers.closed_gop, picture.temporal_reference == 0)


def _zeros(buf: NDArray[np.uint8], at: int, stop: int) -> int:
    """Return how many zero bytes stand at ``at``."""
    start = at
    while at < stop:
        block = buf[at : min(at + _ZERO_BLOCK, stop)]
        found = np.flatnonzero(block)
        if len(found):
            return at + int(found[0]) - start
        at += len(block)
    return at - start


def first_sequence(parts: Sequence[bytes]) -> VideoSequence | None:
    """Return the sequence that the first headers in samples, or in a decoder's configuration, describe."""
    for part in parts:
        at = part.find(b"\0\0\1\xb3")
        if at >= 0:
            # a configuration ends behind the headers: a picture is put there to have them read
            for tail in (b"", b"\0\0\1\0\0\x0f\xff\xf8\0\0\1\1"):
                headers = read_headers(part[at : at + _LARGEST_HEAD] + tail, None)
                if not isinstance(headers, int):
                    return headers.sequence
    return None
