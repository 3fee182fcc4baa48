"""FLAC (RFC 9639): frames without a length, walked to their end and proved by their checksums."""

from mediarescue.bitstream.flac.frame import FlacSyntax, StreamInfo, parse_stream_info

__all__ = ["FlacSyntax", "StreamInfo", "parse_stream_info"]
