"""Opus beside video, and alone: at variable rate the borders of packets are an estimate."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_VIDEO = VideoSpec(frames=75)
_AV1 = VideoSpec("libsvtav1", (("preset", "12"), ("crf", "40"), ("svtav1-params", "keyint=16")), frames=75)
_HEVC = VideoSpec("libx265", (("preset", "ultrafast"), ("x265-params", "log-level=none")), frames=75)
_MUSIC = AudioSpec("libopus", 48000, content="music")
_SURROUND = AudioSpec("libopus", 48000, "5.1", "music", bit_rate=256000)

CLIPS = (
    CodecClip("opus_video", "Opus", b"Opus", ClipSpec("mp4", (_VIDEO,), (_MUSIC,)), exact=False),
    CodecClip("opus_av1", "Opus", b"Opus", ClipSpec("mp4", (_AV1,), (_MUSIC,)), exact=False),
    CodecClip("opus_hevc", "Opus", b"Opus", ClipSpec("mp4", (_HEVC,), (_MUSIC,)), exact=False),
    CodecClip("opus_alone", "Opus", b"Opus", ClipSpec("mp4", (), (_MUSIC,)), exact=False),
    CodecClip("opus_surround", "Opus", b"Opus", ClipSpec("mp4", (_VIDEO,), (_SURROUND,)), exact=False),
)
