"""HEVC by x265."""

from __future__ import annotations

from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, UnsuitableError, Wish
from mediarescue.media.encoders.h264 import PRESETS, luma_size, shorter_lookahead
from mediarescue.media.encoders.pixel_formats import fits_size, format_note, holds_every_sample, nearest_format

FORMATS = (
    "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray", "gbrp",
    "yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le", "gbrp10le",
    "yuv420p12le", "yuv422p12le", "yuv444p12le", "gray12le", "gbrp12le",
)  # fmt: skip
SCALE = QualityScale(0, 51)
DEFAULT_CRF = 19.0
BELOW_QP, BELOW_QP_BY_ACTIVITY = 7.3, 0.7
BELOW_CRF = 2.0
"""As those of x264, see there."""
LOOKAHEADS = dict(zip(PRESETS, (5, 10, 15, 15, 15, 20, 25, 40, 40, 60), strict=True))
LOOKAHEAD_BYTES = 10 * 3840 * 2160
LEAST_LOOKAHEAD, HUGE_LOOKAHEAD = 9, 4
"""More than the B-frames in a row, which x265 has to see: 8 in the slowest presets, `MOST_B_FRAMES` if huge."""
LARGE_LUMA = 3840 * 2160
"""Bytes from which on x265 encodes one frame at a time: each further one holds 0.1 GB, and the rows of a picture so
large keep a dozen threads busy. The result does not depend on the number of processors then either."""
HUGE_LUMA = 3 * LARGE_LUMA // 2
"""Bytes from which on x265 has fewer B-frames and references, of which each holds 0.1 to 0.15 GB."""
MOST_B_FRAMES, MOST_REFERENCES = 2, 3
_CODING_TREE_BLOCKS = (32, 16)
_LARGEST_BLOCK = 64


def choose_hevc(wish: Wish) -> Choice:
    """Settle on x265's settings: the source's depth and chroma."""
    info, options = wish.info, wish.options
    formats = [name for name in FORMATS if fits_size(name, info.width, info.height)]
    pix_fmt = nearest_format(wish.pix_fmt, formats)
    settings = {"preset": wish.preset(PRESETS, "x265", "medium")} | wish.key_distance()
    # x265 talks on standard error of its own accord.
    params = ["log-level=error", *_block_size(info.width)]
    params += _fewer_frames(settings["preset"], luma_size(wish, pix_fmt), reorders=wish.target != "avi")
    if options.lossless:
        params.append("lossless=1")
    else:
        matching = wish.matching_crf("hevc", BELOW_CRF, BELOW_QP, BELOW_QP_BY_ACTIVITY, DEFAULT_CRF)
        settings["crf"] = f"{wish.quality(SCALE, 'libx265', matching):g}"
    if wish.target == "avi":
        settings["bf"] = "0"
    settings["x265-params"] = ":".join(params)
    exact = holds_every_sample(wish.pix_fmt, pix_fmt)
    fields = (
        "the fields of interlaced pictures are encoded together as frames: x265 takes no interlaced frames"
        if wish.interlaced
        else ""
    )
    return Choice("libx265", pix_fmt, settings, options.lossless and exact).noting(
        format_note(wish.pix_fmt, pix_fmt), fields
    )


def _fewer_frames(preset: str, luma_bytes: int, *, reorders: bool) -> list[str]:
    """Return what keeps x265 from holding many frames of large pictures, least harmful to quality first."""
    huge = luma_bytes >= HUGE_LUMA
    frames = shorter_lookahead(LOOKAHEADS[preset], LEAST_LOOKAHEAD, LOOKAHEAD_BYTES, luma_bytes)
    if huge:
        frames = HUGE_LOOKAHEAD
    params = [f"rc-lookahead={frames}"] if frames is not None else []
    if luma_bytes >= LARGE_LUMA:
        params.append("frame-threads=1")
    if huge and reorders:
        params += [f"bframes={MOST_B_FRAMES}", "b-pyramid=0"]
    if huge and PRESETS.index(preset) > PRESETS.index("medium"):
        params.append(f"ref={MOST_REFERENCES}")
    return params


def _block_size(width: int) -> list[str]:
    """Keep pictures from being a single column of coding tree blocks.

    x265 (up to 4.1) makes streams of those that decode to other pictures than it predicted from, differently at each
    run.
    """
    if width > _LARGEST_BLOCK:
        return []
    for size in _CODING_TREE_BLOCKS:
        if width > size:
            return [f"ctu={size}"]
    raise UnsuitableError("x265 takes no pictures as narrow as this")


FAMILY = EncoderFamily("hevc", "HEVC", ("libx265",), choose_hevc)
