"""The codecs of MPEG-1 to MPEG-4 part 2 and their relatives: one quantiser scale for all pictures."""

from __future__ import annotations

from mediarescue.media.encoders.available import encoder_formats
from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, UnsuitableError, Wish
from mediarescue.media.encoders.pixel_formats import format_note, nearest_format
from mediarescue.media.quantiser import step_of_qp

SCALE = QualityScale(1, 31)
FINER_STEP = 0.75
"""The copy's quantiser step over the source's: see docs/encoding.md."""
DEFAULT_QUANTISER = 2.5
LEAST_KEY_DISTANCE = 12
"""Frames from one key frame to the next of these encoders, unless they are told."""
LAMBDA = 118
"""FFmpeg counts quality in 118ths of a quantiser (FF_QP2LAMBDA)."""
H263_SIZES = ((128, 96), (176, 144), (352, 288), (704, 576), (1408, 1152))
"""The picture formats of H.263 (ITU-T H.263 5.1.3)."""


def fixed_quantiser(quantiser: float) -> dict[str, str]:
    """Return the options of FFmpeg's own encoders for one quantiser over the whole film; they count in whole ones."""
    whole = max(1, round(quantiser))
    # A quality by flag is taken from the frames, which do not have it; the rate control's limits are always kept.
    return {"qmin": f"{whole}", "qmax": f"{whole}", "lmin": f"{whole * LAMBDA}", "lmax": f"{whole * LAMBDA}"}


def quality_flag(quality: float) -> dict[str, str]:
    """Return the options for encoders that take one quality for the whole film from FFmpeg's general setting."""
    return {"flags": "+qscale", "global_quality": f"{quality * LAMBDA:.0f}"}


def _matching_quantiser(wish: Wish) -> float:
    # A quantiser scale is half the step of a coefficient.
    return DEFAULT_QUANTISER if wish.source_qp is None else FINER_STEP * step_of_qp(wish.source_qp) / 2


def quantised_family(
    codec: str, title: str, encoder: str, *, reorders: bool = False, interlaces: bool = False
) -> EncoderFamily:
    """Return the family of an encoder of FFmpeg's own that takes one quantiser for all pictures.

    Parameters
    ----------
    reorders, interlaces : bool
        Whether the codec has B-frames and interlaced frames; they are used where the source has them.
    """

    def choose(wish: Wish) -> Choice:
        info = wish.info
        if codec == "h263" and (info.width, info.height) not in H263_SIZES:
            raise UnsuitableError(f"FFmpeg writes no H.263 of {info.width} x {info.height}")
        pix_fmt = nearest_format(wish.pix_fmt, encoder_formats(encoder))
        settings = fixed_quantiser(wish.quality(SCALE, encoder, _matching_quantiser(wish)))
        settings |= wish.key_distance(LEAST_KEY_DISTANCE)
        if reorders and info.has_b_frames and wish.target != "avi":
            settings["bf"] = "2"
        if interlaces and wish.interlaced:
            settings["flags"] = "+ildct+ilme"
        return Choice(encoder, pix_fmt, settings).noting(format_note(wish.pix_fmt, pix_fmt), wish.unused(title))

    return EncoderFamily(codec, title, (encoder,), choose)


FAMILIES = (
    quantised_family("mpeg4", "MPEG-4 part 2", "mpeg4", reorders=True, interlaces=True),
    quantised_family("mpeg2video", "MPEG-2", "mpeg2video", reorders=True, interlaces=True),
    quantised_family("mpeg1video", "MPEG-1", "mpeg1video", reorders=True),
    quantised_family("h263", "H.263", "h263"),
    quantised_family("flv1", "Sorenson H.263", "flv"),
    quantised_family("msmpeg4v2", "MS MPEG-4 version 2", "msmpeg4v2"),
    quantised_family("msmpeg4v3", "MS MPEG-4 version 3", "msmpeg4"),
    quantised_family("wmv1", "Windows Media Video 7", "wmv1"),
    quantised_family("wmv2", "Windows Media Video 8", "wmv2"),
)
