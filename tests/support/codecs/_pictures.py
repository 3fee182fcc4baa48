"""Pictures encoded one by one, for tracks that no muxer here lays out as cameras do."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np

from tests.support.clips import drifting_shapes


def encoded_pictures(
    codec: str,
    count: int,
    *,
    seed: int,
    size: tuple[int, int] = (160, 120),
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    rate: int = 25,
    bit_rate: int = 0,
) -> list[bytes]:
    """Return ``count`` packets of an encoder of FFmpeg."""
    context = cast(Any, av.CodecContext.create(codec, "w"))
    context.width, context.height = size
    context.pix_fmt = pix_fmt
    context.time_base = Fraction(1, rate)
    context.framerate = Fraction(rate)
    context.options = options or {}
    context.thread_count = 1
    if bit_rate:
        context.bit_rate = bit_rate
    packets: list[Any] = []
    for index in range(count):
        planes = [plane.ravel() for plane in drifting_shapes(index, *size, seed)]
        frame = av.VideoFrame.from_ndarray(np.concatenate(planes).reshape(-1, size[0]), format="yuv420p")
        frame = frame.reformat(format=pix_fmt)
        frame.time_base, frame.pts = Fraction(1, rate), index
        packets += context.encode(frame)
    packets += context.encode(None)
    return [bytes(packet) for packet in packets]


def visual_entry(size: tuple[int, int] = (160, 120)) -> bytes:
    """Return the body of a visual sample entry behind its common 8 bytes (ISO/IEC 14496-12 12.1.3)."""
    return struct.pack(">16xHHIIIH32xHh", *size, 72 << 16, 72 << 16, 0, 1, 24, -1)
