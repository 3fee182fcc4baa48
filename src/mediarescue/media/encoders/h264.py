"""H.264 by x264."""

from __future__ import annotations

from mediarescue.errors import UsageError
from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, Wish
from mediarescue.media.encoders.pixel_formats import fits_size, format_note, nearest_format, sample_layout

FORMATS = (
    "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray",
    "yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le",
)  # fmt: skip
PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip
SCALE = QualityScale("crf", 0, 51)
DEFAULT_CRF = 18.0
"""Where nothing is known of the source: hardly a difference to be seen in any material."""
FINER = 3.3
"""How much finer than the source's the copy's quantiser is: see docs/encoding.md."""
ABOVE_CRF, ABOVE_CRF_BY_ACTIVITY = 4.6, 0.9
"""x264's mean quantiser over its CRF: look-ahead and adaptive quantisation move it (measured, docs/encoding.md)."""

PROFILES = {"Constrained Baseline": "baseline", "Baseline": "baseline", "Main": "main"}
"""What x264 has to be told; the higher profiles follow from the format."""


def choose_h264(wish: Wish) -> Choice:
    """Settle on x264's settings: the source's depth, chroma, profile, fields and frame order."""
    info, options = wish.info, wish.options
    rows = 2 if wish.interlaced else 1
    # Cropping counts in whole chroma samples, of one field where there are two (ITU-T H.264 7.4.2.1.1).
    formats = [name for name in FORMATS if fits_size(name, info.width, info.height, rows=rows)]
    pix_fmt = nearest_format(info.pix_fmt, formats or FORMATS)
    settings = {"preset": preset_of(wish, PRESETS, "libx264")}
    if options.lossless:
        settings["qp"] = "0"
    else:
        settings["crf"] = f"{quality_of(wish, SCALE, 'libx264', _matching_crf(wish)):g}"
        profile = PROFILES.get(info.profile or "")
        if profile and info.codec == "h264" and sample_layout(pix_fmt) == sample_layout("yuv420p"):
            settings["profile"] = profile
    if wish.target == "avi":
        # AVI has no times to tell the order of storage from that of showing.
        settings["bf"] = "0"
    if info.profile and info.profile.endswith("Intra"):
        settings["g"] = "1"
    if wish.interlaced:
        settings["flags"] = "+ildct+ilme"
    return Choice("libx264", pix_fmt, settings, options.lossless).noting(format_note(info.pix_fmt, pix_fmt))


def preset_of(wish: Wish, presets: tuple[str, ...], encoder: str, default: str = "medium") -> str:
    """Return the wished preset or the default; raises `UsageError` for one the encoder does not have."""
    preset = wish.options.preset
    if preset is None:
        return default
    if preset not in presets:
        raise UsageError(f"{encoder} has no preset {preset!r}: give one of {', '.join(presets)}.")
    return preset


def quality_of(wish: Wish, scale: QualityScale, encoder: str, matching: float) -> float:
    """Return the constant quality as wished, else ``matching`` as far as the scale goes."""
    if wish.options.crf is not None:
        return scale.checked(wish.options.crf, encoder)
    return round(scale.clamped(matching), 1)


def _matching_crf(wish: Wish) -> float:
    source = wish.source
    if source is None:
        return DEFAULT_CRF
    return source.qp - FINER - ABOVE_CRF - ABOVE_CRF_BY_ACTIVITY * source.activity


FAMILY = EncoderFamily("libx264", choose_h264)
