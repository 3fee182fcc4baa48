"""Ask FFmpeg how much of a coded picture decodes: the one question the bitstream's headers cannot answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DECODERS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc", b"dvh1": "hevc", b"dvhe": "hevc"}
_ROWS = 16
_TRIMMED = 0.1
"""Part of the last slice whose loss must show in the picture."""


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
        0 where the decoder meets an error or another picture size, or does not need the last part of the data;
        else the part of the height down to which there is a picture. None where nothing can be told: no decoder
        for the codec, or a picture of one colour.

    Notes
    -----
    Data read with another picture size often meets no error: HEVC that is too narrow or too tall ends early and
    leaves the rest flat, and what is read as a shorter picture is just not read to its end.
    """
    name = _DECODERS.get(codec)
    if name is None or len(configuration) < 23 - 18 * (name == "h264"):
        return None
    whole = _luma(name, configuration, sample)
    if whole is None:
        return 0.0
    if whole.size == 0:
        return None
    if (whole.shape[1], whole.shape[0]) != size:
        return 0.0
    covered = _covered(whole)
    if covered == 0.0:
        return None
    shorter = _trimmed(name, configuration, sample)
    less = None if shorter is None else _luma(name, configuration, shorter)
    if less is not None and np.array_equal(less, whole):
        return 0.0
    return covered


def _luma(name: str, configuration: bytes, sample: bytes) -> NDArray[np.uint8] | None:
    """Return the first picture's luma bytes, uint8 (height, bytes a row); empty without a decoder, None on an error."""
    import av.error
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext

    try:
        context = VideoCodecContext.create(name, "r")
    except (ValueError, av.error.FFmpegError):
        return np.zeros((0, 0), np.uint8)
    if not isinstance(context, VideoCodecContext):
        return np.zeros((0, 0), np.uint8)
    context.extradata = configuration
    context.thread_count = 1
    context.options = {"err_detect": "explode+crccheck+bitstream+buffer", "ec": "0"}
    try:
        frames = [*context.decode(Packet(sample)), *context.decode(None)]
    except av.error.FFmpegError:
        return None
    if not frames:
        return None
    plane = frames[0].planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    bytes_a_sample = 1 + (frames[0].format.components[0].bits > 8)
    pixels = rows[:, : plane.width * bytes_a_sample]
    return np.array(pixels if bytes_a_sample == 1 else pixels.reshape(plane.height, -1, 2)[:, :, 0])


def _covered(luma: NDArray[np.uint8]) -> float:
    """Return the part of the height above the flat rows at the bottom; 0.0 for a picture of one colour."""
    bands = luma[: len(luma) // _ROWS * _ROWS].reshape(-1, _ROWS * luma.shape[1])
    alive = np.flatnonzero(bands.min(axis=1) != bands.max(axis=1))
    return float(alive[-1] + 1) / len(bands) if len(alive) else 0.0


def _trimmed(name: str, configuration: bytes, sample: bytes) -> bytes | None:
    """Return the sample with a part of its last base-layer slice cut off, None where it has none of any length."""
    width = 1 + (configuration[4 if name == "h264" else 21] & 3)
    last, pos = (-1, 0), 0
    while pos + width < len(sample):
        size = int.from_bytes(sample[pos : pos + width], "big")
        head = sample[pos + width : pos + width + 2]
        if _is_slice(name, head):
            last = (pos, size)
        pos += width + size
    at, size = last
    if at < 0 or size < 200 or at + width + size > len(sample):
        return None
    kept = int(size * (1 - _TRIMMED))
    body = at + width
    return sample[:at] + kept.to_bytes(width, "big") + sample[body : body + kept] + sample[body + size :]


def _is_slice(name: str, head: bytes) -> bool:
    """Whether a NAL unit header is that of a slice of the base layer."""
    if len(head) < 2:
        return False
    if name == "h264":
        return head[0] & 31 in (1, 5)
    return head[0] >> 1 < 32 and not head[0] & 1 and not head[1] >> 3
