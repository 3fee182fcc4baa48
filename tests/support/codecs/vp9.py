"""VP9 of libvpx with AAC, with hidden frames and without."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_LIVE = VideoSpec("libvpx-vp9", (("deadline", "realtime"), ("cpu-used", "8"), ("b", "200000"), ("g", "20")), frames=40)
_HIDDEN = VideoSpec(
    "libvpx-vp9",
    (("deadline", "good"), ("cpu-used", "5"), ("auto-alt-ref", "1"), ("lag-in-frames", "16"), ("b", "200000")),
    frames=50,
    seed=2,
)

CLIPS = (
    CodecClip("vp9", "vp09", b"vp09", ClipSpec("mp4", (_LIVE,), (AudioSpec(content="music"),)), exact=False),
    CodecClip("vp9_hidden", "vp09", b"vp09", ClipSpec("mp4", (_HIDDEN,), (AudioSpec(),)), exact=False),
)
