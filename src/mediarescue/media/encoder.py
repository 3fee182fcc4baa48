"""How a film's pictures are encoded again: the plan, and a stream that is ready to take them."""

from __future__ import annotations

from mediarescue.errors import UsageError
from mediarescue.media.containers import ISOBMFF
from mediarescue.media.encoded import EncoderPlan
from mediarescue.media.encoder_stream import add_stream
from mediarescue.media.encoders import Wish
from mediarescue.media.encoders.available import encoder_codec, piece_container
from mediarescue.media.encoders.choosing import choose_encoder
from mediarescue.media.frame_data import lost_side_data
from mediarescue.media.info import VideoInfo
from mediarescue.media.quantiser import SourceQuality
from mediarescue.options import EncodeOptions


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
        For a ``crf`` or ``preset`` that the encoder does not know, a ``crf`` of a lossless copy, or a codec the
        container cannot hold.
    MissingDependencyError
        When the encoder is not there or does not work on this machine.
    """
    if options.lossless and options.crf is not None:
        raise UsageError("--lossless leaves no quality to choose: give either --crf or --lossless")
    choice = choose_encoder(Wish(info, options, target_container, source_quality))
    container = piece_container(target_container, encoder_codec(choice.encoder))
    lost = lost_side_data(
        info.frame_side_data,
        codec=info.codec,
        encoder=choice.encoder,
        keeps_boxes=info.is_isobmff and target_container in ISOBMFF,
    )
    return EncoderPlan(choice.encoder, choice.pix_fmt, choice.options, container, choice.lossless, choice.notes, lost)


__all__ = ["add_stream", "plan_encoder"]
