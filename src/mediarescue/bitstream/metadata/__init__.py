"""Timed metadata and text whose samples tell their own size."""

from mediarescue.bitstream.metadata.camm import CammSyntax
from mediarescue.bitstream.metadata.elements import BoxedSyntax, ProtobufSyntax
from mediarescue.bitstream.metadata.rtmd import RtmdSyntax
from mediarescue.bitstream.metadata.rtp_hint import RtpHintSyntax
from mediarescue.bitstream.metadata.timed_text import TimedTextSyntax
from mediarescue.bitstream.metadata.xml_text import XmlTextSyntax

__all__ = [
    "BoxedSyntax",
    "CammSyntax",
    "ProtobufSyntax",
    "RtmdSyntax",
    "RtpHintSyntax",
    "TimedTextSyntax",
    "XmlTextSyntax",
]
