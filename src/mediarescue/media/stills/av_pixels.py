"""Pixels of stills by FFmpeg's coders, which keep 16 bits and the stored layout where other libraries convert."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import MissingDependencyError

if TYPE_CHECKING:
    import av


class PixelsError(ValueError):
    """The coded picture cannot be decoded, or not encoded."""


def decode_still(codec: str, data: bytes) -> av.VideoFrame:
    """Decode one coded picture; raises PixelsError where it gives none."""
    import av

    context: Any = av.CodecContext.create(codec, "r")
    # In this thread alone: a decoder with threads of its own may wait for them for ever when an error ends it.
    context.thread_count = 1
    context.options = {"err_detect": "explode"}
    try:
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise PixelsError(getattr(error, "strerror", None) or str(error)) from error
    if not frames or frames[0].is_corrupt:
        raise PixelsError("no whole picture")
    return frames[0]  # type: ignore[no-any-return]


def encode_still(codec: str, frame: av.VideoFrame, options: dict[str, str], *, interlaced: bool = False) -> list[bytes]:
    """Encode one picture and return the encoder's packets; raises PixelsError."""
    import av

    try:
        context: Any = av.CodecContext.create(codec, "w")
    except av.codec.codec.UnknownCodecError as error:
        raise MissingDependencyError(
            f"this PyAV has no encoder {codec!r}; install that of PyPI (pip install --force-reinstall av), or convert "
            "the photo to TIFF first"
        ) from error
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.time_base = Fraction(1)
    context.options = options
    if interlaced:
        context.flags |= av.codec.context.Flags.interlaced_dct
    frame.pts = 0
    try:
        return [bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]]
    except (av.FFmpegError, ValueError) as error:
        raise PixelsError(getattr(error, "strerror", None) or str(error)) from error


def samples_of(frame: av.VideoFrame, channels: int, depth: int) -> NDArray[Any]:
    """View the packed samples of a frame, shape (rows, columns, channels); big-endian where they have 16 bits.

    Notes
    -----
    A view of the frame's own memory, writable for frames of one's own.
    """
    memory: Any = frame.planes[0]
    lines: NDArray[Any] = np.frombuffer(memory, np.uint8)
    line_size = frame.planes[0].line_size
    lines = lines[: frame.height * line_size].reshape(frame.height, line_size)
    width = frame.width * channels * (depth // 8)
    samples = lines[:, :width]
    if depth == 16:
        samples = samples.view(">u2")
    return samples.reshape(frame.height, frame.width, channels)
