"""DTS (ETSI TS 102 114): core frames and extension substreams, each with its size in its header."""

from mediarescue.bitstream.dts.frame import DtsSyntax, parse_core, parse_extension

__all__ = ["DtsSyntax", "parse_core", "parse_extension"]
