"""How coarsely a film's pictures are quantised, measured in a few places of the film."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mediarescue.media.info import VideoInfo

if TYPE_CHECKING:
    import av
    import numpy as np
    from numpy.typing import NDArray

PLACES = 3
"""Parts of the film that are looked at."""
FRAMES = 8
"""Frames that are decoded in each of them."""
_SCALE_CODECS = ("mpeg1video", "mpeg2video", "mpeg4", "h263", "flv1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2")
"""Codecs whose quantiser scale is half the step of a coefficient (ITU-T H.263 6.2, ITU-T H.262 7.4)."""
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """How a film was encoded, as far as it decides how its copy should be.

    Attributes
    ----------
    qp : float
        Mean quantiser on the scale of H.264's QP, whatever the codec: 4 is a step of 1 in units of an orthonormal
        transform, and 6 more double it (ITU-T H.264 8.5.9).
    activity : float
        How much the blocks of the pictures vary, in steps of QP: by how much an encoder with adaptive quantisation
        makes such pictures coarser than its constant quality says (finer where negative).
    """

    qp: float
    activity: float


def qp_of_step(step: float) -> float:
    """Return the QP of H.264 whose quantiser step is ``step``, in units of an orthonormal transform."""
    return 4 + 6 * math.log2(max(step, 1e-3))


def step_of_qp(qp: float) -> float:
    """Return the quantiser step of a QP of H.264: the inverse of `qp_of_step`."""
    return float(2 ** ((qp - 4) / 6))


def measure_quality(info: VideoInfo, qp: float | None = None) -> SourceQuality | None:
    """Decode a few frames in each of three places of a film and measure how they were encoded.

    Parameters
    ----------
    qp : float or None
        The mean quantiser where it is known already; else that which the decoder tells is taken.

    Returns
    -------
    SourceQuality or None
        None where no frame decodes, or neither knows the quantiser.
    """
    quantisers: list[float] = []
    activities: list[float] = []
    for number, frame in _sampled(info):
        if not number:
            activities.append(_activity(frame))
        if qp is None and (found := _frame_qp(info.codec, frame)) is not None:
            quantisers.append(found)
    if not activities or (qp is None and not quantisers):
        return None
    return SourceQuality(qp if qp is not None else sum(quantisers) / len(quantisers), sum(activities) / len(activities))


def _frame_qp(codec: str, frame: av.VideoFrame) -> float | None:
    data: Any = frame.side_data.get("VIDEO_ENC_PARAMS")
    if data is None or codec == "vp9":
        return None
    mean = float(data.qp_map().mean())
    return qp_of_step(2 * mean) if codec in _SCALE_CODECS else mean


def _activity(frame: av.VideoFrame) -> float:
    """Return the mean of log2 of the blocks' energy without their mean, in steps of QP, 0 at the energy 2**14.4.

    Notes
    -----
    Adaptive quantisation makes a block's QP follow the logarithm of its energy, so that textured blocks hide their
    coarser steps. A block is 16 by 16 luma samples with the chroma samples that lie over them, counted in 8 bits.
    """
    import numpy as np

    from mediarescue.media.planes import plane_views

    views = plane_views(frame)
    depth = int(frame.format.components[0].bits)
    energy: NDArray[np.float32] | None = None
    for view in views[:3]:
        rows = _BLOCK * view.shape[0] // views[0].shape[0]
        columns = _BLOCK * view.shape[1] // views[0].shape[1]
        if not rows or not columns or view.shape[0] < rows or view.shape[1] < columns:
            continue
        part = _block_energy(view, rows, columns) / np.float32(4 ** (depth - 8))
        if energy is None:
            energy = part
        else:
            down, across = (min(a, b) for a, b in zip(energy.shape, part.shape, strict=True))
            energy = energy[:down, :across] + part[:down, :across]
    if energy is None:
        return 0.0
    return float((np.log2(np.maximum(energy, 1)) - 14.4).mean())


def _block_energy(samples: NDArray[Any], rows: int, columns: int) -> NDArray[np.float32]:
    """Return the sum of squared differences from the block's mean, shape (blocks down, blocks across)."""
    import numpy as np

    down, across = samples.shape[0] // rows, samples.shape[1] // columns
    cut = samples[: down * rows, : across * columns].astype(np.float32)
    blocks = cut.reshape(down, rows, across, columns)
    energy: NDArray[np.float32] = blocks.var(axis=(1, 3)) * np.float32(rows * columns)
    return energy


def _sampled(info: VideoInfo) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decode the first frames of each place, numbered from 0 in each."""
    import av

    try:
        with av.open(os.fspath(info.path.absolute()), metadata_errors="replace") as container:
            stream: Any = container.streams[info.stream_index]
            stream.thread_type = "AUTO"
            stream.codec_context.options = {"export_side_data": "venc_params"}
            length = stream.duration or 0
            for place in range(PLACES if length else 1):
                if place:
                    container.seek((stream.start_time or 0) + length * place // PLACES, stream=stream)
                for number, frame in enumerate(container.decode(stream)):
                    yield number, frame
                    if number + 1 == FRAMES:
                        break
    except av.error.FFmpegError:
        # A film that can be read no further is judged by what was read; its encoding will report the damage.
        return
