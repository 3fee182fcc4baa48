"""VP8, VP9 and AV1."""

from __future__ import annotations

from mediarescue.media.encoders.available import encoder_formats
from mediarescue.media.encoders.choice import (
    FINEST_MATCHING,
    Choice,
    EncoderFamily,
    QualityScale,
    UnsuitableError,
    Wish,
)
from mediarescue.media.encoders.h264 import BELOW_QP, BELOW_QP_BY_ACTIVITY, PRESETS
from mediarescue.media.encoders.pixel_formats import format_note, holds_every_sample, nearest_format, sample_layout

SCALE = QualityScale(0, 63)
SVT_SCALE = QualityScale(1, 63)
VP8_SCALE = QualityScale(4, 63)
VPX_SPEEDS = dict(zip(PRESETS, (8, 7, 6, 5, 4, 2, 1, 1, 0, 0), strict=True)) | {str(n): n for n in range(-8, 9)}
SVT_SPEEDS = dict(zip(PRESETS, (12, 11, 10, 9, 8, 6, 5, 4, 3, 2), strict=True)) | {str(n): n for n in range(-1, 14)}
"""By the names of x264's presets, for films of several codecs, and by the encoders' own numbers."""
DEFAULT_VPX_CRF, DEFAULT_VP8_CRF, DEFAULT_SVT_CRF = 20.0, 8.0, 20.0
BELOW_CRF = 4.0
"""How much finer the copy is than VP9 whose own CRF is known."""
ROOM = 1.4
UNLIMITED = 1_000_000_000
SVT_LEAST_SIDE = 64


def choose_vp9(wish: Wish) -> Choice:
    """Settle on libvpx's settings for VP9: the source's depth and chroma."""
    pix_fmt = nearest_format(wish.pix_fmt, [name for name in encoder_formats("libvpx-vp9") if not _alpha(name)])
    settings = {
        "deadline": "good",
        "cpu-used": f"{VPX_SPEEDS[wish.preset(tuple(VPX_SPEEDS), 'libvpx-vp9', 'medium')]}",
        "row-mt": "1",
        "tile-columns": "2",
        "b": "0",
    } | wish.key_distance()
    if wish.options.lossless:
        settings |= {"lossless": "1", "crf": "0"}
    else:
        settings["crf"] = f"{round(wish.quality(SCALE, 'libvpx-vp9', _matching(wish, 'vp9', 2.0, DEFAULT_VPX_CRF)))}"
    exact = holds_every_sample(wish.pix_fmt, pix_fmt)
    choice = Choice("libvpx-vp9", pix_fmt, settings, wish.options.lossless and exact)
    return choice.noting(format_note(wish.pix_fmt, pix_fmt))


def choose_vp8(wish: Wish) -> Choice:
    """Settle on libvpx's settings for VP8, which has 8 bits and 4:2:0 only."""
    settings = {
        "deadline": "good",
        "cpu-used": f"{VPX_SPEEDS[wish.preset(tuple(VPX_SPEEDS), 'libvpx', 'medium')]}",
        "b": f"{_ceiling(wish) or UNLIMITED}",
        "crf": f"{round(wish.quality(VP8_SCALE, 'libvpx', _matching(wish, 'vp8', 3.2, DEFAULT_VP8_CRF)))}",
    } | wish.key_distance()
    return Choice("libvpx", "yuv420p", settings).noting(format_note(wish.pix_fmt, "yuv420p"))


def choose_av1(wish: Wish) -> Choice:
    """Settle on SVT-AV1's settings."""
    info = wish.info
    if min(info.width, info.height) < SVT_LEAST_SIDE:
        raise UnsuitableError(f"SVT-AV1 takes no pictures smaller than {SVT_LEAST_SIDE} x {SVT_LEAST_SIDE}")
    pix_fmt = nearest_format(wish.pix_fmt, encoder_formats("libsvtav1"))
    settings = {"preset": f"{SVT_SPEEDS[wish.preset(tuple(SVT_SPEEDS), 'libsvtav1', 'medium')]}"} | wish.key_distance()
    if wish.options.lossless:
        settings["svtav1-params"] = "lossless=1"
        settings["crf"] = "0"
    else:
        crf = wish.quality(SVT_SCALE, "libsvtav1", _matching(wish, "av1", 1.75, DEFAULT_SVT_CRF))
        settings["crf"] = f"{round(crf)}"
        if ceiling := _ceiling(wish):
            settings |= {"maxrate": f"{ceiling}", "bufsize": f"{2 * ceiling}"}
    # Of deeper samples SVT-AV1 4.1 drops changes by 1 from frame to frame, lossless or not.
    exact = holds_every_sample(wish.pix_fmt, pix_fmt) and sample_layout(pix_fmt).depth == 8
    choice = Choice("libsvtav1", pix_fmt, settings, wish.options.lossless and exact)
    return choice.noting(format_note(wish.pix_fmt, pix_fmt))


def _alpha(pix_fmt: str) -> bool:
    return sample_layout(pix_fmt).alpha


def _matching(wish: Wish, codec: str, slope: float, default: float) -> float:
    """Return the CRF that suits the source; ``slope`` is its steps for one of x264's, from 30 at x264's 20 on."""
    source = wish.source
    if source is None or source.qp is None:
        return default
    if source.crf is not None and wish.info.codec == codec:
        return max(FINEST_MATCHING, source.crf - BELOW_CRF)
    x264 = source.qp - BELOW_QP - BELOW_QP_BY_ACTIVITY * source.activity
    return max(FINEST_MATCHING, 30 + slope * (x264 - 20))


def _ceiling(wish: Wish) -> int:
    """Return bits a second the copy may have at most, as a guard where the source's quantiser is not known."""
    rate = wish.bit_rate
    return round(rate * ROOM) if rate and wish.source_qp is None and wish.options.crf is None else 0


VP8 = EncoderFamily("vp8", "VP8", ("libvpx",), choose_vp8)
VP9 = EncoderFamily("vp9", "VP9", ("libvpx-vp9",), choose_vp9)
AV1 = EncoderFamily("av1", "AV1", ("libsvtav1",), choose_av1)
