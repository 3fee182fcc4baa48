"""VP9 frames (VP9 bitstream specification): known by their headers, which tell everything but their size."""

from mediarescue.bitstream.vp9.header import Vp9Header, parse_header
from mediarescue.bitstream.vp9.starts import FrameStarts, superframe_end, superframe_index

__all__ = ["FrameStarts", "Vp9Header", "parse_header", "superframe_end", "superframe_index"]
