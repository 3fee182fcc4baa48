"""Motion JPEG from FFmpeg in MOV and MP4; Format A (two fields a sample) and B built as the QuickTime File Format says.

``mjpeg_padded`` lays images out as a still camera does that was seen to: FF, zeros or both behind the image up to a
multiple of sixteen bytes, now and then some units more.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.codecs._pictures import encoded_pictures, visual_entry
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_VIDEO = VideoSpec("mjpeg", (("qscale", "4"),), frames=30, pix_fmt="yuvj420p")
_FIELD = (160, 64)
_ALIGNMENT = 32


def format_a(count: int, seed: int) -> list[bytes]:
    """Return samples of two fields, each a JPEG with the APP1 segment of Format A and its padding."""
    fields = encoded_pictures("mjpeg", 2 * count, seed=seed, size=_FIELD, pix_fmt="yuvj420p")
    return [_field_a(fields[i], False) + _field_a(fields[i + 1], True) for i in range(0, len(fields), 2)]


def _field_a(image: bytes, last: bool) -> bytes:
    size = len(image) + 44
    padded = size + -size % _ALIGNMENT
    offsets = [image.find(marker) + 44 for marker in (b"\xff\xdb", b"\xff\xc4", b"\xff\xc0", b"\xff\xda")]
    told = struct.pack(">I4s8I", 0, b"mjpg", size, padded, 0 if last else padded, *offsets, offsets[-1] + 14)
    return image[:2] + b"\xff\xe1" + struct.pack(">H", 42) + told + image[2:] + bytes(padded - size)


def format_b(count: int, seed: int) -> list[bytes]:
    """Return samples of two fields of tables and data without markers, behind a header of offsets."""
    fields = encoded_pictures("mjpeg", 2 * count, seed=seed, size=_FIELD, pix_fmt="yuvj420p")
    return [_field_b(fields[i], False) + _field_b(fields[i + 1], True) for i in range(0, len(fields), 2)]


def _field_b(image: bytes, last: bool) -> bytes:
    parts = []
    for marker in (b"\xff\xdb", b"\xff\xc4", b"\xff\xc0", b"\xff\xda"):
        at = image.find(marker) + 2
        parts.append(image[at : at + int.from_bytes(image[at : at + 2], "big")])
    data = image[image.find(b"\xff\xda") + 2 + len(parts[-1]) : -2].replace(b"\xff\0", b"\xff")
    offsets = [40 + sum(map(len, parts[:n])) for n in range(5)]
    size = offsets[-1] + len(data)
    padded = size + -size % _ALIGNMENT
    head = struct.pack(">I4s8I", 0, b"mjpg", size, padded, 0 if last else padded, *offsets)
    return head + b"".join(parts) + data + bytes(padded - size)


def padded_images(count: int, seed: int) -> list[bytes]:
    """Return images with fill behind them that only the reference's habits explain."""
    images = encoded_pictures("mjpeg", count, seed=seed, pix_fmt="yuvj420p")
    filled = []
    for number, image in enumerate(images):
        fill = -len(image) % 16 + (64 if number % 5 == 3 else 0)
        filled.append(image + b"\xff" * min(fill, number % 7) + bytes(max(0, fill - number % 7)))
    return filled


def _write(path: Path, kind: bytes, samples: list[bytes]) -> None:
    size = (_FIELD[0], 2 * _FIELD[1]) if kind != b"jpeg" else (160, 120)
    video = SyntheticTrack(b"vide", kind, tuple(samples), per_chunk=5, entry=visual_entry(size))
    write_movie(path, (pcm_track(-(-len(samples) // 5)), video))


def _build_a(path: Path, seed: int, scale: float) -> None:
    _write(path, b"mjpa", format_a(round(15 * scale), seed))


def _build_b(path: Path, seed: int, scale: float) -> None:
    _write(path, b"mjpb", format_b(round(15 * scale), seed))


def _build_padded(path: Path, seed: int, scale: float) -> None:
    _write(path, b"jpeg", padded_images(round(25 * scale), seed))


CLIPS = (
    CodecClip("mjpeg", "jpeg", b"jpeg", ClipSpec("mov", (_VIDEO,), (AudioSpec("pcm_u8", 8000),)), suffix=".mov"),
    CodecClip("mjpeg_mp4", "mp4v.6c", b"mp4v", ClipSpec("mp4", (_VIDEO,))),
    CodecClip("mjpeg_a", "mjpa", b"mjpa", build=_build_a, suffix=".mov", playable=False),
    CodecClip("mjpeg_b", "mjpb", b"mjpb", build=_build_b, suffix=".mov", playable=False),
    CodecClip("mjpeg_padded", "jpeg", b"jpeg", build=_build_padded, suffix=".mov", playable=False),
)
