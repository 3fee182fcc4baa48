"""H.263 beside AAC as phones record it, with groups of blocks."""

from __future__ import annotations

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip

_QCIF = VideoSpec("h263", (("ps", "200"), ("g", "12")), frames=50, size=(176, 144))
_SOUND = (AudioSpec(rate=16000, layout="mono", bit_rate=24000),)

CLIPS = (CodecClip("h263_phone", "s263", b"s263", ClipSpec("3gp", (_QCIF,), _SOUND), suffix=".3gp"),)
