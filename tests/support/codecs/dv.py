"""DV, DVCPRO50 and DVCPRO HD from FFmpeg."""

from __future__ import annotations

from fractions import Fraction

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_PAL = VideoSpec("dvvideo", frames=8, size=(720, 576))
_NTSC = VideoSpec("dvvideo", frames=6, size=(720, 480), pix_fmt="yuv411p", rate=Fraction(30000, 1001))
_50 = VideoSpec("dvvideo", frames=5, size=(720, 576), pix_fmt="yuv422p")
_HD = VideoSpec("dvvideo", frames=5, size=(960, 720), pix_fmt="yuv422p", rate=Fraction(50))
_SOUND = (AudioSpec("pcm_s16le", 48000),)

CLIPS = (
    CodecClip("dv_pal", "dvcp", b"dvcp", ClipSpec("mov", (_PAL,), _SOUND), suffix=".mov"),
    CodecClip("dv_ntsc", "dvc ", b"dvc ", ClipSpec("mov", (_NTSC,), ()), suffix=".mov"),
    CodecClip("dvcpro50", "dv5p", b"dv5p", ClipSpec("mov", (_50,), ()), suffix=".mov"),
    CodecClip("dvcpro_hd", "dvhq", b"dvhq", ClipSpec("mov", (_HD,), ()), suffix=".mov"),
)
