"""Tracks of still images: Motion JPEG (``jpeg``, ``mjpa``, ``mjpb``), JPEG 2000 (``mjp2``), PNG, covers and slides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mediarescue.bitstream.frames import FrameSyntax
from mediarescue.bitstream.images import (
    JPEG,
    JPEG_2000,
    PNG,
    ImageFormat,
    ImageSyntax,
    MotionJpegBSyntax,
    learn_layout,
)
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class ImageFactory(FramedFactory):
    """Make matchers for tracks of images of one format.

    Notes
    -----
    The reference shows what no header tells: how many images a sample holds.
    """

    form: ClassVar[ImageFormat]

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FrameSyntax | None:
        """Expect samples laid out as the reference's."""
        layout = learn_layout(self.form, samples)
        return ImageSyntax(self.form, layout) if layout else None


class JpegFactory(ImageFactory):
    """Make matchers for Motion JPEG, Format A of QuickTime among it, and JPEG stills."""

    name = "jpeg"
    form = JPEG


class Jpeg2000Factory(ImageFactory):
    """Make matchers for Motion JPEG 2000 (ISO/IEC 15444-3) and QuickTime's JPEG 2000."""

    name = "jpeg2000"
    form = JPEG_2000


class PngFactory(ImageFactory):
    """Make matchers for PNG tracks, of screen recorders and as covers."""

    name = "png"
    form = PNG


class MotionJpegBFactory(FramedFactory):
    """Make matchers for Motion-JPEG B, whose samples have a header of offsets instead of markers."""

    name = "mjpb"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FrameSyntax:
        """Expect any field sizes."""
        return MotionJpegBSyntax()
