"""MPEG audio tracks: MP3, MP2 and MP1 (``mp4a`` of object types 0x69 and 0x6B, ``.mp3``, ``ms\\0U``, ``ms\\0P``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.mpeg_audio import MpegAudioSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class MpegAudioFactory(FramedFactory):
    """Make matchers for MPEG audio: every frame begins with a header that tells its size."""

    name = "mpeg_audio"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> MpegAudioSyntax:
        """Expect frames of the reference's layer and sampling frequency."""
        return MpegAudioSyntax(samples)
