"""Speech tracks of phones: AMR (``samr``), AMR-WB (``sawb``), EVRC and SMV (``sevc``, ``ssmv``), QCELP (``sqcp``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mediarescue.bitstream.amr import AMR, AMR_WB, EVRC, QCELP, SpeechCodec, SpeechSyntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class SpeechFactory(FramedFactory):
    """Make matchers for one speech codec.

    Attributes
    ----------
    codec : SpeechCodec
    """

    codec: ClassVar[SpeechCodec]

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> SpeechSyntax:
        """Expect the frame types the reference shows or its sample entry allows."""
        modes = 0
        for track in tracks:
            modes |= _mode_set(track)
        return SpeechSyntax(self.codec, samples, modes)


class AmrFactory(SpeechFactory):
    """Make matchers for AMR."""

    name = "amr"
    codec = AMR


class AmrWbFactory(SpeechFactory):
    """Make matchers for AMR-WB; AMR-WB+ has other frames and is learned by its bytes."""

    name = "amr-wb"
    codec = AMR_WB


class EvrcFactory(SpeechFactory):
    """Make matchers for EVRC and SMV."""

    name = "evrc"
    codec = EVRC


class QcelpFactory(SpeechFactory):
    """Make matchers for QCELP 13K."""

    name = "qcelp"
    codec = QCELP


def _mode_set(track: TrackProfile) -> int:
    """Return the bits of the modes that an AMRSpecificBox allows (3GPP TS 26.244 6.7), 0 without one."""
    payload = track.configuration(b"damr")
    return int.from_bytes(payload[5:7], "big") if payload is not None and len(payload) >= 9 else 0
