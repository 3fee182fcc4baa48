"""Text tracks: subtitles (``tx3g``), chapters and titles (``text``), and subtitles in XML (``stpp``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.metadata import TimedTextSyntax, XmlTextSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class TimedTextFactory(FramedFactory):
    """Make matchers for text with its length in front."""

    name = "timed text"

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of one coding look alike."""
        return (self.name, track.codec)

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> TimedTextSyntax:
        """Learn the encoding, and the boxes behind every text."""
        return TimedTextSyntax(samples)


class XmlTextFactory(FramedFactory):
    """Make matchers for XML documents."""

    name = "xml text"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> XmlTextSyntax:
        """Learn how the documents begin."""
        return XmlTextSyntax(samples)
