"""ProRes 422 LT with PCM, as an editor exports it, and 4444 alone."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_LT = VideoSpec("prores_ks", (("profile", "1"),), frames=12, pix_fmt="yuv422p10le")
_4444 = VideoSpec("prores_ks", (("profile", "4"),), frames=12, pix_fmt="yuva444p10le")

CLIPS = (
    CodecClip("prores_lt", "apcs", b"apcs", ClipSpec("mov", (_LT,), (AudioSpec("pcm_s16le", 48000),)), suffix=".mov"),
    CodecClip("prores_4444", "ap4h", b"ap4h", ClipSpec("mov", (_4444,), ()), suffix=".mov"),
)
