"""AV1 of SVT-AV1 with AAC: hidden frames and frames shown again, low delay, all key frames."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_RANDOM_ACCESS = VideoSpec("libsvtav1", (("preset", "12"), ("crf", "40"), ("svtav1-params", "keyint=16")), frames=40)
_LOW_DELAY = VideoSpec(
    "libsvtav1", (("preset", "12"), ("crf", "30"), ("svtav1-params", "pred-struct=1")), frames=40, seed=3
)
_STILLS = VideoSpec("libsvtav1", (("preset", "12"), ("crf", "40"), ("svtav1-params", "keyint=0")), frames=20)

CLIPS = (
    CodecClip("av1", "av01", b"av01", ClipSpec("mp4", (_RANDOM_ACCESS,), (AudioSpec(),))),
    CodecClip("av1_low_delay", "av01", b"av01", ClipSpec("mp4", (_LOW_DELAY,), (AudioSpec(content="music"),))),
    CodecClip("av1_key_frames", "av01", b"av01", ClipSpec("mp4", (_STILLS,), (AudioSpec(),))),
)
