"""Dolby's sound: AC-3 (``ac-3``, ``sac3``, ``mp4a`` of object type 0xA5) and E-AC-3 (``ec-3``, 0xA6)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.ac3 import Ac3Syntax
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class Ac3Factory(FramedFactory):
    """Make matchers for AC-3 and E-AC-3: syncframes begin with a header that tells their size."""

    name = "ac3"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> Ac3Syntax:
        """Expect samples of the syncframes that the reference's are made of."""
        return Ac3Syntax(samples)
