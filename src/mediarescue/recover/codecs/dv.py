"""DV (``dvc ``, ``dvcp``, ``dvpp``), DVCPRO50 (``dv5n``, ``dv5p``), DVCPRO HD (``dvhp``, ``dvhq``, ``dvh1`` to 6)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.dv import DvSyntax, learn_dv
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class DvFactory(FramedFactory):
    """Make matchers for DV tracks of any generation: frames are as long as the reference's."""

    name = "dv"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> DvSyntax | None:
        """Expect the reference's system."""
        return learn_dv(samples)
