"""The magic cookie of ALAC (ALACSpecificConfig of Apple's ALACMagicCookieDescription)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mediarescue.bitstream.errors import BitstreamError

_LAYOUT = struct.Struct(">IBBBBBBHIII")
_DEPTHS = (16, 20, 24, 32)


@dataclass(frozen=True, slots=True)
class AlacConfig:
    """What all frames of a track share.

    Attributes
    ----------
    frame_length : int
        Samples of each channel in a frame that does not say otherwise.
    bit_depth : int
    pb, mb, kb : int
        How the Rice coder adapts: multiplier, first mean, largest parameter.
    channels : int
    sample_rate : int
        Hz.
    """

    frame_length: int
    bit_depth: int
    pb: int
    mb: int
    kb: int
    channels: int
    sample_rate: int

    @property
    def largest_frame(self) -> int:
        """Bytes of a frame without compression, with headers."""
        return 64 + self.channels * (16 + self.frame_length * (self.bit_depth + 1) // 8)


def parse_magic_cookie(cookie: bytes) -> AlacConfig:
    """Parse the payload of an ``alac`` box, with or without the box's version and flags.

    Raises
    ------
    BitstreamError
        When it is too short, or says what no decoder takes.
    """
    if len(cookie) >= _LAYOUT.size + 4 and not any(cookie[:4]):
        cookie = cookie[4:]
    if len(cookie) < _LAYOUT.size:
        raise BitstreamError(f"a magic cookie of {len(cookie)} bytes is too short")
    length, version, depth, pb, mb, kb, channels, _, _, _, rate = _LAYOUT.unpack_from(cookie)
    if version or depth not in _DEPTHS or not 0 < length <= 1 << 16 or not 0 < channels <= 8 or not 0 < kb <= 24:
        raise BitstreamError("the magic cookie is not that of ALAC")
    return AlacConfig(length, depth, pb, mb, kb, channels, rate)
