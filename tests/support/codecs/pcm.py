"""PCM in every form of table: frames of one tick, packets of ADPCM, QuickTime's sizes of 1, samples of many frames."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from tests.support.boxes import box
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie

_VIDEO = VideoSpec(frames=25)
_SECONDS = Fraction(1)


def _clip(
    name: str, kind: bytes, encoder: str, *, container: str = "mov", tracks: int = 1, video: bool = True
) -> CodecClip:
    layout = "mono" if tracks > 1 else "stereo"
    sounds = tuple(
        AudioSpec(encoder, 48000, layout, "music", 300.0 + 60 * i, _SECONDS, seed=i + 1) for i in range(tracks)
    )
    spec = ClipSpec(container, (_VIDEO,) if video else (), sounds)
    return CodecClip(name, kind.decode("latin-1"), kind, spec, suffix="." + container, exact=False)


def _entry(channels: int, bits: int, rate: int, *, packet: tuple[int, int] = (0, 0), extra: bytes = b"") -> bytes:
    """Return a QuickTime sound description behind its common fields; of version 1 where a packet is given."""
    size, samples = packet
    head = struct.pack(">HHIHHhHI", int(size > 0), 0, 0, channels, bits, 0, 0, rate << 16)
    return head + (struct.pack(">IIII", samples, size // channels, size, 2) if size else b"") + extra


def _beside_telemetry(
    path: Path, seed: int, scale: float, sound: Callable[[int, random.Random], SyntheticTrack]
) -> None:
    count = round(20 * scale)
    write_movie(path, (gpmf_track(count, seed=seed), sound(count, random.Random(seed))))


def _sizes_of_one(path: Path, seed: int, scale: float) -> None:
    """Write IMA ADPCM as QuickTime does: stsz says 1, a sample is a PCM frame, 64 of them in 34 bytes a channel."""

    def sound(count: int, dice: random.Random) -> SyntheticTrack:
        chunks = tuple(dice.randbytes(68 * (30 + i % 2)) for i in range(count))
        entry = _entry(2, 16, 44100, packet=(68, 64))
        return SyntheticTrack(
            b"soun", b"ima4", chunks, timescale=44100, duration=1, entry=entry, constant_size=1, packet=(68, 64)
        )

    _beside_telemetry(path, seed, scale, sound)


def _packets(path: Path, seed: int, scale: float) -> None:
    """Write 24-bit PCM in samples of 1024 frames, the last one odd, with a ``pcmC`` box (ISO/IEC 23003-5)."""

    def sound(count: int, dice: random.Random) -> SyntheticTrack:
        sizes = [6 * 1024] * (2 * count - 1) + [6 * (200 + seed % 7)]
        entry = _entry(2, 16, 48000, extra=box(b"pcmC", bytes([0, 0, 0, 0, 1, 24])))
        samples = tuple(map(dice.randbytes, sizes))
        return SyntheticTrack(b"soun", b"ipcm", samples, timescale=48000, duration=1024, entry=entry, per_chunk=2)

    _beside_telemetry(path, seed, scale, sound)


CLIPS = (
    _clip("pcm_sowt", b"sowt", "pcm_s16le"),
    _clip("pcm_in24_alone", b"in24", "pcm_s24be", video=False),
    _clip("pcm_fl64", b"fl64", "pcm_f64be"),
    _clip("pcm_raw", b"raw ", "pcm_u8"),
    _clip("pcm_alaw", b"alaw", "pcm_alaw"),
    _clip("pcm_ima4", b"ima4", "adpcm_ima_qt"),
    _clip("pcm_ipcm", b"ipcm", "pcm_s24le", container="mp4"),
    _clip("pcm_four_mono", b"in24", "pcm_s24le", tracks=4),
    _clip("pcm_four_mono_alone", b"sowt", "pcm_s16le", tracks=4, video=False),
    CodecClip(
        "pcm_ima4_sizes_of_one", "ima4", b"ima4", build=_sizes_of_one, suffix=".mov", exact=False, playable=False
    ),
    CodecClip("pcm_packets", "ipcm", b"ipcm", build=_packets, exact=False, playable=False),
)
