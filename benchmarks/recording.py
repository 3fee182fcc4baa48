"""The recordings that the benchmark breaks: a short real encode, its packets repeated with shifted times."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from tests.support.boxes import mdat_of
from tests.support.clips import AudioSpec, ClipSpec, Planes, VideoSpec, make_clip

TURN = 64
"""Seconds encoded and then repeated: whole numbers of frames at 30 a second and of AAC frames at 48 kHz."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A broken file with its reference: another, shorter recording of the same settings.

    ``samples`` holds the true count of samples of each track, ``seconds`` the length of the media.
    """

    name: str
    broken: Path
    reference: Path
    seconds: float
    samples: tuple[int, ...]

    def warm(self) -> None:
        """Read both files, so that they are in the page cache where memory has room."""
        for path in (self.broken, self.reference):
            with path.open("rb") as file:
                while file.read(1 << 22):
                    pass


def long_recording(work: Path, size: int) -> Recording:
    """Return a 1080p H.264 (2 B-frames) and stereo AAC recording of at least ``size`` bytes, at about 10 Mb/s."""
    return _recording(work, f"1080p-{size // 10**6}MB", camera(1, TURN), camera(7, 20), size)


def audio_recording(work: Path) -> Recording:
    """Return six hours of stereo AAC: the walk through its frames is all there is to do."""
    spec, other = _microphone(1, TURN), _microphone(7, 20)
    return _recording(work, "aac-6h", spec, other, 6 * 3600 * 16000)


def small_recording(work: Path) -> Recording:
    """Return a 4 MB clip: start-up time."""
    return _recording(work, "1080p-4MB", camera(1, 3), camera(7, 2), 0)


def camera(seed: int, seconds: int) -> ClipSpec:
    """Return a 1080p recording with sound, about 10 Mb/s, 30 frames a second."""
    rate_control = (("preset", "ultrafast"), ("b", "10M"), ("maxrate", "12M"), ("bufsize", "12M"))
    options = (*rate_control, ("x264-params", "bframes=2:b-adapt=0:keyint=60:scenecut=0"))
    video = VideoSpec(
        options=options, frames=seconds * 30, rate=Fraction(30), size=(1920, 1080), seed=seed, paint=_scene
    )
    return ClipSpec(video=(video,), audio=_microphone(seed, seconds).audio)


def _microphone(seed: int, seconds: int) -> ClipSpec:
    audio = AudioSpec(rate=48000, content="music", seconds=Fraction(seconds), seed=seed, bit_rate=128000)
    return ClipSpec(video=(), audio=(audio,))


def _scene(index: int, width: int, height: int, seed: int) -> Planes:
    """Paint grain that drifts under a gradient: coded at 10 Mb/s, like a hand-held camera's."""
    grain = np.random.default_rng(seed).integers(0, 48, (height + 64, width + 64), dtype=np.uint8)
    fresh = np.random.default_rng(seed * 100000 + index).integers(0, 10, (height, width), dtype=np.uint8)
    left, top = index % 64, (index // 2) % 64
    luma = grain[top : top + height, left : left + width] + fresh
    luma += (np.arange(width, dtype=np.int64) * 120 // width + 40).astype(np.uint8)
    flat = np.full((height // 2, width // 2), 120 + index % 16, np.uint8)
    return luma, flat, flat


def _recording(work: Path, name: str, spec: ClipSpec, other: ClipSpec, size: int) -> Recording:
    reference, broken = work / f"{name}-reference.mp4", work / f"{name}-broken.mp4"
    note = work / f"{name}.json"
    if not note.exists():
        print(f"making {name} (once)", file=sys.stderr, flush=True)
        make_clip(reference, other)
        seed = make_clip(work / f"{name}-seed.mp4", spec)
        seconds = repeat(seed, broken, size)
        seed.unlink()
        truth = {"seconds": seconds, "samples": sample_counts(broken)}
        _drop_moov(broken)
        note.write_text(json.dumps(truth), encoding="utf-8")
    truth = json.loads(note.read_text(encoding="utf-8"))
    return Recording(name, broken, reference, truth["seconds"], tuple(truth["samples"]))


def sample_counts(path: Path) -> list[int]:
    """Return the number of samples of each track; an empty list where ``path`` cannot be opened."""
    try:
        with av.open(str(path)) as container:
            return [int(stream.frames) for stream in container.streams]
    except (av.FFmpegError, OSError):
        return []


def repeat(seed: Path, out: Path, size: int) -> float:
    """Write the packets of ``seed`` again and again until ``out`` has ``size`` bytes; return its seconds."""
    with av.open(str(seed)) as source, av.open(str(out), "w", format="mp4", options={"fflags": "+bitexact"}) as sink:
        streams = [sink.add_stream_from_template(stream) for stream in source.streams]
        bases = [Fraction(stream.time_base or 1) for stream in source.streams]
        turn = int((source.duration or 0) / av.time_base)
        packets = []
        for packet in source.demux():
            # The last AAC frames hold the encoder's delay: without them the next turn follows on.
            index, end = packet.stream_index, turn - Fraction(packet.duration or 0) * bases[packet.stream_index]
            first = -1024 if source.streams[index].type == "audio" else 0
            if packet.size and ((packet.dts or 0) - first) * bases[index] <= end:
                times = (packet.pts or 0, packet.dts or 0, packet.duration or 0)
                packets.append((index, bytes(packet), *times, packet.is_keyframe))
        written, turns = 0, 0
        while turns == 0 or written < size:
            for index, data, pts, dts, duration, is_key in packets:
                fresh: Any = av.Packet(data)
                shift = int(turns * turn / bases[index])
                fresh.pts, fresh.dts, fresh.duration = pts + shift, dts + shift, duration
                fresh.time_base, fresh.stream, fresh.is_keyframe = bases[index], streams[index], is_key
                sink.mux(fresh)
                written += len(data)
            turns += 1
    return float(turns * turn)


def _drop_moov(path: Path) -> None:
    """Leave ``path`` as a crashed muxer does, in place: ``mdat`` of size 0, nothing after it."""
    mdat = mdat_of(path)
    with path.open("r+b") as file:
        file.truncate(mdat.end)
        file.seek(mdat.offset)
        # Eight bytes reserved as a free box become part of a 64-bit header only when the file is closed.
        file.write((8).to_bytes(4, "big") + b"free" if mdat.header == 16 else b"")
        file.write(bytes(4) + b"mdat")
