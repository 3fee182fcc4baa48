"""FLAC of 16 and 24 bits, stereo and surround, beside pictures and alone."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_STRICT = (("strict", "experimental"),)
_STEREO = AudioSpec("flac", 44100, content="music")
_SURROUND = AudioSpec("flac", 48000, "5.1", content="tone")

CLIPS = (
    CodecClip("flac", "fLaC", b"fLaC", ClipSpec("mp4", (VideoSpec(),), (_STEREO,), _STRICT)),
    CodecClip("flac_surround_alone", "fLaC", b"fLaC", ClipSpec("mp4", (), (_SURROUND,), _STRICT)),
)
