"""Packets of the encoders for H.263 and MPEG-4 Visual, and how to have them read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np

from mediarescue.bitstream.frames import FrameSyntax
from tests.support.clips import drifting_shapes


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to encode some pictures that move, jump and are noisy now and then; ``flags`` are FFmpeg's."""

    codec: str
    size: tuple[int, int]
    options: tuple[tuple[str, str], ...] = ()
    frames: int = 10
    flags: int = 0
    bit_rate: int = 200_000
    rate: Fraction = Fraction(25)
    seed: int = 1
    calm: bool = False
    """Hardly anything moves: most macroblocks are not coded."""


@cache
def encode(encoding: Encoding) -> list[bytes]:
    """Return the packets in the order of decoding."""
    return _encode(encoding)[0]


@cache
def extradata(encoding: Encoding) -> bytes:
    """Return the headers that stand in the sample entry."""
    return _encode(encoding)[1]


@cache
def _encode(encoding: Encoding) -> tuple[list[bytes], bytes]:
    context: Any = av.CodecContext.create(encoding.codec, "w")
    context.width, context.height = encoding.size
    context.pix_fmt = "yuv420p"
    context.framerate, context.time_base = encoding.rate, 1 / encoding.rate
    context.thread_count = 1
    context.bit_rate = encoding.bit_rate
    context.flags |= encoding.flags
    context.options = dict(encoding.options)
    packets: list[Any] = []
    for index in range(encoding.frames):
        frame = av.VideoFrame.from_ndarray(_picture(encoding, index), format="yuv420p")
        frame.pts, frame.time_base = index, 1 / encoding.rate
        packets += context.encode(frame)
    packets += context.encode(None)
    return [bytes(packet) for packet in packets], bytes(context.extradata or b"")


def _picture(encoding: Encoding, index: int) -> Any:
    width, height = encoding.size
    luma, u, v = drifting_shapes(0 if encoding.calm else index, width, height, encoding.seed)
    if encoding.calm:
        at = 7 * index % (height - 32)
        luma[at : at + 20, 20:50] = 255 if index % 3 else 0
    else:
        if index % 5 == 3:
            luma[: height // 2] = np.random.default_rng(index).integers(0, 256, (height // 2, width))
        luma = np.roll(luma, 3 * index * index % 40, axis=1)
    return np.concatenate([luma.ravel(), u.ravel(), v.ravel()]).reshape(-1, width)


def read_as(syntax: FrameSyntax, samples: list[bytes], tail: bytes) -> list[int]:
    """Return the sizes that are read where each sample stands alone in front of ``tail``; negative where none is."""
    sizes = []
    for sample in samples:
        buf = np.frombuffer(bytearray(sample + tail), np.uint8)
        frame = syntax.frame(buf, 0, len(buf), final=not tail)
        sizes.append(frame if isinstance(frame, int) else frame.size)
    return sizes
