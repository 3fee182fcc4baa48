"""How a film's pictures are encoded again: the plan, and a stream that is ready to take them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

from mediarescue.media.encoded import EncoderPlan
from mediarescue.media.encoders import FAMILIES, Wish
from mediarescue.media.info import VideoInfo
from mediarescue.media.quantiser import SourceQuality
from mediarescue.options import EncodeOptions

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer
    from av.video.stream import VideoStream

UNKNOWN_RATE = Fraction(25)
"""Frames a second for the encoder's rate control where a film does not say."""


def plan_encoder(
    info: VideoInfo, options: EncodeOptions, *, target_container: str, source_quality: SourceQuality | None = None
) -> EncoderPlan:
    """Choose the encoder and its settings for a film.

    Parameters
    ----------
    target_container : str
        FFmpeg's name of the output's muxer.
    source_quality : SourceQuality or None
        How the source is quantised (`pipeline.source_quality` finds it); None for the encoder's default quality.

    Raises
    ------
    UsageError
        For a ``crf`` or ``preset`` that the encoder does not know, or a codec the container cannot hold.
    MissingDependencyError
        When the encoder is not there or does not work on this machine.
    """
    wish = Wish(info, options, target_container, source_quality)
    family = FAMILIES.get(info.codec) or FAMILIES.get("h264")
    assert family is not None
    choice = family.choose(wish)
    container = target_container if target_container in ("mp4", "mov") else "matroska"
    return EncoderPlan(choice.encoder, choice.pix_fmt, choice.options, container, choice.lossless, choice.notes)


def add_stream(
    container: OutputContainer,
    plan: EncoderPlan,
    info: VideoInfo,
    first_frame: av.VideoFrame,
    *,
    threads: int | None = None,
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
    threads : int or None
        As many as the encoder finds best where None.
    """
    rate = (info.rate or UNKNOWN_RATE).limit_denominator(65535)
    stream = cast("VideoStream", container.add_stream(plan.encoder, rate=rate, options=dict(plan.options)))
    context = stream.codec_context
    context.time_base = 1 / rate
    context.width, context.height, context.pix_fmt = info.width, info.height, plan.pix_fmt
    if info.sample_aspect_ratio:
        context.sample_aspect_ratio = info.sample_aspect_ratio
    context.color_range = info.color.range
    context.color_primaries = info.color.primaries
    context.color_trc = info.color.transfer
    context.colorspace = info.color.matrix
    if plan.encoder == "libx265" and container.format.name in ("mp4", "mov"):
        context.codec_tag = "hev1" if info.codec_tag == "hev1" else "hvc1"
    if threads is not None:
        context.thread_count = threads
    return stream
