"""MPEG audio, layers I to III (ISO/IEC 11172-3, 13818-3): a frame's header tells its size."""

from mediarescue.bitstream.mpeg_audio.frame import MpegAudioHeader, MpegAudioSyntax, parse_header

__all__ = ["MpegAudioHeader", "MpegAudioSyntax", "parse_header"]
