"""The mastering display and the light level of HDR pictures (SMPTE ST 2086, CTA-861.3): from frames to encoders."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av

_MASTERING = "MASTERING_DISPLAY_METADATA"
_CONTENT = "CONTENT_LIGHT_LEVEL"
_CHROMATICITY_UNITS, _LUMINANCE_UNITS = 50_000, 10_000
"""Of the SEI messages: 0.00002 and 0.0001 candela a square metre (ITU-T H.265 D.3.28)."""


@dataclass(frozen=True, slots=True)
class MasteringDisplay:
    """The display a film was graded on.

    Attributes
    ----------
    primaries : tuple of (x, y)
        Red, green and blue, then the white point; CIE 1931.
    luminance : (least, most)
        Candela a square metre.
    """

    primaries: tuple[tuple[Fraction, Fraction], ...]
    luminance: tuple[Fraction, Fraction]


def mastering_display(frame: av.VideoFrame) -> MasteringDisplay | None:
    """Return what a frame says of the mastering display, None where it says nothing; numbers it leaves out are 0.

    Notes
    -----
    FFmpeg clears its two flags for numbers outside the ranges of ITU-T H.265 D.3.28, which there mean "unknown". They
    are handed on as they are.
    """
    data = _side_data(frame, _MASTERING)
    # AVMasteringDisplayMetadata: ten rationals of 32-bit numbers, then two flags.
    if data is None or len(data) < 88:
        return None
    numbers = struct.unpack_from("=20i", data)
    values = [Fraction(numbers[i], numbers[i + 1] or 1) for i in range(0, 20, 2)]
    if not any(values):
        return None
    points = tuple((values[i], values[i + 1]) for i in range(0, 8, 2))
    return MasteringDisplay(points, (values[8], values[9]))


def content_light_level(frame: av.VideoFrame) -> tuple[int, int] | None:
    """Return a film's maximum light level and that of its lightest frame on average, as a frame says; else None."""
    data = _side_data(frame, _CONTENT)
    if data is None or len(data) < 8:
        return None
    most, average = struct.unpack_from("=2I", data)
    return int(most), int(average)


def with_light_level(encoder: str, options: Mapping[str, str], frame: av.VideoFrame) -> dict[str, str]:
    """Return an encoder's options with what the frame says of display and light, for encoders that write it."""
    found = dict(options)
    name = {"libx264": "x264-params", "libx265": "x265-params", "libsvtav1": "svtav1-params"}.get(encoder)
    if name is None:
        return found
    display, light = mastering_display(frame), content_light_level(frame)
    parts = [found[name]] if found.get(name) else []
    if display is not None:
        key = "master-display" if encoder == "libx265" else "mastering-display"
        parts.append(f"{key}={_described(display, plain=encoder == 'libsvtav1')}")
    if light is not None:
        key = {"libx264": "cll", "libx265": "max-cll", "libsvtav1": "content-light"}[encoder]
        parts.append(f"{key}={light[0]},{light[1]}")
    if parts:
        found[name] = ":".join(parts)
    return found


def _described(display: MasteringDisplay, *, plain: bool) -> str:
    """Write a display as encoders read it, in the units of the SEI message or in ``plain`` decimals."""
    least, most = display.luminance

    def number(value: Fraction, units: int) -> str:
        return f"{float(value):.5f}" if plain else str(round(value * units))

    red, green, blue, white = (
        f"({number(x, _CHROMATICITY_UNITS)},{number(y, _CHROMATICITY_UNITS)})" for x, y in display.primaries
    )
    brightness = f"({number(most, _LUMINANCE_UNITS)},{number(least, _LUMINANCE_UNITS)})"
    return f"G{green}B{blue}R{red}WP{white}L{brightness}"


def _side_data(frame: av.VideoFrame, name: str) -> bytes | None:
    try:
        data: Any = frame.side_data.get(name)
    except ValueError:
        # PyAV has no name for something that FFmpeg attached, and then gives nothing at all.
        return None
    return None if data is None else bytes(data)
