"""Images as samples: JPEG, JPEG 2000 and PNG, one or two a sample."""

from mediarescue.bitstream.images.format import Image, ImageFormat
from mediarescue.bitstream.images.headerless import MotionJpegBSyntax
from mediarescue.bitstream.images.jpeg import JPEG
from mediarescue.bitstream.images.jpeg2000 import JPEG_2000
from mediarescue.bitstream.images.png import PNG
from mediarescue.bitstream.images.sample import ImageSyntax, SampleLayout, learn_layout

__all__ = [
    "JPEG",
    "JPEG_2000",
    "PNG",
    "Image",
    "ImageFormat",
    "ImageSyntax",
    "MotionJpegBSyntax",
    "SampleLayout",
    "learn_layout",
]
