"""ProRes tracks (``apch``, ``apcn``, ``apcs``, ``apco``, ``ap4h``, ``ap4x``) and ProRes RAW (``aprn``, ``aprh``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mediarescue.bitstream.prores import PRORES, PRORES_RAW, ProResSyntax, frame_size
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class ProResFactory(FramedFactory):
    """Make matchers for ProRes tracks: a frame begins with its size."""

    name = "prores"
    identifier: ClassVar[bytes] = PRORES

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> ProResSyntax:
        """Expect frames of the reference's width and height."""
        return ProResSyntax({frame_size(sample) for sample in samples}, self.identifier)


class ProResRawFactory(ProResFactory):
    """Make matchers for ProRes RAW, as external recorders write it."""

    name = "prores_raw"
    identifier = PRORES_RAW
