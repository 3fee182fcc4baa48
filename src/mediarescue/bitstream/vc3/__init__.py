"""VC-3 (SMPTE ST 2019-1), known as DNxHD and DNxHR: coding units whose size follows from their header."""

from mediarescue.bitstream.vc3.frame import Vc3Syntax, coding_unit_size, learn_vc3

__all__ = ["Vc3Syntax", "coding_unit_size", "learn_vc3"]
