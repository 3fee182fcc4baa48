"""DNxHD and DNxHR tracks (``AVdn``, ``AVdh``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.vc3 import Vc3Syntax, learn_vc3
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class DnxhdFactory(FramedFactory):
    """Make matchers for DNxHD and DNxHR tracks: the compression identifier tells the size."""

    name = "vc3"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> Vc3Syntax | None:
        """Expect pictures of the reference's size, as many coding units a sample as there."""
        return learn_vc3(samples)
