"""Vorbis beside video, and alone; FFmpeg's own encoder has to be asked twice."""

from __future__ import annotations

import functools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.support.clips import ClipSpec, VideoSpec, make_clip
from tests.support.codecs._clip import CodecClip

_RATE = 44100


def _encode(path: Path, seed: int, scale: float, *, video: bool) -> None:
    """Write two seconds (times ``scale``) of chords, copied beside H.264 where ``video`` is asked for."""
    seconds = 2 * scale
    dice, t = np.random.default_rng(seed), np.arange(round(seconds * _RATE)) / _RATE
    sound = sum(0.1 * np.sin(2 * np.pi * f * t) for f in dice.uniform(100, 4000, 5)) * (t % 0.5 < 0.4)
    block = np.stack((sound, sound[::-1])).astype(np.float32)
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        pictures: list[Any] = []
        if video:
            spec = ClipSpec("mp4", (VideoSpec(frames=round(50 * scale), seed=seed),), ())
            source = av.open(str(make_clip(path.with_suffix(".video.mp4"), spec)))
            stream = out.add_stream_from_template(source.streams.video[0])
            pictures = [packet for packet in source.demux() if packet.size]
            for packet in pictures:
                packet.stream = stream
        voice: Any = out.add_stream("vorbis", rate=_RATE, layout="stereo", options={"strict": "experimental"})
        packets = []
        for start in range(0, block.shape[1], 64):
            part = np.ascontiguousarray(block[:, start : start + 64])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = _RATE, start, Fraction(1, _RATE)
            packets += voice.encode(frame)
        packets += voice.encode(None)
        for packet in sorted([*pictures, *packets], key=lambda packet: packet.dts * packet.time_base):
            out.mux(packet)
        if video:
            source.close()
            path.with_suffix(".video.mp4").unlink()


CLIPS = (
    CodecClip("vorbis_video", "mp4a.dd", b"mp4a", build=functools.partial(_encode, video=True), exact=False),
    CodecClip("vorbis_alone", "mp4a.dd", b"mp4a", build=functools.partial(_encode, video=False), exact=False),
)
