"""The codec matchers by sample entry: one file and one line for each."""

from __future__ import annotations

from mediarescue.recover.codecs.aac import AacFactory, decoder_config
from mediarescue.recover.codecs.gpmf import GpmfFactory
from mediarescue.recover.codecs.h264 import H264Factory
from mediarescue.recover.codecs.hevc import HevcFactory
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.codecs.mebx import MebxFactory
from mediarescue.recover.codecs.nal_video import NalVideoFactory, picture_size
from mediarescue.recover.codecs.pcm import PcmFactory
from mediarescue.recover.matcher import MatcherFactory
from mediarescue.recover.profile import TrackProfile
from mediarescue.registry import Registry

MATCHERS: Registry[MatcherFactory] = Registry("codec matcher")
MATCHERS.add("avc1", "avc3", "dva1", "dvav", entry=H264Factory())
MATCHERS.add("hvc1", "hev1", "dvh1", "dvhe", entry=HevcFactory())
MATCHERS.add("mp4a", entry=AacFactory())
MATCHERS.add("gpmd", entry=GpmfFactory())
MATCHERS.add("mebx", entry=MebxFactory())

_PCM = PcmFactory()
_LEARNED = LearnedFactory()


def factory_for(track: TrackProfile) -> MatcherFactory:
    """Return what makes the matcher of a track: by codec, else PCM by its tables, else learned from its samples."""
    if track.chunks is not None:
        return _PCM
    if track.codec == b"mp4a" and decoder_config(track) is None:
        return _LEARNED
    return MATCHERS.get(track.codec.decode("latin-1")) or _LEARNED


def coded_size(track: TrackProfile) -> tuple[int, int] | None:
    """Return width and height of a video track's pictures by its parameter sets, None for other tracks."""
    factory = factory_for(track)
    return picture_size(factory.scanner(track)) if isinstance(factory, NalVideoFactory) else None
