"""Packets straight from an encoder, without a file around them."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray


def encoded_sound(
    codec: str, rate: int, bit_rate: int = 0, layout: str = "stereo", *, seconds: float = 1.0, seed: int = 1
) -> list[bytes]:
    """Return the packets of an encoder fed with noise that swells and fades."""
    context = cast(Any, av.CodecContext.create(codec, "w"))
    context.sample_rate, context.layout = rate, layout
    context.format = context.codec.audio_formats[0]
    if bit_rate:
        context.bit_rate = bit_rate
    count, channels = int(rate * seconds), av.AudioLayout(layout).nb_channels
    noise = np.random.default_rng(seed).uniform(-1, 1, (count, channels)) * np.sin(np.arange(count) / 3000.0)[:, None]
    sound = (noise * 9000).astype(np.int16)
    resampler = av.AudioResampler(format=context.format, layout=layout, rate=rate)
    packets: list[bytes] = []
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound).reshape(1, -1), format="s16", layout=layout)
    frame.sample_rate = rate
    for made in resampler.resample(frame):
        packets += [bytes(packet) for packet in context.encode(made)]
    return packets + [bytes(packet) for packet in context.encode(None)]


def as_array(data: bytes) -> NDArray[np.uint8]:
    """Return a writable array of the bytes, uint8 (n,)."""
    return np.frombuffer(bytearray(data), dtype=np.uint8)
