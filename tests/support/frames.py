"""Frames in memory, as the decoder would give them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from mediarescue.media.planes import FramePlanes, plane_views


def painted_frame(
    pix_fmt: str,
    size: tuple[int, int] = (32, 16),
    *,
    color: tuple[int, int, int, int] = (1, 1, 1, 1),
    values: tuple[int, ...] = (),
    fields: bool = False,
    seed: int = 1,
) -> FramePlanes:
    """Return a frame of one colour (``values``), or of noise within the colours that RGB holds.

    ``color`` is range, primaries, transfer, matrix as FFmpeg numbers them.
    """
    frame = av.VideoFrame(*size, pix_fmt)
    noise = np.random.default_rng(seed)
    for number, view in enumerate(plane_views(frame)):
        bits = frame.format.components[0].bits
        step = 1 << (bits - 8)
        low, high = (90, 150) if number == 0 else (115, 141)
        samples: Any = noise.integers(low * step, high * step, view.shape)
        view[:] = values[number] if values else samples
    frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace = color
    frame.pts = 0
    if fields:
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=size[0], height=size[1], format=av.VideoFormat(pix_fmt), time_base=Fraction(1, 25)
        )
        graph.link_nodes(source, graph.add("setfield", "tff"), graph.add("buffersink"))
        graph.configure()
        graph.vpush(frame)
        frame = graph.vpull()
    return FramePlanes(frame, 0, Fraction(1, 25))
