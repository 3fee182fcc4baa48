"""Motion JPEG: JPEG images (ITU-T T.81) as samples, one or two a sample, padded as the writer likes."""

from mediarescue.bitstream.jpeg.headerless import MotionJpegBSyntax
from mediarescue.bitstream.jpeg.image import Image, read_image
from mediarescue.bitstream.jpeg.motion import MotionJpegSyntax, SampleLayout, learn_alignment, learn_layout

__all__ = [
    "Image",
    "MotionJpegBSyntax",
    "MotionJpegSyntax",
    "SampleLayout",
    "learn_alignment",
    "learn_layout",
    "read_image",
]
