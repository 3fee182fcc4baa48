"""ProRes frames (SMPTE RDD 36): the size stands in front."""

from mediarescue.bitstream.prores.frame import ProResSyntax, frame_size

__all__ = ["ProResSyntax", "frame_size"]
