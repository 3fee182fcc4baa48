"""A stream in a container that encodes frames as planned and carries the source's tags."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from mediarescue.media.encoded import EncoderPlan
from mediarescue.media.encoders.available import encoder_codec
from mediarescue.media.encoders.quirks import with_quirks
from mediarescue.media.info import ColorTags, VideoInfo
from mediarescue.media.light import with_light_level

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer
    from av.video.stream import VideoStream

UNKNOWN_RATE = Fraction(25)
"""Frames a second for the encoder's rate control where a film does not say."""
LARGEST_TICKS = 65535
"""MPEG-4 part 2 counts a second in 16 bits (ISO/IEC 14496-2 6.3.3), which suits the others as well."""
_MPEG_RATES = tuple(map(Fraction, ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")))
_RATES = {
    "mpeg1video": _MPEG_RATES,
    "mpeg2video": _MPEG_RATES,
    "dvvideo": (Fraction(25), Fraction(30000, 1001)),
}
"""The only rates of some encoders (ITU-T H.262 6.3.3); the container's times are right whatever the pictures say."""


def add_stream(
    container: OutputContainer, plan: EncoderPlan, info: VideoInfo, first_frame: av.VideoFrame
) -> VideoStream:
    """Add a stream to a piece's container that encodes as planned and carries the source's tags.

    The stream counts frames: its codec context's time base is one frame, so that no encoder has to bear the source's
    times, and equal pictures give equal bytes wherever a piece begins. Give it frames with ``pts`` 0, 1, 2, ... of
    that time base and ``pict_type`` 0 (the decoder's own type would otherwise be forced on the encoder), and with
    their interlacing flags kept.

    Parameters
    ----------
    first_frame : av.VideoFrame
        The film's first frame, for what only frames say (mastering display, light level). The same frame for every
        piece of a film, so that all have the same parameter sets.
    """
    rate = _rate(plan.encoder, info.rate)
    options = with_light_level(plan.encoder, with_quirks(plan.encoder, plan.options, info.width), first_frame)
    stream = cast(
        "VideoStream", container.add_stream(plan.encoder, rate=rate, options=options, **_device(plan.encoder))
    )
    context: Any = stream.codec_context
    context.time_base = 1 / rate
    context.width, context.height, context.pix_fmt = info.width, info.height, plan.pix_fmt
    # Of PyAV's own accord threads share a frame, which costs x264 quality and speed.
    context.thread_type = "AUTO"
    context.thread_count = 0
    if info.sample_aspect_ratio:
        context.sample_aspect_ratio = info.sample_aspect_ratio
    colour = _colour(info, first_frame)
    context.color_range = colour.range
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
    context.colorspace = colour.matrix
    tag = _codec_tag(container.format.name, plan.encoder, info)
    if tag is not None:
        context.codec_tag = tag
    return stream


def _colour(info: VideoInfo, frame: av.VideoFrame) -> ColorTags:
    """Return what the pictures themselves say of their colours, which a container may contradict; else what it says."""

    def said(by_frame: int, by_film: int, unspecified: int) -> int:
        return int(by_film if int(by_frame) == unspecified else by_frame)

    film = info.color
    return ColorTags(
        said(frame.color_range, film.range, 0),
        said(frame.color_primaries, film.primaries, 2),
        said(frame.color_trc, film.transfer, 2),
        said(frame.colorspace, film.matrix, 2),
    )


def _rate(encoder: str, rate: Fraction | None) -> Fraction:
    rate = rate or UNKNOWN_RATE
    if encoder in _RATES:
        return min(_RATES[encoder], key=lambda allowed: abs(allowed - rate))
    tick = (1 / rate).limit_denominator(LARGEST_TICKS)
    return 1 / tick if tick else Fraction(LARGEST_TICKS)


def _codec_tag(container: str, encoder: str, info: VideoInfo) -> str | None:
    """Return the source's name of the sample entry where FFmpeg would choose another one."""
    if container not in ("mp4", "mov"):
        return None
    codec = encoder_codec(encoder)
    if codec == "hevc":
        return "hev1" if info.codec_tag == "hev1" else "hvc1"
    return None


def _device(encoder: str) -> dict[str, Any]:
    if not encoder.endswith("_vaapi"):
        return {}
    from av.codec.hwaccel import HWAccel

    return {"hwaccel": HWAccel("vaapi")}
