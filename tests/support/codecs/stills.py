"""JPEG 2000 and PNG films from FFmpeg; two fields of JPEG 2000 in codestream boxes (ISO/IEC 15444-3), a JPEG cover.

The cover is one image in a track of its own beside sound, as music and voice recorders add it.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.codecs._pictures import encoded_pictures, visual_entry
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_J2K = VideoSpec("jpeg2000", frames=12)
_PNG = VideoSpec("png", frames=12, pix_fmt="rgb24")
_FIELD = (160, 64)


def jpeg_2000_fields(count: int, seed: int) -> list[bytes]:
    """Return samples of two ``jp2c`` boxes, a field's codestream in each."""
    fields = encoded_pictures("jpeg2000", 2 * count, seed=seed, size=_FIELD, options={"format": "j2k"})
    boxes = [struct.pack(">I4s", 8 + len(field), b"jp2c") + field for field in fields]
    return [boxes[i] + boxes[i + 1] for i in range(0, len(boxes), 2)]


def _build_fields(path: Path, seed: int, scale: float) -> None:
    samples = tuple(jpeg_2000_fields(round(10 * scale), seed))
    entry = visual_entry((_FIELD[0], 2 * _FIELD[1]))
    write_movie(
        path, (SyntheticTrack(b"vide", b"mjp2", samples, per_chunk=2, entry=entry), pcm_track(len(samples) // 2))
    )


def _build_cover(path: Path, seed: int, scale: float) -> None:
    size = (160, 120) if scale == 1 else (96, 96)
    cover = encoded_pictures("mjpeg", 1, seed=seed, size=size, pix_fmt="yuvj420p")
    write_movie(path, (SyntheticTrack(b"vide", b"jpeg", tuple(cover), entry=visual_entry(size)), pcm_track(6)))


CLIPS = (
    CodecClip("jpeg2000", "mjp2", b"mjp2", ClipSpec("mov", (_J2K,), (AudioSpec("pcm_s16le", 48000),)), suffix=".mov"),
    CodecClip("jpeg2000_fields", "mjp2", b"mjp2", build=_build_fields, suffix=".mov", playable=False),
    CodecClip("png", "png ", b"png ", ClipSpec("mov", (_PNG,), (AudioSpec("pcm_s16le", 48000),)), suffix=".mov"),
    CodecClip("jpeg_cover", "jpeg", b"jpeg", build=_build_cover, suffix=".mov", playable=False, timing_known=False),
)
