"""H.264 and HEVC as a byte stream with start codes, for containers whose muxers do not make it of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av.stream

_OF_BYTES = frozenset(("avi", "mpeg", "vob"))
"""Muxers of FFmpeg that write what they are given, where players look for start codes."""
_FILTERS = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


def in_byte_stream(packets: Iterator[Any], piece: Any, made: av.stream.Stream, container: str) -> Iterator[Any]:
    """Yield packets as the container wants them: NAL units with start codes, parameter sets in front of key frames.

    Parameters
    ----------
    packets : iterator of av.Packet
        From MP4, MOV or Matroska pieces: NAL units with their lengths (ISO/IEC 14496-15 4.3.2).
    piece : av.VideoStream
        The packets' own.
    made : av.stream.Stream
        Of the output, whose header is still to be written: it gets parameter sets of the same kind (ITU-T H.264 B.1).
    container : str
        FFmpeg's name of the muxer; those that do this themselves get the packets as they are.
    """
    codec = piece.codec_context.name
    if container not in _OF_BYTES or codec not in _FILTERS:
        return packets
    from av.bitstream import BitStreamFilterContext

    made_of_samples = BitStreamFilterContext(_FILTERS[codec], piece, made)
    return (turned for packet in packets for turned in made_of_samples.filter(packet))
