"""H.264 tracks (``avc1``, ``avc3``)."""

from __future__ import annotations

from mediarescue.bitstream.h264 import H264Scanner, parse_avcc
from mediarescue.recover.codecs.nal_video import NalVideoFactory

_FIRST_TYPES = (1, 5, 6, 7, 8, 9, 14)
"""Slices, SEI, parameter sets, delimiter, prefix NAL unit (ISO/IEC 14496-10 7.4.1.2.3)."""


class H264Factory(NalVideoFactory):
    """Make matchers for H.264 tracks."""

    def __init__(self) -> None:
        first = frozenset(nal_ref_idc << 5 | kind for nal_ref_idc in range(4) for kind in _FIRST_TYPES)
        super().__init__("h264", b"avcC", lambda payload: H264Scanner(parse_avcc(payload)), first, (12,))
