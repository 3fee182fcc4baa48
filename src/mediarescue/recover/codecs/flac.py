"""FLAC tracks (``fLaC``): frames carry no length, so each is walked to the checksum at its end."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.flac import FlacSyntax, parse_stream_info
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class FlacFactory(FramedFactory):
    """Make matchers for FLAC."""

    name = "flac"

    def family_key(self, track: TrackProfile) -> object:
        """A frame is read with the channels, depth and frequency that its track's configuration gives."""
        payload = track.configuration(b"dfLa") or b""
        return (self.name, payload[10:12], payload[18:22])

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FlacSyntax:
        """Expect frames of the track's configuration."""
        return FlacSyntax(parse_stream_info((tracks[0].configuration(b"dfLa") or b"")[4:]))
