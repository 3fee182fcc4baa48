"""AC-3 and E-AC-3 (ETSI TS 102 366): syncframes, and the samples made of them."""

from mediarescue.bitstream.ac3.frame import Ac3Syntax, SyncFrame, parse_syncframe

__all__ = ["Ac3Syntax", "SyncFrame", "parse_syncframe"]
