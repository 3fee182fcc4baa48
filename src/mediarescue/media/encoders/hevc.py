"""HEVC by x265."""

from __future__ import annotations

from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, Wish
from mediarescue.media.encoders.h264 import PRESETS, preset_of, quality_of
from mediarescue.media.encoders.pixel_formats import fits_size, format_note, nearest_format

FORMATS = (
    "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray", "gbrp",
    "yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le", "gbrp10le",
    "yuv420p12le", "yuv422p12le", "yuv444p12le", "gray12le", "gbrp12le",
)  # fmt: skip
SCALE = QualityScale("crf", 0, 51)
DEFAULT_CRF = 19.0


def choose_hevc(wish: Wish) -> Choice:
    """Settle on x265's settings: the source's depth, chroma and frame order."""
    info, options = wish.info, wish.options
    formats = [name for name in FORMATS if fits_size(name, info.width, info.height)]
    pix_fmt = nearest_format(info.pix_fmt, formats or FORMATS)
    settings = {"preset": preset_of(wish, PRESETS, "libx265")}
    # The library talks on standard error of its own accord.
    params = ["log-level=error"]
    if options.lossless:
        params.append("lossless=1")
    else:
        settings["crf"] = f"{quality_of(wish, SCALE, 'libx265', DEFAULT_CRF):g}"
    if wish.target == "avi":
        settings["bf"] = "0"
    settings["x265-params"] = ":".join(params)
    return Choice("libx265", pix_fmt, settings, options.lossless).noting(format_note(info.pix_fmt, pix_fmt))


FAMILY = EncoderFamily("libx265", choose_hevc)
