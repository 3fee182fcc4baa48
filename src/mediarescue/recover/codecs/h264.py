"""H.264 tracks (``avc1``, ``avc3``)."""

from __future__ import annotations

from mediarescue.bitstream.h264 import H264Scanner, parse_avcc
from mediarescue.recover.codecs.nal_video import NalVideoFactory


class H264Factory(NalVideoFactory):
    """Make matchers for H.264 tracks."""

    def __init__(self) -> None:
        super().__init__("h264", b"avcC", lambda payload: H264Scanner(parse_avcc(payload)))
