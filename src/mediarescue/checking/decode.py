"""Ask FFmpeg how much of a coded picture decodes: the one question the bitstream's headers cannot answer."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

_DECODERS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc", b"dvh1": "hevc", b"dvhe": "hevc"}
_BUILT_ON = 2
"""Pictures decoded in front of one that is asked for."""
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
        else the part of the height down to which a picture was written. None where nothing can be told: no
        decoder for the codec, or a format without colour.

    Notes
    -----
    Data read with another picture size often meets no error: what is too narrow or too tall ends early and leaves
    the rest of the buffer as it was, zeros in the colour planes too, which no black is; and what is read as a
    shorter picture is just not read to its end.
    """
    name = _DECODERS.get(codec)
    if name is None or len(configuration) < 23 - 18 * (name == "h264"):
        return None
    whole = _planes(name, configuration, sample)
    if whole is None:
        return 0.0
    if len(whole) < 2:
        return None
    luma, chroma = whole[0], whole[1]
    if (luma.shape[1], luma.shape[0]) != size:
        return 0.0
    shorter = _trimmed(name, configuration, sample)
    less = None if shorter is None else _planes(name, configuration, shorter)
    if less is not None and luma.any() and np.array_equal(less[0], luma):
        return 0.0
    return _written(chroma)


def readable_fraction(codec: bytes, configuration: bytes, samples: Sequence[bytes]) -> float | None:
    """Return which part of a run of pictures a decoder reads to the end, though it may lack what they build on.

    Parameters
    ----------
    codec, configuration
        As for `decoded_fraction`.
    samples : sequence of bytes
        Consecutive access units in decoding order; a damaged one may come first.

    Returns
    -------
    float or None
        None where nothing can be told: no decoder, or no picture of any length.

    Notes
    -----
    What a picture is predicted from may be missing without an error in its own syntax. Read with another frame size or
    other tools most pictures meet an error, and those read as smaller ones do not need the last part of their data.
    """
    name = _DECODERS.get(codec)
    if name is None:
        return None
    verdicts = []
    for index, sample in enumerate(samples):
        shorter = _trimmed(name, configuration, sample)
        if shorter is None:
            continue
        before = samples[max(index - _BUILT_ON, 0) : index]
        whole = _last_read(name, configuration, [*before, sample])
        less = _last_read(name, configuration, [*before, shorter])
        if whole == []:
            return None
        verdicts.append(whole is not None and (less is None or not _same(whole, less)))
    return sum(verdicts) / len(verdicts) if verdicts else None


def _last_read(name: str, configuration: bytes, samples: Sequence[bytes]) -> list[NDArray[np.uint8]] | None:
    """Decode pictures and return the luma of all that come out; None where the last one meets an error.

    Empty without a decoder. Errors of those before do not count.
    """
    import av.error
    from av.packet import Packet

    context = _context(name, configuration, flags="+output_corrupt", flags2="+showall")
    if context is None:
        return []
    frames = []
    for sample in samples:
        last = sample is samples[-1]
        try:
            frames += context.decode(Packet(sample))
        except av.error.FFmpegError:
            if last:
                return None
    with contextlib.suppress(av.error.FFmpegError):
        frames += context.decode(None)
    return [np.frombuffer(memoryview(frame.planes[0]), np.uint8).copy() for frame in frames] or None


def _same(whole: list[NDArray[np.uint8]], less: list[NDArray[np.uint8]]) -> bool:
    return len(whole) == len(less) and all(np.array_equal(a, b) for a, b in zip(whole, less, strict=True))


def _context(name: str, configuration: bytes, **more: str) -> VideoCodecContext | None:
    """Return a decoder that refuses what has an error, None where FFmpeg was built without it."""
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
    context.options = {"err_detect": "explode+crccheck+bitstream+buffer", "ec": "0", **more}
    return context


def _planes(name: str, configuration: bytes, sample: bytes) -> list[NDArray[np.uint8]] | None:
    """Return the first picture's planes, uint8 (height, width) each; none without a decoder, None on an error.

    Of samples of more than 8 bits the low bytes are given.
    """
    import av.error
    from av.packet import Packet

    context = _context(name, configuration)
    if context is None:
        return []
    try:
        frames = [*context.decode(Packet(sample)), *context.decode(None)]
    except av.error.FFmpegError:
        return None
    if not frames:
        return None
    wide = frames[0].format.components[0].bits > 8
    planes = []
    for plane in frames[0].planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        planes.append(np.array(rows[:, : 2 * plane.width : 2] if wide else rows[:, : plane.width]))
    return planes


def _written(chroma: NDArray[np.uint8]) -> float:
    """Return the part of the height above the rows at the bottom that were never written."""
    rows = np.flatnonzero(chroma.any(axis=1))
    return float(rows[-1] + 1) / len(chroma) if len(rows) else 0.0


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
