"""The encoder for each codec: one file for a family, one line here."""

from __future__ import annotations

from mediarescue.media.encoders import h264, hevc, intact, intermediate, mjpeg, quantised, web
from mediarescue.media.encoders.choice import Choice, EncoderFamily, UnsuitableError, Wish
from mediarescue.registry import Registry

FAMILIES: Registry[EncoderFamily] = Registry("encoder family")
for _family in (
    h264.FAMILY,
    hevc.FAMILY,
    *quantised.FAMILIES,
    mjpeg.FAMILY,
    intermediate.PRORES,
    intermediate.DNXHD,
    intermediate.CINEFORM,
    intermediate.DV,
    web.VP8,
    web.VP9,
    web.AV1,
    *intact.FAMILIES,
):
    FAMILIES.add(_family.codec, entry=_family)

__all__ = ["FAMILIES", "Choice", "EncoderFamily", "UnsuitableError", "Wish"]
