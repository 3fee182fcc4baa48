"""Vorbis packets (Vorbis I specification), walked to their last bit."""

from mediarescue.bitstream.vorbis.setup import VorbisSetup, parse_setup
from mediarescue.bitstream.vorbis.walk import VorbisWalker

__all__ = ["VorbisSetup", "VorbisWalker", "parse_setup"]
