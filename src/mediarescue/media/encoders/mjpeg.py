"""Motion JPEG."""

from __future__ import annotations

from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, Wish
from mediarescue.media.encoders.pixel_formats import format_note, nearest_format
from mediarescue.media.encoders.quantised import fixed_quantiser
from mediarescue.media.quantiser import step_of_qp

FORMATS = ("yuvj420p", "yuvj422p", "yuvj444p", "yuv420p", "yuv422p", "yuv444p")
SCALE = QualityScale(1, 31)
FINER_STEP = 0.75
STEP_OF_QUANTISER = 2.4
"""Mean step of the coarse structures of luma in the tables that FFmpeg writes for a quantiser of 1."""
DEFAULT_QUANTISER = 2.0


def choose_mjpeg(wish: Wish) -> Choice:
    """Settle on a quantiser for all pictures; the chroma subsampling is the source's."""
    pix_fmt = nearest_format(wish.pix_fmt, FORMATS)
    matching = DEFAULT_QUANTISER
    if wish.source_qp is not None:
        matching = FINER_STEP * step_of_qp(wish.source_qp) / STEP_OF_QUANTISER
    settings = fixed_quantiser(wish.quality(SCALE, "mjpeg", matching))
    # The tables of the standard serve every piece of a film, those made to measure would differ.
    settings["huffman"] = "default"
    if not pix_fmt.startswith("yuvj"):
        settings["strict"] = "unofficial"
    fields = "the fields of interlaced pictures are encoded together as frames" if wish.interlaced else ""
    return Choice("mjpeg", pix_fmt, settings).noting(
        format_note(wish.pix_fmt, pix_fmt), fields, wish.unused("Motion JPEG")
    )


FAMILY = EncoderFamily("mjpeg", "Motion JPEG", ("mjpeg",), choose_mjpeg)
