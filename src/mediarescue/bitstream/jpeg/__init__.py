"""JPEG: quantised coefficients read and written back, with every bit that has not changed left as it is."""

from mediarescue.bitstream.jpeg.decode import JpegImage, read_coefficients
from mediarescue.bitstream.jpeg.encode import write_coefficients
from mediarescue.bitstream.jpeg.errors import JpegError, UnsupportedJpegError
from mediarescue.bitstream.jpeg.patch import PatchResult, patch_jpeg
from mediarescue.bitstream.jpeg.planes import decode_planes, touched_blocks
from mediarescue.bitstream.jpeg.structure import Component, Frame

__all__ = [
    "Component",
    "Frame",
    "JpegError",
    "JpegImage",
    "PatchResult",
    "UnsupportedJpegError",
    "decode_planes",
    "patch_jpeg",
    "read_coefficients",
    "touched_blocks",
    "write_coefficients",
]
