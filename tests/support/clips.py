"""Small MP4 and MOV files with true tables, encoded on the spot with PyAV.

Nothing here knows the package under test. A clip is described by frozen specs, so equal specs give equal files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
"""Y of shape (height, width), U and V of half of both."""
Painter = Callable[[int, int, int, int], Planes]
"""``(frame index, width, height, seed) -> planes``."""


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """How to make one video track.

    Attributes
    ----------
    codec : str
        Encoder name.
    options : tuple of (name, value)
        Private encoder options.
    frames : int
    rate : Fraction
        Frames a second; also the encoder's time base where ``pts`` is empty.
    size : (width, height)
        Pixels, even.
    pts : tuple of int
        Presentation times of a variable rate, in ticks of ``time_base``; empty for a constant rate.
    time_base : Fraction
        Seconds a tick of ``pts``.
    seed : int
        Another seed, another picture.
    """

    codec: str = "libx264"
    options: tuple[tuple[str, str], ...] = ()
    frames: int = 50
    rate: Fraction = Fraction(25)
    size: tuple[int, int] = (160, 120)
    pts: tuple[int, ...] = ()
    time_base: Fraction = Fraction(1, 90000)
    seed: int = 1
    pix_fmt: str = "yuv420p"
    paint: Painter | None = None


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """How to make one audio track: ``content`` is ``tone``, ``noise``, ``silence``, ``clicks`` or ``music``."""

    codec: str = "aac"
    rate: int = 44100
    layout: str = "stereo"
    content: str = "tone"
    frequency: float = 440.0
    seconds: Fraction = Fraction(2)
    seed: int = 1
    bit_rate: int = 96000


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A whole file: ``container`` is a muxer of FFmpeg (``mp4``, ``mov``, ``ipod``), ``options`` are the muxer's."""

    container: str = "mp4"
    video: tuple[VideoSpec, ...] = (VideoSpec(),)
    audio: tuple[AudioSpec, ...] = (AudioSpec(),)
    options: tuple[tuple[str, str], ...] = ()


def make_clip(path: Path, spec: ClipSpec) -> Path:
    """Encode ``spec`` into ``path`` (its folder must exist) and return ``path``.

    Streams stand in the order of the spec, video first; packets are interleaved by decode time.
    """
    options = {"fflags": "+bitexact", **dict(spec.options)}
    with av.open(str(path), "w", format=spec.container, options=options) as container:
        streams = [_add_video(container, video) for video in spec.video]
        streams += [_add_audio(container, audio) for audio in spec.audio]
        packets: list[Any] = []
        sources = [*map(_pictures, spec.video), *map(_sounds, spec.audio)]
        for stream, frames in zip(streams, sources, strict=True):
            for frame in frames:
                packets += stream.encode(frame)
            packets += stream.encode(None)
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        for packet in packets:
            container.mux(packet)
    return path


def drifting_shapes(index: int, width: int, height: int, seed: int) -> Planes:
    """Paint a sliding gradient with a bright square crossing it and some fixed grain: inter coding with a residual."""
    y, x = np.mgrid[0:height, 0:width]
    luma = (x * (seed % 3 + 1) + y + 3 * index + 40 * seed) % 160 + 40
    side = height // 4
    left = (5 * index + 31 * seed) % (width - side)
    top = (3 * index + 17 * seed) % (height - side)
    luma[top : top + side, left : left + side] = 220
    luma += np.random.default_rng(seed * 1000 + index // 4).integers(-6, 7, luma.shape)
    half = (height // 2, width // 2)
    u = np.full(half, 128 + 40 * np.sin(index / 9 + seed), np.uint8)
    v = np.full(half, 128 + 40 * np.cos(index / 7 + seed), np.uint8)
    return luma.astype(np.uint8), u, v


def _pictures(spec: VideoSpec) -> Iterator[Any]:
    paint = spec.paint or drifting_shapes
    width, height = spec.size
    for index in range(spec.frames):
        planes = [plane.ravel() for plane in paint(index, width, height, spec.seed)]
        frame = av.VideoFrame.from_ndarray(np.concatenate(planes).reshape(-1, width), format="yuv420p")
        if spec.pix_fmt != "yuv420p":
            frame = frame.reformat(format=spec.pix_fmt)
        frame.time_base = spec.time_base if spec.pts else 1 / spec.rate
        frame.pts = spec.pts[index] if spec.pts else index
        yield frame


def encoded_sounds(container: Any, spec: AudioSpec) -> Callable[[], list[Any]]:
    """Add a sound track to an open output and return what encodes all of it into packets."""
    stream = _add_audio(container, spec)
    return lambda: [packet for frame in (*_sounds(spec), None) for packet in stream.encode(frame)]


def _sounds(spec: AudioSpec) -> Iterator[Any]:
    total = int(spec.seconds * spec.rate)
    channels = av.AudioLayout(spec.layout).nb_channels
    t = np.arange(total) / spec.rate
    noise = np.random.default_rng(spec.seed)
    sound = np.zeros((channels, total))
    for channel in range(channels):
        if spec.content == "tone":
            wobble = np.sin(2 * np.pi * 1.3 * t + spec.seed)
            sound[channel] = 0.3 * np.sin(2 * np.pi * spec.frequency * (1 + channel / 4) * t + 4 * wobble)
        elif spec.content == "noise":
            sound[channel] = 0.3 * noise.uniform(-1, 1, total)
        elif spec.content == "clicks":
            # Sharp attacks after silence make an AAC encoder switch to short windows.
            sound[channel, :: spec.rate // 7] = 0.9
            sound[channel] += 0.002 * noise.uniform(-1, 1, total)
        elif spec.content == "music":
            beat = np.exp(-8 * (t % 0.5))
            chord = sum(np.sin(2 * np.pi * spec.frequency * (1 + channel / 9) * k * t) / k for k in (1, 2.5, 3, 4.2, 7))
            sound[channel] = (
                0.15 * chord + 0.2 * beat * noise.uniform(-1, 1, total) + 0.02 * noise.uniform(-1, 1, total)
            )
        elif spec.content != "silence":
            raise ValueError(f"unknown sound {spec.content!r}")
    samples = np.round(sound * 32000).astype(np.int16)
    step = 1024
    for start in range(0, total, step):
        block = samples[:, start : start + step]
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block.T).reshape(1, -1), format="s16", layout=spec.layout
        )
        frame.sample_rate = spec.rate
        frame.time_base = Fraction(1, spec.rate)
        frame.pts = start
        yield frame


def _add_video(container: Any, spec: VideoSpec) -> Any:
    stream = container.add_stream(spec.codec, rate=spec.rate, options=_encoder_options(spec))
    stream.width, stream.height = spec.size
    stream.pix_fmt = spec.pix_fmt
    stream.thread_count = 1
    stream.codec_context.time_base = spec.time_base if spec.pts else 1 / spec.rate
    if spec.codec == "libx265":
        stream.codec_context.codec_tag = "hvc1"
    return stream


def _encoder_options(spec: VideoSpec) -> dict[str, str]:
    options = dict(spec.options)
    if spec.codec == "libx264":
        options = {"preset": "veryfast", **({} if "b" in options else {"crf": "26"}), **options}
        # Macroblock-tree rate control with adaptive B-frames gave another file in one run of five.
        options["x264-params"] = ":".join(filter(None, ("mbtree=0", options.get("x264-params", ""))))
    elif spec.codec == "libx265":
        quiet = "log-level=none:pools=1:frame-threads=1"
        options = {"preset": "ultrafast", "crf": "28", **options}
        options["x265-params"] = ":".join(filter(None, (quiet, options.get("x265-params", ""))))
    return options


def _add_audio(container: Any, spec: AudioSpec) -> Any:
    stream = container.add_stream(spec.codec, rate=spec.rate, layout=spec.layout)
    context = cast(Any, stream.codec_context)
    context.time_base = Fraction(1, spec.rate)
    if not spec.codec.startswith("pcm"):
        context.bit_rate = spec.bit_rate
    context.flags |= 1 << 23  # AV_CODEC_FLAG_BITEXACT: no encoder version in the first AAC frame
    return stream
