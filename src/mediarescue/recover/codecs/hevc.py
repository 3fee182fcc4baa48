"""HEVC tracks (``hvc1``, ``hev1``, Dolby Vision's ``dvh1`` and ``dvhe``)."""

from __future__ import annotations

from mediarescue.bitstream.hevc import HevcScanner, parse_hvcc
from mediarescue.recover.codecs.nal_video import NalVideoFactory

_FIRST_TYPES = (*range(10), *range(16, 22), 32, 33, 34, 35, 39, *range(41, 45), *range(48, 56))
"""Slice segments, parameter sets, delimiter, prefix SEI, reserved and unspecified types (ISO/IEC 23008-2 7.4.2.4.4)."""


class HevcFactory(NalVideoFactory):
    """Make matchers for HEVC tracks."""

    def __init__(self) -> None:
        first = frozenset(kind << 1 for kind in _FIRST_TYPES)  # layer 0: the header's lowest bit is the layer's highest
        super().__init__("hevc", b"hvcC", lambda payload: HevcScanner(parse_hvcc(payload)), first, (40, 62, 63))
