"""Motion JPEG tracks and JPEG stills: ``jpeg``, ``mjpa``, ``mjpb``, ``mp4v`` of JPEG's object type, and kin of AVI."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.frames import FrameSyntax
from mediarescue.bitstream.jpeg import MotionJpegBSyntax, MotionJpegSyntax, learn_alignment, learn_layout
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class MotionJpegFactory(FramedFactory):
    """Make matchers for tracks of JPEG images.

    Notes
    -----
    The reference shows what no header tells: how many images a sample holds, and how it is padded.
    """

    name = "jpeg"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FrameSyntax | None:
        """Expect samples laid out as the reference's."""
        layout = learn_layout(samples)
        return MotionJpegSyntax(layout) if layout else None


class MotionJpegBFactory(FramedFactory):
    """Make matchers for Motion-JPEG B, whose samples have a header of offsets instead of markers."""

    name = "mjpb"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FrameSyntax:
        """Expect any field sizes, padded as the reference's where their headers do not tell."""
        told = MotionJpegBSyntax()
        exact = all(told.tells_size_of(sample) for sample in samples)
        return told if exact else MotionJpegBSyntax(learn_alignment([len(sample) for sample in samples]))
