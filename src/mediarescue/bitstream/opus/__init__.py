"""Opus packets (RFC 6716): their first bytes, and where several of them part."""

from mediarescue.bitstream.opus.packet import RATE, OpusHead, packet_ticks, parse_head
from mediarescue.bitstream.opus.partition import ANY_COUNT, PacketModel, learn_packets

__all__ = ["ANY_COUNT", "RATE", "OpusHead", "PacketModel", "learn_packets", "packet_ticks", "parse_head"]
