"""ProRes tracks (``apch``, ``apcn``, ``apcs``, ``apco``, ``ap4h``, ``ap4x``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.prores import ProResSyntax, frame_size
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class ProResFactory(FramedFactory):
    """Make matchers for ProRes tracks: a frame begins with its size."""

    name = "prores"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> ProResSyntax:
        """Expect frames of the reference's width and height."""
        return ProResSyntax({frame_size(sample) for sample in samples})
