"""CineForm tracks (``CFHD``)."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.cineform import CineFormSyntax, picture_size
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class CineFormFactory(FramedFactory):
    """Make matchers for CineForm tracks: a chunk, or the tags up to the trailer, tell the size."""

    name = "cineform"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> CineFormSyntax:
        """Expect pictures of the reference's size."""
        return CineFormSyntax({size for sample in samples if (size := picture_size(sample))})
