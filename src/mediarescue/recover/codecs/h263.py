"""H.263 tracks (``s263``, ``h263``), as phones of the 2000s record them."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.mpeg4.h263 import H263Syntax, parse_picture_header
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class H263Factory(FramedFactory):
    """Make matchers for H.263 tracks: a picture ends behind its last macroblock."""

    name = "h263"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> H263Syntax:
        """Expect pictures of the size of the reference's first one."""
        if not samples:
            raise BitstreamError("no picture to learn the size from")
        return H263Syntax(parse_picture_header(samples[0]))
