"""How coarsely a film's pictures are quantised, measured in a few places of the film."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mediarescue.media.info import VideoInfo

if TYPE_CHECKING:
    import av
    import numpy as np
    from numpy.typing import NDArray

PLACES = 3
"""Parts of the film that are looked at."""
FRAMES = 8
"""Frames that are decoded in each of them; of large pictures fewer."""
_PLENTY = 3 * 8 * 1920 * 1080
"""Luma samples that are enough in all."""
PACKETS = 30
"""Packets that are read in each of them where reading is enough."""
VP9_BASE, VP9_BY_INDEX = 12.6, 0.125
"""QP of H.264 for pictures that come out as well as with a base_q_idx of VP9 (measured, docs/encoding.md)."""
_STEP_CODECS = ("mpeg1video", "mpeg2video", "mpeg4", "h263", "flv1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2")
"""Codecs of which FFmpeg tells the step: twice the quantiser scale (ITU-T H.263 6.2, ITU-T H.262 7.4)."""
_BLOCK = 16
QUIET = -6.0
"""Activity below which a block counts as flat: a standard deviation of one step of luma."""


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """How a film was encoded, as far as it decides how its copy should be.

    Attributes
    ----------
    qp : float or None
        Mean quantiser on the scale of H.264's QP, whatever the codec: 4 is a step of 1 in units of an orthonormal
        transform, and 6 more double it (ITU-T H.264 8.5.9). None where nothing tells it.
    activity : float
        How much the blocks of the pictures vary, in steps of QP: by how much an encoder with adaptive quantisation
        makes such pictures coarser than its constant quality says (finer where negative). Flat blocks are left out
        of both means: they cost nothing, and no noise is in them.
    crf : float or None
        The constant quality that x264 or x265 was told, where they wrote it into the film; of VP9 what libvpx would
        have been told.
    frame_bits : float or None
        Mean bits of a frame in the places that were looked at, key frames among them.
    """

    qp: float | None
    activity: float
    crf: float | None = None
    frame_bits: float | None = None


def qp_of_step(step: float) -> float:
    """Return the QP of H.264 whose quantiser step is ``step``, in units of an orthonormal transform."""
    return 4 + 6 * math.log2(max(step, 1e-3))


def step_of_qp(qp: float) -> float:
    """Return the quantiser step of a QP of H.264: the inverse of `qp_of_step`."""
    return float(2 ** ((qp - 4) / 6))


def measure_quality(info: VideoInfo, known: SourceQuality) -> SourceQuality | None:
    """Decode a few frames in each of three places of a film and measure how they were encoded.

    Parameters
    ----------
    known : SourceQuality
        What is known already; its activity is taken from the frames, its quantiser where it is None.

    Returns
    -------
    SourceQuality or None
        None where no frame decodes.
    """
    quantisers: list[float] = []
    activities: list[float] = []
    busy: NDArray[np.bool_] | None = None
    for number, frame in _sampled(info):
        if not number:
            activity = _activity(frame)
            busy = activity > QUIET
            if not busy.any():
                busy[:] = True
            activities.append(float(activity[busy].mean()) if busy.size else 0.0)
        if known.qp is None and (found := _frame_qp(info.codec, frame, busy)) is not None:
            quantisers.append(found)
    if not activities:
        return None
    qp = sum(quantisers) / len(quantisers) if quantisers else known.qp
    crf = known.crf
    if info.codec == "vp9" and qp is not None:
        # libvpx's CRF is a quarter of the index, but for some frames that it makes finer.
        crf = ((qp - VP9_BASE) / VP9_BY_INDEX + 15) / 4
    return replace(known, qp=qp, crf=crf, activity=sum(activities) / len(activities))


def _frame_qp(codec: str, frame: av.VideoFrame, busy: NDArray[np.bool_] | None) -> float | None:
    try:
        data: Any = frame.side_data.get("VIDEO_ENC_PARAMS")
    except ValueError:
        # PyAV has no name for something that FFmpeg attached.
        return None
    if data is None:
        return None
    if codec == "vp9":
        return VP9_BASE + VP9_BY_INDEX * float(data.qp)
    quantisers = data.qp_map()
    if busy is not None and all(map(int.__ge__, quantisers.shape, busy.shape)):
        quantisers = quantisers[: busy.shape[0], : busy.shape[1]][busy]
    mean = float(quantisers.mean())
    return qp_of_step(mean) if codec in _STEP_CODECS else mean


def _activity(frame: av.VideoFrame) -> NDArray[np.float32]:
    """Return log2 of each block's energy without its mean, 0 at the energy 2**14.4; shape (blocks down, across).

    Notes
    -----
    Adaptive quantisation makes a block's QP follow the logarithm of its energy, so that textured blocks hide their
    coarser steps. A block is 16 by 16 luma samples with the chroma samples that lie over them, counted in 8 bits.
    """
    import numpy as np

    from mediarescue.media.planes import plane_views

    views = plane_views(frame)
    depth = int(frame.format.components[0].bits)
    down, across = views[0].shape[0] // _BLOCK, views[0].shape[1] // _BLOCK
    energy = np.zeros((down, across), np.float32)
    if not energy.size:
        return energy
    for view in views[:3]:
        rows, columns = max(1, view.shape[0] // down), max(1, view.shape[1] // across)
        # A row of blocks at a time, to stay small with large pictures.
        for number in range(down):
            band = view[number * rows : (number + 1) * rows, : across * columns].astype(np.float32)
            energy[number] += band.reshape(rows, across, columns).var(axis=(0, 2)) * np.float32(rows * columns)
    energy /= np.float32(4 ** (depth - 8))
    return np.asarray(np.log2(np.maximum(energy, 1)) - np.float32(14.4), np.float32)


def sampled_packets(info: VideoInfo) -> Iterator[bytes]:
    """Yield a film's codec configuration, then the packets of some frames in each of three places."""
    import av

    # Damage ends the sampling early; the encoding of the film will report it.
    with suppress(av.error.FFmpegError), _opened(info) as container:
        stream: Any = container.streams[info.stream_index]
        yield bytes(stream.codec_context.extradata or b"")
        for _ in _places(container, stream, info):
            for packet, _ in zip(container.demux(stream), range(PACKETS), strict=False):
                yield bytes(packet)


def _sampled(info: VideoInfo) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decode the first frames of each place, numbered from 0 in each."""
    import av

    with suppress(av.error.FFmpegError), _opened(info) as container:
        stream: Any = container.streams[info.stream_index]
        # Each thread would hold frames of its own, and start anew in each place.
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"export_side_data": "venc_params"}
        count = max(4, min(FRAMES, _PLENTY // (PLACES * info.width * info.height)))
        for _ in _places(container, stream, info):
            yield from zip(range(count), container.decode(stream), strict=False)


def _opened(info: VideoInfo) -> Any:
    import av

    return av.open(os.fspath(info.path.absolute()), metadata_errors="replace")


def _places(container: Any, stream: Any, info: VideoInfo) -> Iterator[int]:
    # Matroska tells the length of the whole film only.
    length = stream.duration or int((info.duration_seconds or 0) / stream.time_base)
    for place in range(PLACES if length else 1):
        if place:
            container.seek((stream.start_time or 0) + length * place // PLACES, stream=stream)
        yield place
