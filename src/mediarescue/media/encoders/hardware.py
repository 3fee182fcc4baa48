"""Encoders that the user names and no family knows: those of graphics cards and FFmpeg's rarer ones."""

from __future__ import annotations

from collections.abc import Callable

from mediarescue.errors import UsageError
from mediarescue.media.encoders.available import encoder_formats, is_hardware
from mediarescue.media.encoders.choice import Choice, QualityScale, Wish
from mediarescue.media.encoders.h264 import DEFAULT_CRF
from mediarescue.media.encoders.pixel_formats import format_note, nearest_format
from mediarescue.media.encoders.quantised import SCALE as QUANTISER_SCALE
from mediarescue.media.encoders.quantised import fixed_quantiser, quality_flag

QP_SCALE = QualityScale(0, 51)
_FINER = 4.0
_DEVICE_FORMATS = (
    "cuda",
    "vaapi",
    "qsv",
    "d3d11",
    "d3d12",
    "videotoolbox_vld",
    "vulkan",
    "dxva2_vld",
    "amf",
    "drm_prime",
)
"""Formats of pictures that are in the device's memory already."""
_SOFTWARE_FORMATS = ("yuv420p", "nv12", "p010le")
"""What encoders of devices that do not tell are given."""


def _nvenc(qp: float) -> dict[str, str]:
    return {"rc": "vbr", "cq": f"{qp:g}", "b": "0"}


def _qsv(qp: float) -> dict[str, str]:
    return {"global_quality": f"{max(1, round(qp))}"}


def _vaapi(qp: float) -> dict[str, str]:
    return {"rc_mode": "CQP", "qp": f"{round(qp)}"}


def _amf(qp: float) -> dict[str, str]:
    return {"rc": "cqp", "qp_i": f"{round(qp)}", "qp_p": f"{round(qp)}", "qp_b": f"{round(qp)}"}


def _videotoolbox(qp: float) -> dict[str, str]:
    # 1 to 100, larger is finer; FFmpeg takes it as a quantiser (only on Apple's own chips).
    return quality_flag(max(1, 100 - 1.7 * qp))


_QUALITY: dict[str, Callable[[float], dict[str, str]]] = {
    "_nvenc": _nvenc,
    "_qsv": _qsv,
    "_vaapi": _vaapi,
    "_amf": _amf,
    "_videotoolbox": _videotoolbox,
}


def choose_named(wish: Wish, encoder: str) -> Choice:
    """Settle on an encoder of FFmpeg by its name alone.

    Raises
    ------
    UsageError
        A lossless copy is wished, or a quality off the scale.
    """
    if wish.options.lossless:
        raise UsageError(
            f"mediarescue cannot make {encoder} lossless; leave out --encoder, or name libx264, libx265 or ffv1"
        )
    formats = [name for name in encoder_formats(encoder) if name not in _DEVICE_FORMATS] or list(_SOFTWARE_FORMATS)
    pix_fmt = nearest_format(wish.pix_fmt, formats)
    settings = {"preset": wish.options.preset} if wish.options.preset is not None else {}
    suffix = next((suffix for suffix in _QUALITY if encoder.endswith(suffix)), None)
    note = ""
    if suffix is not None:
        matching = DEFAULT_CRF if wish.source_qp is None else wish.source_qp - _FINER
        settings |= _QUALITY[suffix](wish.quality(QP_SCALE, encoder, matching))
    elif is_hardware(encoder):
        # These know bit rates only.
        note = f"{encoder} has no constant quality to choose by --crf" if wish.options.crf is not None else ""
        settings["b"] = f"{2 * (wish.bit_rate or 10_000_000)}"
    else:
        settings |= fixed_quantiser(wish.quality(QUANTISER_SCALE, encoder, 2.0))
    return Choice(encoder, pix_fmt, settings).noting(format_note(wish.pix_fmt, pix_fmt), note)
