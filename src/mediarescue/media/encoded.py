"""Encoded pictures on their way into a film: how they are encoded, and the finished pieces of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class EncoderPlan:
    """How the pictures of one film will be encoded.

    Attributes
    ----------
    encoder : str
        FFmpeg's name (``"libx264"``).
    pix_fmt : str
        What the encoder is given; frames of another format are converted.
    options : dict
        FFmpeg options of the encoder.
    container : str
        FFmpeg's muxer for the finished pieces: ``"mp4"``, ``"mov"``, ``"matroska"``, or ``"nut"`` where none of these
        can hold the codec.
    lossless : bool
        Whether the decoded pictures will equal what the encoder was given.
    notes : tuple of str
        What will differ from the source (codec, profile, depth), in sentences for the report.
    lost : tuple of str
        What the encoder cannot carry over (HDR10+ for one), in sentences.
    """

    encoder: str
    pix_fmt: str
    options: dict[str, str]
    container: str
    lossless: bool = False
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """The new pictures of one track, as finished pieces.

    Attributes
    ----------
    stream_index, stream_id : int
        The track they take the place of, as in `VideoInfo`.
    segments : tuple of Path
        Films of this picture track alone, in order; each begins with a key frame, all have the same parameter sets.
    pts : NDArray[np.int64]
        Shape (frames,), ascending: when each frame is shown, in ticks of `time_base`; of MP4 and MOV the composition
        time of the media, to which the edit list has not been applied (ISO/IEC 14496-12 8.6.1.3, 8.6.6).
    """

    stream_index: int
    stream_id: int
    segments: tuple[Path, ...]
    pts: NDArray[np.int64] = field(repr=False)
    time_base: Fraction
