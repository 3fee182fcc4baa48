"""Sony's real-time metadata tracks (``rtmd``, XAVC)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.metadata import RtmdSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class RtmdFactory(FramedFactory):
    """Make matchers for ``rtmd`` tracks: padded to the size of the reference's samples."""

    name = "rtmd"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> RtmdSyntax:
        """Expect the sizes of the reference."""
        return RtmdSyntax(map(len, samples))
