"""ProRes frames (SMPTE RDD 36), ProRes RAW among them: the size stands in front."""

from mediarescue.bitstream.prores.frame import PRORES, PRORES_RAW, ProResSyntax, frame_size

__all__ = ["PRORES", "PRORES_RAW", "ProResSyntax", "frame_size"]
