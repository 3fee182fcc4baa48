"""DJI's metadata tracks (``djmd``, ``dbgi``): a Protocol Buffers message a frame."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.metadata import ProtobufSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class ProtobufFactory(FramedFactory):
    """Make matchers for tracks of messages: they end with the last field of an order the reference shows."""

    name = "protobuf"

    def family_key(self, track: TrackProfile) -> object:
        """Two tracks have messages of different fields."""
        return (self.name, track.index)

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> ProtobufSyntax:
        """Learn the order of the top-level fields."""
        return ProtobufSyntax(samples)
