"""ALAC: beside video, and alone with six channels."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_VIDEO = VideoSpec(frames=25)

CLIPS = (
    CodecClip(
        "alac_video",
        "alac",
        b"alac",
        ClipSpec("mov", (_VIDEO,), (AudioSpec("alac", 48000, content="music"),)),
        suffix=".mov",
    ),
    CodecClip("alac_mono", "alac", b"alac", ClipSpec("mp4", (_VIDEO,), (AudioSpec("alac", 44100, "mono", "clicks"),))),
    CodecClip(
        "alac_alone", "alac", b"alac", ClipSpec("ipod", (), (AudioSpec("alac", 44100, "5.1", "tone"),)), suffix=".m4a"
    ),
)
