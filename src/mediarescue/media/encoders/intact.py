"""Codecs that keep every sample."""

from __future__ import annotations

from mediarescue.media.encoders.available import encoder_formats
from mediarescue.media.encoders.choice import Choice, EncoderFamily, UnsuitableError, Wish
from mediarescue.media.encoders.pixel_formats import holds_every_sample, nearest_format

FFV1_NOTE = (
    "FFV1 is large, and played by VLC, mpv and FFmpeg but not by QuickTime, phones and televisions: "
    "a copy to work on or to keep"
)
FFV1_SLICES = 4
_FLOATS = ("f16le", "f32le")
"""Need the experimental fourth version of FFV1."""


def intact_family(codec: str, title: str, encoder: str, settings: dict[str, str], note: str = "") -> EncoderFamily:
    """Return the family of an encoder that keeps every sample of the formats it takes."""

    def choose(wish: Wish) -> Choice:
        formats = [name for name in encoder_formats(encoder) if not name.endswith(_FLOATS)] or [wish.pix_fmt]
        pix_fmt = nearest_format(wish.pix_fmt, formats)
        if not holds_every_sample(wish.pix_fmt, pix_fmt):
            raise UnsuitableError(f"{title} has no {wish.pix_fmt}")
        return Choice(encoder, pix_fmt, dict(settings), True).noting(
            note if wish.info.codec != codec else "", wish.unused(title, crf=True)
        )

    return EncoderFamily(codec, title, (encoder,), choose, selective=True)


FAMILIES = (
    intact_family(
        "ffv1", "FFV1", "ffv1",
        {"level": "3", "g": "1", "slices": f"{FFV1_SLICES}", "slicecrc": "1", "coder": "range_def"}, FFV1_NOTE,
    ),
    intact_family("ffvhuff", "FFmpeg's HuffYUV", "ffvhuff", {}),
    intact_family("huffyuv", "HuffYUV", "huffyuv", {}),
    intact_family("utvideo", "Ut Video", "utvideo", {}),
    intact_family("magicyuv", "MagicYUV", "magicyuv", {}),
    intact_family("png", "PNG", "png", {}),
    intact_family("qtrle", "QuickTime Animation", "qtrle", {}),
    intact_family("rawvideo", "uncompressed video", "rawvideo", {}),
    intact_family("v210", "uncompressed 4:2:2 of 10 bits", "v210", {}),
    intact_family("r210", "uncompressed RGB of 10 bits", "r210", {}),
)  # fmt: skip
