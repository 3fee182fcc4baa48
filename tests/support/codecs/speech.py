"""Phones' speech: AMR as FFmpeg encodes it, the others built by their frame layouts, with pauses, beside telemetry."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

from tests.support.boxes import box
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie

_AMR = AudioSpec("libopencore_amrnb", 8000, "mono", content="music", bit_rate=12200)
_AMR_SLOW = AudioSpec("libopencore_amrnb", 8000, "mono", content="music", bit_rate=5900)

Mode = tuple[int, int]
"""First byte and speech bits of a frame."""
AMR_122: Mode = (0x3C, 244)
AMR_SILENCE: tuple[Mode, ...] = ((0x44, 39), (0x7C, 0), (0x7C, 0))
AMR_WB_1265: Mode = (0x14, 253)
AMR_WB_SILENCE: tuple[Mode, ...] = ((0x4C, 40), (0x7C, 0))


def speech_frame(mode: Mode, source: random.Random) -> bytes:
    """Return a frame of random speech bits, spare bits 0."""
    first, bits = mode
    size = -(-bits // 8)
    body = source.getrandbits(bits) << -bits % 8 if bits else 0
    return bytes([first]) + body.to_bytes(size, "big")


def sound_entry(rate: int, *boxes: bytes, channels: int = 1) -> bytes:
    """Return an AudioSampleEntry behind its first 8 bytes."""
    return struct.pack(">HHIHHHHI", 0, 0, 0, channels, 16, 0, 0, rate << 16) + b"".join(boxes)


def damr(frames: int = 1, mode_set: int = 0x81FF) -> bytes:
    """Return an AMRSpecificBox (3GPP TS 26.244 6.7)."""
    return box(b"damr", struct.pack(">4sBHBB", b"test", 0, mode_set, 0, frames))


def talk(
    kind: bytes,
    seed: int,
    scale: float,
    modes: tuple[Mode, ...],
    pause: tuple[Mode, ...],
    *,
    entry: bytes,
    rate: int = 8000,
    frames: int = 1,
) -> SyntheticTrack:
    """Return speech with pauses, ``frames`` frames a sample, five samples a chunk."""
    source = random.Random(seed)
    kinds: list[Mode] = []
    while len(kinds) < 150 * scale * frames:
        kinds += [source.choice(modes) for _ in range(source.randrange(4, 40))]
        kinds += list(pause)
    made = [speech_frame(mode, source) for mode in kinds[: int(150 * scale) * frames]]
    samples = [b"".join(made[i : i + frames]) for i in range(0, len(made), frames)]
    return SyntheticTrack(
        b"soun", kind, tuple(samples), timescale=rate, duration=rate // 50 * frames, entry=entry, per_chunk=5
    )


def _written(track: Callable[[int, float], SyntheticTrack]) -> Callable[[Path, int, float], None]:
    def build(path: Path, seed: int, scale: float) -> None:
        write_movie(path, (gpmf_track(int(30 * scale), seed=seed), track(seed, scale)))

    return build


def _amr_wb(seed: int, scale: float) -> SyntheticTrack:
    entry = sound_entry(16000, damr())
    return talk(b"sawb", seed, scale, (AMR_WB_1265,), AMR_WB_SILENCE, entry=entry, rate=16000)


def _evrc(seed: int, scale: float) -> SyntheticTrack:
    modes: tuple[Mode, ...] = ((4, 171), (4, 171), (3, 80))
    return talk(b"sevc", seed, scale, modes, ((1, 16), (1, 16)), entry=sound_entry(8000))


def _qcelp(seed: int, scale: float) -> SyntheticTrack:
    modes: tuple[Mode, ...] = ((4, 266), (4, 266), (3, 124))
    return talk(b"sqcp", seed, scale, modes, ((1, 20),), entry=sound_entry(8000))


def _old_phone(seed: int, scale: float) -> SyntheticTrack:
    source = random.Random(seed)
    chunks = [b"".join(speech_frame(AMR_122, source) for _ in range(10)) for _ in range(int(30 * scale))]
    entry = sound_entry(8000, damr(mode_set=0x80))
    return SyntheticTrack(
        b"soun", b"samr", tuple(chunks), timescale=50, duration=1, entry=entry, constant_size=32, per_chunk=10
    )


CLIPS = (
    CodecClip("amr_122", "samr", b"samr", ClipSpec("3gp", (VideoSpec(),), (_AMR,)), suffix=".3gp"),
    CodecClip("amr_59_alone", "samr", b"samr", ClipSpec("3gp", (), (_AMR_SLOW,)), suffix=".3gp"),
    CodecClip("amr_one_size", "samr", b"samr", build=_written(_old_phone), suffix=".3gp", playable=False),
    CodecClip("amr_wb", "sawb", b"sawb", build=_written(_amr_wb), suffix=".3gp", playable=False),
    CodecClip("evrc", "sevc", b"sevc", build=_written(_evrc), suffix=".3g2", playable=False),
    CodecClip("qcelp", "sqcp", b"sqcp", build=_written(_qcelp), suffix=".3g2", playable=False),
)
