"""H.264 by x264."""

from __future__ import annotations

from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, UnsuitableError, Wish
from mediarescue.media.encoders.pixel_formats import (
    fits_size,
    format_note,
    holds_every_sample,
    nearest_format,
    sample_layout,
)

FORMATS = (
    "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p",
    "yuv420p10le", "yuv422p10le", "yuv444p10le",
)  # fmt: skip
"""Without grey: FFmpeg decodes monochrome H.264 to 4:2:0, and many players do not play it."""
RGB = "rgb24"
PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip
SCALE = QualityScale(0, 51)
DEFAULT_CRF = 18.0
"""Where nothing is known of the source: hardly a difference to be seen in any material."""
BELOW_QP, BELOW_QP_BY_ACTIVITY = 7.3, 0.9
"""x264's CRF under the source's mean quantiser, so that the copy adds less than half of the noise that the source
already has: x264's own quantiser is over its CRF by an amount that depends on the pictures (docs/encoding.md)."""
BELOW_CRF = 2.5
"""The CRF under that of a source which x264 made."""
LOOKAHEADS = dict(zip(PRESETS, (0, 0, 10, 20, 30, 40, 50, 60, 60, 60), strict=True))
LOOKAHEAD_BYTES = 20 * 3840 * 2160
"""Luma that may wait in the look-ahead: half a gigabyte of memory with all that belongs to it."""
LEAST_LOOKAHEAD = 8
PROFILES = {"Constrained Baseline": "baseline", "Baseline": "baseline", "Main": "main"}
"""What x264 has to be told; the higher profiles follow from the format."""
PLAYBACK_NOTE = (
    "lossless H.264 (profile High 4:4:4 Predictive) is large, and played by computers' players but not by most "
    "phones, televisions and browsers"
)


def choose_h264(wish: Wish) -> Choice:
    """Settle on x264's settings: the source's depth, chroma, profile and fields."""
    info, options = wish.info, wish.options
    settings = {"preset": wish.preset(PRESETS, "x264", "medium")} | wish.key_distance()
    if sample_layout(wish.pix_fmt).rgb and holds_every_sample(wish.pix_fmt, RGB):
        encoder, pix_fmt = "libx264rgb", RGB
    else:
        encoder = "libx264"
        # Cropping counts in whole chroma samples of a field (ITU-T H.264 7.4.2.1.1).
        fields = 2 if wish.interlaced else 1
        formats = [name for name in FORMATS if fits_size(name, info.width, info.height, fields=fields)]
        if not formats:
            raise UnsuitableError(f"H.264 has no interlaced pictures of {info.width} x {info.height}")
        pix_fmt = nearest_format(wish.pix_fmt, formats)
    exact = holds_every_sample(wish.pix_fmt, pix_fmt)
    matching = wish.matching_crf("h264", BELOW_CRF, BELOW_QP, BELOW_QP_BY_ACTIVITY, DEFAULT_CRF)
    crf = wish.quality(SCALE, encoder, matching)
    # Of 8 bits, that is what x264 makes of a CRF below 1; with more the scale goes on below 0.
    lossless = options.lossless or (crf < 1 and sample_layout(pix_fmt).depth == 8)
    if lossless:
        settings["qp"] = "0"
        # FFmpeg has x264 take its settings anew where fields or stereo views change, and this one comes back then.
        settings["fast-pskip"] = "0"
    else:
        settings["crf"] = f"{crf:g}"
        if info.codec == "h264":
            settings |= _profile(info.profile or "", pix_fmt)
    frames = shorter_lookahead(
        LOOKAHEADS[settings["preset"]], LEAST_LOOKAHEAD, LOOKAHEAD_BYTES, luma_size(wish, pix_fmt)
    )
    if frames is not None:
        settings["rc-lookahead"] = f"{frames}"
    if wish.target == "avi":
        # AVI has no times to tell the order of storage from that of showing.
        settings["bf"] = "0"
    if wish.interlaced:
        settings["flags"] = "+ildct+ilme"
        settings["x264-params"] = "tff=1" if wish.top_field_first else "bff=1"
    choice = Choice(encoder, pix_fmt, settings, lossless and exact)
    return choice.noting(format_note(wish.pix_fmt, pix_fmt), PLAYBACK_NOTE if lossless else "")


def shorter_lookahead(usual: int, least: int, budget: int, luma_bytes: int) -> int | None:
    """Return how many frames an encoder may look ahead in large pictures, on which it spends most memory.

    Parameters
    ----------
    usual, least : int
        Frames of the preset, and those it cannot do without.
    budget : int
        Bytes of luma that may wait; ``luma_bytes`` are those of one frame.

    Returns
    -------
    int or None
        None where the preset's own number will do.
    """
    frames = max(least, budget // luma_bytes)
    return frames if frames < usual else None


def luma_size(wish: Wish, pix_fmt: str) -> int:
    """Return the bytes of a frame's luma in a format."""
    return wish.info.width * wish.info.height * (2 if sample_layout(pix_fmt).depth > 8 else 1)


def _profile(source: str, pix_fmt: str) -> dict[str, str]:
    if source.endswith("Intra"):
        return {"g": "1"}
    profile = PROFILES.get(source)
    layout = sample_layout(pix_fmt)
    return {"profile": profile} if profile and layout.depth == 8 and layout.chroma == (1, 1) else {}


FAMILY = EncoderFamily("h264", "H.264", ("libx264", "libx264rgb"), choose_h264)
