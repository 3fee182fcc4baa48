"""CineForm from FFmpeg; the form of GoPro's encoder, which tells sizes in chunks, is made of its samples.

``cineform_gopro`` puts the chunks of metadata and sample size where GoPro's SDK writes them (optional tags, sizes in
words of four bytes), and a predicted frame, a header and a trailer, behind each intra frame as in its groups of two.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.codecs._pictures import encoded_pictures, visual_entry
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_422 = VideoSpec("cfhd", frames=16, pix_fmt="yuv422p10le", size=(320, 180))
_RGB = VideoSpec("cfhd", frames=10, pix_fmt="gbrp12le")
_LOWPASS = struct.pack(">hH", 4, 0x1A4A)


def optional(tag: int, value: int) -> bytes:
    return struct.pack(">hH", -tag, value)


def with_sizes(sample: bytes) -> bytes:
    """Return a sample of FFmpeg's with the metadata and sample size chunks of GoPro's encoder, frame trailer last."""
    at = sample.find(_LOWPASS)
    rest = optional(0x4002, 6) + b"FREE" + bytes(20) + sample[at:-4] + struct.pack(">HH", 24, 0)
    words = len(rest) // 4
    return sample[:at] + optional(0x2200 | words >> 16, words & 0xFFFF) + rest


def predicted(size: tuple[int, int]) -> bytes:
    """Return the second frame of a group: it adds nothing."""
    pairs = ((1, 1), (19, 2), (20, size[0]), (21, size[1]), (-69, 7), (23, 1), (24, 0))
    return b"".join(struct.pack(">hH", *pair) for pair in pairs)


def gopro_samples(count: int, seed: int) -> list[bytes]:
    """Return intra frames with their sizes, each followed by a predicted one."""
    intra = encoded_pictures("cfhd", count, seed=seed, pix_fmt="yuv422p10le")
    return [sample for frame in intra for sample in (with_sizes(frame), predicted((160, 120)))]


def _build(path: Path, seed: int, scale: float) -> None:
    samples = tuple(gopro_samples(round(10 * scale), seed))
    sync = tuple(range(0, len(samples), 2))
    video = SyntheticTrack(b"vide", b"CFHD", samples, per_chunk=4, sync=sync, entry=visual_entry())
    write_movie(path, (video, pcm_track(-(-len(samples) // 4))))


CLIPS = (
    CodecClip("cineform", "CFHD", b"CFHD", ClipSpec("mov", (_422,), (AudioSpec("pcm_s16le", 48000),)), suffix=".mov"),
    CodecClip("cineform_rgb", "CFHD", b"CFHD", ClipSpec("mov", (_RGB,), ()), suffix=".mov"),
    CodecClip("cineform_gopro", "CFHD", b"CFHD", build=_build, suffix=".mov", playable=False),
)
