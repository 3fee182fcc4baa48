"""The encoder for each codec: one file for a family, one line here."""

from __future__ import annotations

from mediarescue.media.encoders import h264, hevc
from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, Wish
from mediarescue.registry import Registry

FAMILIES: Registry[EncoderFamily] = Registry("encoder family")
FAMILIES.add("h264", entry=h264.FAMILY)
FAMILIES.add("hevc", entry=hevc.FAMILY)

__all__ = ["FAMILIES", "Choice", "EncoderFamily", "QualityScale", "Wish"]
