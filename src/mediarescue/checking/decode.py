"""Ask FFmpeg how much of a coded picture decodes: the one question the bitstream's headers cannot answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import av

_DECODERS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc", b"dvh1": "hevc", b"dvhe": "hevc"}
_ROWS = 16


def decoded_fraction(codec: bytes, configuration: bytes, sample: bytes, size: tuple[int, int]) -> float | None:
    """Decode one sync sample alone, without concealment.

    Parameters
    ----------
    codec : bytes
        Type of the sample entry.
    configuration : bytes
        Payload of its ``avcC`` or ``hvcC`` box.
    sample : bytes
        An access unit with length-prefixed NAL units.
    size : (int, int)
        Width and height the picture should have.

    Returns
    -------
    float or None
        0 where the decoder meets an error or another picture size, else the part of the height down to which
        there is a picture; None where FFmpeg has no decoder for the codec.

    Notes
    -----
    HEVC data read with another picture size ends early without an error: the rest of the picture stays flat.
    """
    name = _DECODERS.get(codec)
    if name is None:
        return None
    import av
    import av.error
    from av.video.codeccontext import VideoCodecContext

    try:
        context = VideoCodecContext.create(name, "r")
    except (ValueError, av.error.FFmpegError):
        return None
    if not isinstance(context, VideoCodecContext):
        return None
    context.extradata = configuration
    context.thread_count = 1
    context.options = {"err_detect": "explode+crccheck+bitstream+buffer", "ec": "0"}
    try:
        frames = [*context.decode(av.Packet(sample)), *context.decode(None)]
    except av.error.FFmpegError:
        return 0.0
    if not frames or not isinstance(frames[0], av.VideoFrame) or (frames[0].width, frames[0].height) != size:
        return 0.0
    return _covered(frames[0])


def _covered(frame: av.VideoFrame) -> float:
    """Return the part of the height above the flat rows at the bottom, 1.0 for a picture without any."""
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
    bands = rows[: len(rows) // _ROWS * _ROWS].reshape(-1, _ROWS * rows.shape[1])
    alive = np.flatnonzero(bands.min(axis=1) != bands.max(axis=1))
    return float(alive[-1] + 1) / len(bands) if len(alive) else 0.0
