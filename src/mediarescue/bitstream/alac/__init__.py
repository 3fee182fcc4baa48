"""ALAC: Apple's lossless coder."""

from mediarescue.bitstream.alac.config import AlacConfig, parse_magic_cookie
from mediarescue.bitstream.alac.frame import AlacSyntax, learn_syntax

__all__ = ["AlacConfig", "AlacSyntax", "learn_syntax", "parse_magic_cookie"]
