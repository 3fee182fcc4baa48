"""The encoder for a film: that of its own codec, the one that was asked for, or the nearest."""

from __future__ import annotations

from dataclasses import replace

from mediarescue.errors import MissingDependencyError, UsageError
from mediarescue.media.containers import ISOBMFF
from mediarescue.media.encoders import FAMILIES, intact
from mediarescue.media.encoders.available import container_holds, encoder_codec, is_hardware, video_encoders
from mediarescue.media.encoders.choice import Choice, EncoderFamily, UnsuitableError, Wish
from mediarescue.media.encoders.hardware import choose_named
from mediarescue.media.encoders.pixel_formats import loses_something
from mediarescue.media.encoders.trial import try_out

NEAREST = ("h264", "hevc", "prores", "vp9", "av1", "mpeg2video", "dvvideo", "vp8", "ffv1")
"""Codecs in whose place another has no encoder, the most widely played first."""
LOSSLESS = ("ffv1", "h264", "hevc", "vp9", "av1", "utvideo", "ffvhuff", "png", "qtrle", "rawvideo")


_LOSES_NOTHING = {
    "8bps", "apng", "avrp", "ayuv", "bmp", "cscd", "dpx", "flashsv", "flashsv2", "fraps", "gif", "jpegls", "lagarith",
    "ljpeg", "loco", "mszh", "msrle", "qdraw", "r10k", "rscc", "screenpresso", "sgi", "targa", "tiff", "tscc", "v308",
    "v408", "v410", "y41p", "yuv4", "zlib", "zmbv", *(family.codec for family in intact.FAMILIES),
}  # fmt: skip
"""Codecs that keep every sample: what takes their place does, too."""


def choose_encoder(wish: Wish) -> Choice:
    """Choose the encoder and its settings.

    Raises
    ------
    UsageError
        The container holds no codec that will do, or the wish cannot be met by the encoder.
    MissingDependencyError
        This FFmpeg does not have the encoder.
    """
    if wish.options.encoder is not None:
        return _asked_for(wish, wish.options.encoder)
    own = FAMILIES.get(wish.info.codec)
    if own is None:
        return _nearest(wish, f"FFmpeg has no encoder for {wish.info.codec}")
    # Our own writer of these gives the new pictures the place of the old ones, whatever a muxer thinks of the codec.
    in_place = wish.info.is_isobmff and wish.target in ISOBMFF
    if not in_place and not container_holds(wish.target, own.codec):
        return _nearest(wish, f"{wish.target} files hold no {own.title}")
    try:
        choice = _chosen(own, wish)
    except UnsuitableError as reason:
        return _nearest(wish, str(reason))
    if wish.options.lossless and not choice.lossless:
        return _nearest(wish, f"{own.title} cannot keep every sample")
    if choice.notes and loses_something(wish.pix_fmt, choice.pix_fmt):
        # The codec could hold the pictures, this encoder of it cannot: another codec may keep all of them.
        try:
            return _nearest(wish, f"FFmpeg's encoder {choice.encoder} takes no {wish.pix_fmt}", keeping=True)
        except UsageError:
            return choice
    return choice


def _nearest(wish: Wish, reason: str, *, keeping: bool = False) -> Choice:
    """Choose the first codec that keeps every sample's place; else, unless ``keeping``, the first that works at all."""
    if wish.info.codec in _LOSES_NOTHING:
        wish = replace(wish, options=replace(wish.options, lossless=True))
    first: tuple[Choice, EncoderFamily] | None = None
    for codec in LOSSLESS if wish.options.lossless else NEAREST:
        family = FAMILIES.get(codec)
        if family is None or codec == wish.info.codec or not container_holds(wish.target, codec):
            continue
        try:
            choice = _chosen(family, wish)
        except UnsuitableError:
            continue
        if wish.options.lossless and not choice.lossless:
            continue
        if not loses_something(wish.pix_fmt, choice.pix_fmt):
            return choice.noting(_codec_note(reason, family))
        first = first or (choice, family)
    if first is not None and not keeping and not wish.options.lossless:
        return first[0].noting(_codec_note(reason, first[1]))
    what = "without loss" if wish.options.lossless else "again"
    raise UsageError(
        f"{reason}, and no other codec of {wish.target} files takes {wish.pix_fmt} pictures of "
        f"{wish.info.width} x {wish.info.height} {what}; give an output with the extension .mov or .mkv"
    )


def _codec_note(reason: str, family: EncoderFamily) -> str:
    return f"the pictures become {family.title}: {reason}"


def _chosen(family: EncoderFamily, wish: Wish) -> Choice:
    choice = family.choose(wish)
    if family.selective:
        try_out(wish, choice)
    return choice


def _asked_for(wish: Wish, name: str) -> Choice:
    # A codec's name stands for the encoder that is used for films of it.
    family = FAMILIES.get(name) or next((family for _, family in FAMILIES if name in family.encoders), None)
    encoder = name if family is None or name in family.encoders else family.encoders[0]
    codec = encoder_codec(encoder)
    if not container_holds(wish.target, codec):
        raise UsageError(
            f"{encoder} makes {codec}, which {wish.target} files cannot hold; "
            "give another --encoder or an output with another extension, such as .mkv"
        )
    if family is None:
        choice = choose_named(wish, encoder)
        try:
            try_out(wish, choice)
        except UnsuitableError as reason:
            raise MissingDependencyError(_not_working(encoder, codec, reason)) from reason
        return choice
    try:
        choice = _chosen(family, wish)
    except UnsuitableError as reason:
        raise UsageError(f"{encoder} cannot take the pictures of {wish.info.path.name}: {reason}") from reason
    if wish.options.lossless and not choice.lossless:
        raise UsageError(f"{encoder} cannot keep every sample of {wish.pix_fmt} pictures; leave out --encoder")
    return choice


def _not_working(encoder: str, codec: str, reason: UnsuitableError) -> str:
    others = [name for name in video_encoders() if not is_hardware(name) and encoder_codec(name) == codec]
    there = f"; for {codec} there is {', '.join(others)}" if others else ""
    device = ": its device or driver may be missing" if is_hardware(encoder) else ""
    return f"{encoder} does not work on this machine{device}: {reason}{there}"
