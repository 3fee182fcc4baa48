"""AAC that no encoder here makes, written field by field: coupling channels, frames of 960 samples, SBR as fill."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mediarescue.bitstream.aac import parse_audio_specific_config
from tests.support.aac_writer import CCE, CPE, DSE, FIL, LFE, PCE, SCE, FrameWriter
from tests.support.boxes import box
from tests.support.codecs._clip import CodecClip
from tests.support.codecs.speech import sound_entry
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie


@dataclass(frozen=True, slots=True)
class Kind:
    """A stream: AudioSpecificConfig, the elements of its frames in turn, the track's timescale and sample duration."""

    config: str
    layouts: tuple[tuple[int, ...], ...]
    timescale: int
    duration: int


KINDS = {
    "aac_coupling": Kind("1190", ((CPE, CCE), (CPE, CCE, DSE), (CPE, CCE, FIL)), 48000, 1024),
    "aac_surround_extras": Kind("11b0", ((PCE, SCE, CPE, CPE, LFE, CCE), (SCE, CPE, CPE, LFE, CCE)), 48000, 1024),
    "aac_960": Kind("1194", ((CPE,), (CPE, FIL)), 48000, 960),
    "he_aac_explicit": Kind("2b920800", ((CPE, FIL),), 44100, 2048),
    "he_aac_core_clock": Kind("139056e5a0", ((CPE, FIL),), 22050, 1024),
    "he_aac_unsignalled": Kind("1390", ((CPE, FIL),), 44100, 2048),
    "he_aac_v2": Kind("eb8a0800", ((SCE, FIL),), 44100, 2048),
}
"""Signalling of HE-AAC: explicit and hierarchical, compatible behind the plain configuration, none, and version 2."""


def esds(config: bytes) -> bytes:
    """Return an ``esds`` box of MPEG-4 audio with that AudioSpecificConfig."""
    decoder = struct.pack(">BBBHII", 0x40, 0x15, 0, 0, 64000, 64000) + bytes([5, len(config)]) + config
    stream = b"\0\1\0" + bytes([4, len(decoder)]) + decoder + b"\6\1\2"
    return box(b"esds", bytes(4) + bytes([3, len(stream)]) + stream)


def sound(kind: Kind, seed: int, scale: float) -> SyntheticTrack:
    """Return some two seconds of random frames."""
    config = bytes.fromhex(kind.config)
    writer = FrameWriter(parse_audio_specific_config(config), seed, quiet=0.7)
    samples = tuple(writer.frame(list(kind.layouts[i % len(kind.layouts)])) for i in range(int(60 * scale)))
    entry = sound_entry(kind.timescale, esds(config), channels=2)
    return SyntheticTrack(
        b"soun", b"mp4a", samples, timescale=kind.timescale, duration=kind.duration, entry=entry, per_chunk=4
    )


def _written(kind: Kind) -> Callable[[Path, int, float], None]:
    def build(path: Path, seed: int, scale: float) -> None:
        write_movie(path, (gpmf_track(int(15 * scale), seed=seed), sound(kind, seed, scale)))

    return build


CLIPS = tuple(
    CodecClip(name, "mp4a.40", b"mp4a", build=_written(kind), suffix=".mp4", playable=False)
    for name, kind in KINDS.items()
)
