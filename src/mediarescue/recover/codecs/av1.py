"""AV1 tracks (``av01``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.av1 import Av1Syntax, ObuType, split_obus
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile

_CONFIGURATION_HEAD = 4
"""Bytes in front of configOBUs in an AV1CodecConfigurationRecord (AV1 in ISOBMFF 2.3.3)."""


class Av1Factory(FramedFactory):
    """Make matchers for AV1 tracks: samples of OBUs that tell their size."""

    name = "av1"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> Av1Syntax:
        """Expect the sequence headers of the sample entries and of the reference's own key frames."""
        configured = [(track.configuration(b"av1C") or b"")[_CONFIGURATION_HEAD:] for track in tracks]
        headers = {
            payload: None
            for data in (*configured, *samples)
            for kind, payload in split_obus(data) or ()
            if kind == ObuType.SEQUENCE_HEADER
        }
        return Av1Syntax(headers, samples)
