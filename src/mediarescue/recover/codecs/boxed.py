"""Tracks whose samples are boxes: closed captions (``c608``, ``c708``) and WebVTT (``wvtt``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.metadata import BoxedSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile

_BOXES = {
    b"c608": frozenset((b"cdat", b"cdt2")),
    b"c708": frozenset((b"ccdp",)),
    b"wvtt": frozenset((b"vttc", b"vtte", b"vtta")),
}


class BoxedFactory(FramedFactory):
    """Make matchers for tracks of boxes."""

    name = "boxed"

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of one coding look alike."""
        return (self.name, track.codec)

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> BoxedSyntax:
        """Learn the order of the boxes."""
        return BoxedSyntax(samples, _BOXES[bytes(tracks[0].codec)])
