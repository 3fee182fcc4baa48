"""What stands at one place of a recording, without knowing whose: a NAL unit, a frame of sound, another sample."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.aac import AacWalker
from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.recover.codecs.aac import AacMatcher
from mediarescue.recover.codecs.nal_matcher import NalVideoMatcher
from mediarescue.recover.families import Families
from mediarescue.recover.window import MediaWindow

Bytes = NDArray[np.uint8]

INVALID: Final = -1
"""Nothing known starts here."""
UNFINISHED: Final = -2
"""Something may start here: too few bytes are known to tell, or where it ends."""

_LENGTH = 4
_HEAD = 16
_LARGEST_NAL = 16 << 20
_LARGEST_OTHER_NAL = {6: 1 << 16, 7: 1 << 12, 8: 1 << 12, 9: 2, 10: 1, 11: 1, 12: 1 << 18}
"""Bytes, by nal_unit_type (ISO/IEC 14496-10 table 7-1): SEI, parameter sets, delimiter, ends, filler."""
_SLICES = (1, 5)
_INTRA = (2, 4, 7, 9)
_TYPE_NATS = 3.0
_SLICE_NATS = 2.0
_FRAME_NATS = 10.0
"""No byte in 50,000 of noise begins a frame of sound within the reference's habits."""
_FREE_FRAME_NATS = 6.0
"""Six in 10,000 begin one without them."""
_OTHER_NATS = 6.0
_BLIND_LIMIT = 64
_BYTES_A_CHANNEL = 768


class _Piece(MediaWindow):
    """Bytes in memory as a window that ends with them."""

    def __init__(self, buf: Bytes, stop: int) -> None:
        self.start, self.end = 0, stop
        self._buffer, self._base, self._filled, self._final = buf, 0, stop, True


class UnitReader:
    """Read units of either recording: both are H.264 with AAC, and only one is the reference's.

    Parameters
    ----------
    families : Families
        The reference's. Its sound is known by its habits, other AAC of the same rate by its syntax; NAL units by what
        holds for any H.264 (not even slice headers tell two sizes of picture apart); the other tracks' samples by
        their matchers.
    """

    def __init__(self, families: Families) -> None:
        matchers = families.matchers
        self._walkers = [matcher.walker for matcher in matchers if isinstance(matcher, AacMatcher)]
        self._any = [_any_frame(walker) for walker in self._walkers[:1]]
        others = [m for m in matchers if not isinstance(m, AacMatcher | NalVideoMatcher)]
        self._others = [matcher for matcher in others if not matcher.blind]
        self._blind = [matcher for matcher in others if matcher.blind]

    def unit(self, buf: Bytes, at: int, stop: int, *, follow: bool = True) -> tuple[int, float]:
        """Return the bytes of the unit at ``at``, or INVALID or UNFINISHED, and the nats that speak for it.

        Parameters
        ----------
        buf : uint8 (n,), writable
        at, stop : int
            Nothing at ``stop`` or behind is read. A NAL unit may end behind it.
        follow : bool
            Allow samples that nothing tells but what follows.
        """
        if stop - at < _HEAD:
            return UNFINISHED, 0.0
        size, nats = nal_unit(buf, at)
        if size > 0:
            return size, nats
        unfinished = False
        for read in (self._frame, self._other, self._any_frame):
            size, nats = read(buf, at, stop)
            if size > 0:
                return size, nats
            unfinished |= size == UNFINISHED
        if not unfinished and follow:
            size = self._between(buf, at, stop)
            return size, _OTHER_NATS if size > 0 else 0.0
        return (UNFINISHED if unfinished else INVALID), 0.0

    def _frame(self, buf: Bytes, at: int, stop: int) -> tuple[int, float]:
        """Return what `unit` does for a frame of sound like the reference's."""
        return _walked(self._walkers, buf, at, stop), _FRAME_NATS

    def _any_frame(self, buf: Bytes, at: int, stop: int) -> tuple[int, float]:
        """Return what `unit` does for any frame of sound."""
        return _walked(self._any, buf, at, stop), _FREE_FRAME_NATS

    def _other(self, buf: Bytes, at: int, stop: int) -> tuple[int, float]:
        """Return what `unit` does for a sample of another track that is known when it is seen."""
        window = _Piece(buf, stop)
        for matcher in self._others:
            run = matcher.match(window, at)
            if run is not None:
                return int(run.sizes[0]), _OTHER_NATS
        cut = any(matcher.cut(window, at) for matcher in self._others)
        return (UNFINISHED if cut else INVALID), 0.0

    def _between(self, buf: Bytes, at: int, stop: int) -> int:
        """Return the bytes of a small sample without structure (a time code) by what follows it, or INVALID."""
        window = _Piece(buf, stop)
        for matcher in self._blind:
            for run in matcher.propose(window, at):
                if run.size <= _BLIND_LIMIT and self.unit(buf, run.end, stop, follow=False)[0] > 0:
                    return run.size
        return INVALID


def _walked(walkers: list[AacWalker], buf: Bytes, at: int, stop: int) -> int:
    """Return the bytes of the frame at ``at``, INVALID or UNFINISHED."""
    unfinished = False
    for walker in walkers:
        frame = walker.frame(buf, at, stop)
        if not isinstance(frame, int):
            return frame.size
        unfinished |= frame == NEED_MORE
    return UNFINISHED if unfinished else INVALID


def readable(families: Families) -> bool:
    """Whether recordings like the reference can be told apart: H.264, and no sound that could be anything."""
    video = [family for family in families.families if isinstance(family.matcher, NalVideoMatcher)]
    sound = [family for family in families.families if any(track.kind == "audio" for track in family.tracks)]
    return (
        [family.tracks[0].codec in (b"avc1", b"avc3") for family in video] == [True]
        and video[0].matcher.readers[0].scanner.nal_length_size == _LENGTH  # type: ignore[attr-defined]
        and all(isinstance(family.matcher, AacMatcher) for family in sound)
    )


def _any_frame(walker: AacWalker) -> AacWalker:
    """Return what takes any frame of the configuration."""
    return AacWalker(walker.config).with_limits(min_size=8, max_size=_BYTES_A_CHANNEL * max(walker.config.channels, 2))


def nal_unit(buf: Bytes, at: int) -> tuple[int, float]:
    """Return the bytes of the H.264 NAL unit at ``at`` with its length, or INVALID, and the nats that speak for it.

    Sixteen bytes must be there. Random ones that pass are as rare as the length is short: a unit of 2,500 bytes with
    a slice in it comes about once in two hundred million.
    """
    head = buf[at : at + _HEAD].tobytes()
    length, header = int.from_bytes(head[:_LENGTH], "big"), head[_LENGTH]
    kind, important = header & 31, header >> 5 & 3
    if not 1 < length <= _LARGEST_NAL or header & 0x80:
        return INVALID, 0.0
    nats = math.log(2**32 / length) + _TYPE_NATS
    if kind in _SLICES:
        return (_LENGTH + length, nats + _SLICE_NATS) if _is_slice(head, kind, important) else (INVALID, 0.0)
    largest = _LARGEST_OTHER_NAL.get(kind, 0)
    if length > largest or (kind in (6, 9, 10, 11, 12)) == (important > 0):
        return INVALID, 0.0
    if kind == 9 and head[_LENGTH + 1] & 31 != 16:
        return INVALID, 0.0
    return _LENGTH + length, nats


def _is_slice(head: bytes, kind: int, important: int) -> bool:
    """Whether a slice header begins as it can (7.3.3): an address, a slice type, a picture parameter set."""
    if kind == 5 and not important:
        return False
    bits = BitReader(head[_LENGTH + 1 :])
    try:
        address, slice_type, pps = bits.ue(), bits.ue(), bits.ue()
    except BitstreamError:
        return False
    return address < 139_264 and slice_type <= 9 and pps <= 255 and (kind != 5 or slice_type in _INTRA)


def forbidden(buf: Bytes) -> NDArray[np.int64]:
    """Return where three bytes stand that no NAL unit has inside: 00 00 and then 00, 01 or 02 (7.4.1)."""
    if len(buf) < 3:
        return np.zeros(0, dtype=np.int64)
    zero = buf[:-2] == 0
    return np.flatnonzero(zero & (buf[1:-1] == 0) & (buf[2:] <= 2)).astype(np.int64)
