"""Camera Motion Metadata tracks (``camm``) of 360 cameras and phones."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.metadata import CammSyntax
from mediarescue.bitstream.metadata.camm import packet_type
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class CammFactory(FramedFactory):
    """Make matchers for CAMM tracks: the type of a packet fixes its size."""

    name = "camm"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> CammSyntax:
        """Expect the packet types of the reference."""
        return CammSyntax(kind for kind in map(packet_type, samples) if kind >= 0)
