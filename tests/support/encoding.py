"""Frames through a plan and back: a piece of film in memory, and what it decodes to."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from mediarescue.media.encoded import EncoderPlan
from mediarescue.media.encoder import add_stream
from mediarescue.media.info import ColorTags, VideoInfo
from mediarescue.media.planes import plane_views
from tests.support.frames import painted_frame


@dataclass(frozen=True, slots=True)
class Piece:
    """What came out of an encoder.

    Attributes
    ----------
    frames : list of av.VideoFrame
        Decoded, in the order of presentation.
    context : dict
        Of the decoder: name, profile, tag, colours, pixel aspect.
    """

    data: bytes
    frames: list[Any]
    context: dict[str, Any]
    extradata: bytes


def film_info(codec: str, pix_fmt: str, size: tuple[int, int] = (160, 96), **fields: Any) -> VideoInfo:
    """Return what a film of ``codec`` would say of itself."""
    shape = av.VideoFormat(pix_fmt, *size)
    said: dict[str, Any] = {
        "path": Path("film.mov"),
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "stream_index": 0,
        "stream_id": 1,
        "codec": codec,
        "codec_tag": "",
        "profile": None,
        "width": size[0],
        "height": size[1],
        "pix_fmt": pix_fmt,
        "bit_depth": max(part.bits for part in shape.components),
        "time_base": Fraction(1, 90000),
        "rate": Fraction(30000, 1001),
        "frame_count": 12,
        "duration_seconds": None,
        "bit_rate": None,
        "has_b_frames": True,
        "sample_aspect_ratio": Fraction(4, 3),
        "color": ColorTags(2 if pix_fmt.startswith("yuvj") else 1, 9, 16, 9),
        "field_order": "progressive",
        "is_isobmff": True,
    }
    return VideoInfo(**said | fields)


def painted_frames(info: VideoInfo, count: int = 12, *, fields: bool = False, seed: int = 1) -> list[Any]:
    """Return frames of noise in the film's format and colours."""
    colour = (info.color.range, info.color.primaries, info.color.transfer, info.color.matrix)
    return [
        painted_frame(
            info.pix_fmt, (info.width, info.height), color=colour, fields=fields, seed=100 * seed + number
        ).decoded
        for number in range(count)
    ]


def encoded_piece(plan: EncoderPlan, info: VideoInfo, frames: Sequence[Any]) -> Piece:
    """Encode frames as the segment writer does, and decode them again."""
    file = io.BytesIO()
    with av.open(file, "w", format=plan.container, options={"fflags": "+bitexact"}) as container:
        stream = add_stream(container, plan, info, frames[0])
        for number, frame in enumerate(frames):
            frame.pict_type = 0
            frame.pts, frame.time_base = number, stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = file.getvalue()
    with av.open(io.BytesIO(data), "r") as written:
        decoder: Any = written.streams.video[0].codec_context
        context = {
            name: getattr(decoder, name)
            for name in (
                "name", "profile", "codec_tag", "color_range", "color_primaries", "color_trc", "colorspace",
                "sample_aspect_ratio", "has_b_frames",
            )
        }  # fmt: skip
        return Piece(data, list(written.decode(video=0)), context, bytes(decoder.extradata or b""))


def planes(frame: Any) -> list[NDArray[Any]]:
    """Return copies of a frame's components."""
    return [np.array(view) for view in plane_views(frame)]


def same_samples(one: Any, other: Any) -> bool:
    """Return whether two frames have the same samples, whatever their layout in memory."""
    return all(np.array_equal(a, b) for a, b in zip(planes(one), planes(other), strict=True))
