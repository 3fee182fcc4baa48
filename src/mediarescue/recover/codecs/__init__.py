"""The codec matchers by sample entry: one file and one line for each, loaded when a track needs it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from mediarescue.bitstream.descriptors import parse_es_descriptor
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.matcher import MatcherFactory
from mediarescue.recover.profile import TrackProfile
from mediarescue.registry import Registry


@dataclass(frozen=True, slots=True)
class CodecLine:
    """Where a codec's factory is: a module of this package, and the class in it."""

    module: str
    factory: str

    def load(self) -> MatcherFactory:
        """Import the module, with its kernels, and return the factory."""
        made: MatcherFactory = getattr(import_module(f"{__name__}.{self.module}"), self.factory)()
        return made


MATCHERS: Registry[CodecLine] = Registry("codec matcher")
MATCHERS.add("avc1", "avc3", "dva1", "dvav", entry=CodecLine("h264", "H264Factory"))
MATCHERS.add("hvc1", "hev1", "dvh1", "dvhe", entry=CodecLine("hevc", "HevcFactory"))
MATCHERS.add("mp4a.40", "mp4a.66", "mp4a.67", "mp4a.68", entry=CodecLine("aac", "AacFactory"))
MATCHERS.add("gpmd", entry=CodecLine("gpmf", "GpmfFactory"))
MATCHERS.add("mebx", entry=CodecLine("mebx", "MebxFactory"))
MATCHERS.add("apch", "apcn", "apcs", "apco", "ap4h", "ap4x", entry=CodecLine("prores", "ProResFactory"))

_PCM = CodecLine("pcm", "PcmFactory")


def codec_name(track: TrackProfile) -> str:
    """Return what a track is registered under: its sample entry, with the object type where that names the codec.

    ``mp4a``, ``mp4v`` and ``mp4s`` become ``mp4a.40`` and the like (RFC 6381 3.3, object types in hexadecimal).
    """
    name = track.codec.decode("latin-1")
    payload = track.configuration(b"esds") if name in ("mp4a", "mp4v", "mp4s") else None
    if payload is None:
        return name
    try:
        return f"{name}.{parse_es_descriptor(payload[4:]).object_type_indication:02x}"
    except BitstreamError:
        return name


def factory_for(track: TrackProfile) -> MatcherFactory:
    """Return what makes the matcher of a track: by codec, else PCM by its tables, else learned from its samples."""
    if track.chunks is not None:
        return _PCM.load()
    line = MATCHERS.get(codec_name(track))
    return line.load() if line is not None else LearnedFactory()


def is_supported(track: TrackProfile) -> bool:
    """Whether a codec of this package reads the track's samples, not only the habits of the reference's bytes."""
    return track.chunks is not None or MATCHERS.get(codec_name(track)) is not None


def coded_size(track: TrackProfile) -> tuple[int, int] | None:
    """Return width and height of an H.264 or HEVC track's pictures by its parameter sets, None for other tracks."""
    from mediarescue.recover.codecs.nal_video import NalVideoFactory, picture_size

    factory = factory_for(track)
    return picture_size(factory.scanner(track)) if isinstance(factory, NalVideoFactory) else None
