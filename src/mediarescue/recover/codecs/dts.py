"""DTS tracks: core (``dtsc``), DTS-HD with and without it (``dtsh``, ``dtsl``), LBR (``dtse``), ``mp4a`` of 0xA9."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.dts import DtsSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class DtsFactory(FramedFactory):
    """Make matchers for DTS; DTS-UHD (``dtsx``, ``dtsy``) has other frames and is learned by its bytes."""

    name = "dts"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> DtsSyntax:
        """Expect samples of the frames that the reference's are made of."""
        return DtsSyntax(samples)
