"""HEVC tracks (``hvc1``, ``hev1``, Dolby Vision's ``dvh1`` and ``dvhe``)."""

from __future__ import annotations

from mediarescue.bitstream.hevc import HevcScanner, parse_hvcc
from mediarescue.recover.codecs.nal_video import NalVideoFactory


class HevcFactory(NalVideoFactory):
    """Make matchers for HEVC tracks."""

    def __init__(self) -> None:
        super().__init__("hevc", b"hvcC", lambda payload: HevcScanner(parse_hvcc(payload)))
