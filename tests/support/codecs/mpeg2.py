"""MPEG-2 and MPEG-1 video by FFmpeg's encoders; field pictures and IMX stuffing built after ISO/IEC 13818-2."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.mpeg2 import PictureSpec, group_header, picture, sequence_header
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_B_PICTURES = VideoSpec("mpeg2video", (("bf", "2"), ("g", "12")))
_XDCAM = VideoSpec(
    "mpeg2video",
    (("bf", "2"), ("flags", "+ildct+ilme"), ("intra_vlc", "1"), ("b", "6000000"), ("alternate_scan", "1")),
    pix_fmt="yuv422p",
    seed=2,
)
_MPEG1 = VideoSpec("mpeg1video", (("bf", "2"), ("g", "12")), seed=3)
_FIELD = PictureSpec(chroma_format=2, intra_vlc_format=True)


def _movie(path: Path, kind: bytes, samples: list[bytes], sync: tuple[int, ...] | None) -> None:
    entry = bytes(16) + struct.pack(">HHIII H", 64, 64, 72 << 16, 72 << 16, 0, 1) + bytes(32) + b"\0\x18\xff\xff"
    video = SyntheticTrack(b"vide", kind, tuple(samples), duration=40, entry=entry, sync=sync)
    write_movie(path, (video, pcm_track(len(samples), seed=len(samples))))


def _fields(path: Path, seed: int, scale: float) -> None:
    samples = []
    for number in range(round(20 * scale)):
        spec = replace(_FIELD, structure=1, kind=1 if number % 5 == 0 else 2)
        start = sequence_header(spec) + group_header(closed=True) if number % 5 == 0 else b""
        fields = picture(spec, seed * 1000 + number), picture(replace(spec, structure=2, kind=2), seed * 999 + number)
        samples.append(start + b"".join(fields))
    _movie(path, b"xdv2", samples, tuple(range(0, len(samples), 5)))


def _imx(path: Path, seed: int, scale: float) -> None:
    spec = replace(_FIELD, concealment=True)
    samples = [
        (sequence_header(spec) + group_header(closed=True) + picture(spec, seed * 1000 + n)).ljust(12000, b"\0")
        for n in range(round(20 * scale))
    ]
    _movie(path, b"mx5p", samples, None)


CLIPS = (
    CodecClip("mpeg2", "mp4v.61", b"mp4v", ClipSpec("mp4", (_B_PICTURES,), (AudioSpec(),))),
    CodecClip("xdcam", "m2v1", b"m2v1", ClipSpec("mov", (_XDCAM,), (AudioSpec("pcm_s16le", 48000),)), suffix=".mov"),
    CodecClip("mpeg1", "mp4v.6a", b"mp4v", ClipSpec("mp4", (_MPEG1,), (AudioSpec("mp2"),))),
    CodecClip("mpeg2_fields", "xdv2", b"xdv2", build=_fields, suffix=".mov", playable=False),
    CodecClip("imx", "mx5p", b"mx5p", build=_imx, suffix=".mov", playable=False),
)
