"""DNxHD and DNxHR from FFmpeg; samples of two fields, with the four bytes Avid adds, put together from its units."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.codecs._pictures import encoded_pictures, visual_entry
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_LB = VideoSpec("dnxhd", (("profile", "dnxhr_lb"),), frames=16, pix_fmt="yuv422p", size=(320, 180))
_HQX = VideoSpec("dnxhd", (("profile", "dnxhr_hqx"),), frames=8, pix_fmt="yuv422p10le", size=(320, 180))
_FIELD = (256, 120)
_HD = VideoSpec("dnxhd", (("b", "60M"),), frames=5, pix_fmt="yuv422p", size=(1280, 720))


def interlaced(count: int, seed: int) -> list[bytes]:
    """Return samples of two field units and the size of one; the unit is FFmpeg's, its field bits are set here."""
    units = encoded_pictures(
        "dnxhd", 2 * count, seed=seed, size=_FIELD, pix_fmt="yuv422p", options={"profile": "dnxhr_lb"}
    )
    fields = [unit[:5] + bytes([2 + number % 2]) + unit[6:] for number, unit in enumerate(units)]
    return [first + second + struct.pack(">I", len(first)) for first, second in zip(*[iter(fields)] * 2, strict=True)]


def _build(path: Path, seed: int, scale: float) -> None:
    samples = tuple(interlaced(round(10 * scale), seed))
    video = SyntheticTrack(b"vide", b"AVdn", samples, per_chunk=2, entry=visual_entry((_FIELD[0], 2 * _FIELD[1])))
    write_movie(path, (video, pcm_track(-(-len(samples) // 2))))


CLIPS = (
    CodecClip("dnxhr_lb", "AVdh", b"AVdh", ClipSpec("mov", (_LB,), (AudioSpec("pcm_s16le", 48000),)), suffix=".mov"),
    CodecClip("dnxhr_hqx", "AVdh", b"AVdh", ClipSpec("mov", (_HQX,)), suffix=".mov"),
    CodecClip("dnxhd", "AVdn", b"AVdn", ClipSpec("mov", (_HD,), ()), suffix=".mov"),
    CodecClip("dnxhd_fields", "AVdn", b"AVdn", build=_build, suffix=".mov", playable=False),
)
