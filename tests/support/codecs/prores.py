"""ProRes 422 LT with PCM, as an editor exports it, interlaced HQ, and 4444 alone.

ProRes RAW, which no encoder here writes, is built from its header's published layout; its tiles are noise.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.codecs._pictures import visual_entry
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_LT = VideoSpec("prores_ks", (("profile", "1"),), frames=12, pix_fmt="yuv422p10le")
_4444 = VideoSpec("prores_ks", (("profile", "4"),), frames=12, pix_fmt="yuva444p10le")
_INTERLACED = VideoSpec("prores_ks", (("profile", "3"), ("flags", "+ildct")), frames=12, pix_fmt="yuv422p10le")


def raw_frames(count: int, seed: int) -> list[bytes]:
    """Return ProRes RAW frames: size, identifier, a header of 80 bytes, the sizes of the tiles and the tiles."""
    noise = random.Random(seed)
    frames = []
    for _ in range(count):
        tiles = [noise.randbytes(noise.randrange(200, 400)) for _ in range(16)]
        header = struct.pack(">HBB4sHH", 80, 0, 1, b"peac", 512, 64) + bytes(68)
        body = header + struct.pack(">16H", *map(len, tiles)) + b"".join(tiles)
        frames.append(struct.pack(">I4s", 8 + len(body), b"prrf") + body)
    return frames


def _build_raw(path: Path, seed: int, scale: float) -> None:
    frames = tuple(raw_frames(round(15 * scale), seed))
    video = SyntheticTrack(b"vide", b"aprn", frames, per_chunk=3, entry=visual_entry((512, 64)))
    write_movie(path, (video, pcm_track(-(-len(frames) // 3))))


CLIPS = (
    CodecClip("prores_lt", "apcs", b"apcs", ClipSpec("mov", (_LT,), (AudioSpec("pcm_s16le", 48000),)), suffix=".mov"),
    CodecClip("prores_4444", "ap4h", b"ap4h", ClipSpec("mov", (_4444,), ()), suffix=".mov"),
    CodecClip("prores_hq_interlaced", "apch", b"apch", ClipSpec("mov", (_INTERLACED,), ()), suffix=".mov"),
    CodecClip("prores_raw", "aprn", b"aprn", build=_build_raw, suffix=".mov", playable=False),
)
