"""MP3 and MP2 beside pictures and alone, of constant and varying bit rates, in MP4 and QuickTime."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_PICTURE = (VideoSpec(),)
_MP3 = AudioSpec("libmp3lame", 44100, content="music", bit_rate=128000)
_MP3_LOW = AudioSpec("libmp3lame", 22050, "mono", content="music", bit_rate=48000)
_MP2 = AudioSpec("mp2", 48000, content="music", bit_rate=192000)

CLIPS = (
    CodecClip("mp3", "mp4a.6b", b"mp4a", ClipSpec("mp4", _PICTURE, (_MP3,))),
    CodecClip("mp3_mpeg2_alone", "mp4a.69", b"mp4a", ClipSpec("mp4", (), (_MP3_LOW,))),
    CodecClip("mp3_quicktime", ".mp3", b".mp3", ClipSpec("mov", _PICTURE, (_MP3,)), suffix=".mov"),
    CodecClip("mp2", "mp4a.6b", b"mp4a", ClipSpec("mp4", _PICTURE, (_MP2,))),
)
