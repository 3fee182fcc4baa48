"""JPEG: quantised coefficients read and written back, with every bit that has not changed left as it is."""

from mediarescue.bitstream.jpeg.decode import JpegImage, read_coefficients
from mediarescue.bitstream.jpeg.encode import write_coefficients
from mediarescue.bitstream.jpeg.errors import JpegError, UnsupportedJpegError
from mediarescue.bitstream.jpeg.structure import Component, Frame

__all__ = [
    "Component",
    "Frame",
    "JpegError",
    "JpegImage",
    "UnsupportedJpegError",
    "read_coefficients",
    "write_coefficients",
]
