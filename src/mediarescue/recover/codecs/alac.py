"""ALAC tracks (``alac``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.alac import AlacSyntax, learn_syntax, parse_magic_cookie
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class AlacFactory(FramedFactory):
    """Make matchers for ALAC tracks: each frame is walked by the settings of the magic cookie."""

    name = "alac"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> AlacSyntax | None:
        """Expect the elements that the reference's frames have."""
        cookie = tracks[0].configuration(b"alac")
        return learn_syntax(parse_magic_cookie(cookie), samples) if cookie is not None else None

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of one configuration are told apart by their order alone."""
        cookie = track.configuration(b"alac") or b""
        try:
            return (self.name, parse_magic_cookie(cookie))
        except BitstreamError:
            return (self.name, cookie)
