"""AC-3 and E-AC-3 as FFmpeg encodes them, and E-AC-3 with further substreams built by its headers."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.codecs.speech import sound_entry
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie

_PICTURE = (VideoSpec(),)
_AC3 = AudioSpec("ac3", 48000, "5.1(side)", content="music", bit_rate=384000)
_AC3_44 = AudioSpec("ac3", 44100, content="music", bit_rate=192000)
_EAC3 = AudioSpec("eac3", 48000, content="music", bit_rate=128000)


def syncframe(kind: int, number: int, size: int, source: random.Random, *, blocks: int = 2, mode: int = 14) -> bytes:
    """Return an E-AC-3 syncframe of random content at 48 kHz; ``blocks`` is numblkscod, ``mode`` acmod and lfeon."""
    head = kind << 14 | number << 11 | (size // 2 - 1)
    return b"\x0b\x77" + head.to_bytes(2, "big") + bytes([blocks << 4 | mode, 16 << 3]) + source.randbytes(size - 6)


def _substreams(path: Path, seed: int, scale: float) -> None:
    """Three blocks a syncframe, two more channels in a dependent substream, and a second programme."""
    source = random.Random(seed)
    samples = [
        b"".join(
            syncframe(kind, number, size, source)
            for _ in range(2)
            for kind, number, size in ((0, 0, 640), (1, 0, 200 + 2 * source.randrange(100)), (0, 1, 300))
        )
        for _ in range(int(40 * scale))
    ]
    track = SyntheticTrack(
        b"soun", b"ec-3", tuple(samples), timescale=48000, duration=1536, entry=sound_entry(48000), per_chunk=3
    )
    write_movie(path, (gpmf_track(int(14 * scale), seed=seed), track))


CLIPS = (
    CodecClip("ac3", "ac-3", b"ac-3", ClipSpec("mp4", _PICTURE, (_AC3,))),
    CodecClip("ac3_44100_quicktime", "ac-3", b"ac-3", ClipSpec("mov", (), (_AC3_44,)), suffix=".mov"),
    CodecClip("eac3", "ec-3", b"ec-3", ClipSpec("mp4", _PICTURE, (_EAC3,))),
    CodecClip("eac3_substreams", "ec-3", b"ec-3", build=_substreams, playable=False),
)
