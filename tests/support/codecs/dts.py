"""DTS, built by its headers with random content: a core, DTS-HD Master Audio, extension substreams alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.support.codecs._clip import CodecClip
from tests.support.codecs.speech import sound_entry
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie


def core(size: int, source: random.Random, *, frequency: int = 13, channels: int = 9) -> bytes:
    """Return a core frame of 512 samples; ``frequency`` is SFREQ (13: 48 kHz), ``channels`` AMODE (9: 5 of them)."""
    head = 1 << 47 | 31 << 42 | 15 << 34 | (size - 1) << 20 | channels << 14 | frequency << 10 | 24 << 5
    return b"\x7f\xfe\x80\x01" + head.to_bytes(6, "big") + source.randbytes(size - 10)


def extension(size: int, source: random.Random, *, index: int = 0, long: bool = False) -> bytes:
    """Return an extension substream's frame with a header of 40 bytes, its size in 16 or (``long``) 20 bits."""
    head = index << 38 | 1 << 37 | 39 << 25 | (size - 1) << 5 if long else index << 38 | 39 << 29 | (size - 1) << 13
    return b"\x64\x58\x20\x25\0" + head.to_bytes(5, "big") + source.randbytes(size - 10)


def _written(kind: bytes, sample: Callable[[random.Random], bytes]) -> Callable[[Path, int, float], None]:
    def build(path: Path, seed: int, scale: float) -> None:
        source = random.Random(seed)
        samples = tuple(sample(source) for _ in range(int(60 * scale)))
        entry = sound_entry(48000, channels=6)
        track = SyntheticTrack(b"soun", kind, samples, timescale=48000, duration=512, entry=entry, per_chunk=4)
        write_movie(path, (gpmf_track(int(15 * scale), seed=seed), track))

    return build


def _master(source: random.Random) -> bytes:
    return core(2012, source) + extension(600 + source.randrange(2000), source, long=True)


def _lossless(source: random.Random) -> bytes:
    return extension(300 + source.randrange(900), source) + extension(64, source, index=1)


CLIPS = (
    CodecClip("dts_core", "dtsc", b"dtsc", build=_written(b"dtsc", lambda s: core(1006, s)), playable=False),
    CodecClip("dts_hd_master", "dtsh", b"dtsh", build=_written(b"dtsh", _master), playable=False),
    CodecClip("dts_no_core", "dtsl", b"dtsl", build=_written(b"dtsl", _lossless), playable=False),
)
