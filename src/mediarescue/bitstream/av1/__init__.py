"""AV1 in the low-overhead form (AV1 bitstream specification 5.2): temporal units of OBUs that tell their size."""

from mediarescue.bitstream.av1.headers import FrameStart, Sequence, frame_start, parse_sequence
from mediarescue.bitstream.av1.obu import Obu, ObuType, read_obu, split_obus
from mediarescue.bitstream.av1.unit import Av1Syntax

__all__ = [
    "Av1Syntax",
    "FrameStart",
    "Obu",
    "ObuType",
    "Sequence",
    "frame_start",
    "parse_sequence",
    "read_obu",
    "split_obus",
]
