"""RTP hint tracks (``rtp ``), which streaming servers send by."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.metadata import RtpHintSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class RtpHintFactory(FramedFactory):
    """Make matchers for hint tracks: the packets tell their size."""

    name = "rtp hint"

    def family_key(self, track: TrackProfile) -> object:
        """Packets of two tracks are alike, but they stand behind what they send."""
        return (self.name, track.index)

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> RtpHintSyntax:
        """Expect packets as the standard has them."""
        return RtpHintSyntax()
