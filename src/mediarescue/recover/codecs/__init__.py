"""The codec matchers by sample entry: one file and one line for each, loaded when a track needs it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from mediarescue.bitstream.descriptors import codec_name
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
_AAC = CodecLine("aac", "AacFactory")
MATCHERS.add("mp4a.40", "mp4a.66", "mp4a.67", "mp4a.68", entry=_AAC)
MATCHERS.add("gpmd", entry=CodecLine("gpmf", "GpmfFactory"))
MATCHERS.add("mebx", entry=CodecLine("mebx", "MebxFactory"))
MATCHERS.add("camm", entry=CodecLine("camm", "CammFactory"))
MATCHERS.add("rtmd", entry=CodecLine("rtmd", "RtmdFactory"))
MATCHERS.add("djmd", "dbgi", entry=CodecLine("protobuf", "ProtobufFactory"))
MATCHERS.add("mett", entry=CodecLine("motion_photo", "MotionPhotoFactory"))
MATCHERS.add("c608", "c708", "wvtt", entry=CodecLine("boxed", "BoxedFactory"))
MATCHERS.add("tx3g", "text", entry=CodecLine("timed_text", "TimedTextFactory"))
MATCHERS.add("stpp", entry=CodecLine("timed_text", "XmlTextFactory"))
MATCHERS.add("rtp ", entry=CodecLine("rtp_hint", "RtpHintFactory"))
MATCHERS.add("apch", "apcn", "apcs", "apco", "ap4h", "ap4x", entry=CodecLine("prores", "ProResFactory"))
MATCHERS.add("aprn", "aprh", entry=CodecLine("prores", "ProResRawFactory"))
MATCHERS.add("av01", entry=CodecLine("av1", "Av1Factory"))
MATCHERS.add("vp09", entry=CodecLine("vp9", "Vp9Factory"))
_MPEG2 = CodecLine("mpeg2", "Mpeg2Factory")
MATCHERS.add(*(f"mp4v.{kind:02x}" for kind in (*range(0x60, 0x66), 0x6A)), "m1v ", "m2v1", "mp2v", "mpg2", entry=_MPEG2)
MATCHERS.add(*(f"xdv{kind}" for kind in "123456789abcdef"), *(f"hdv{kind}" for kind in "123456789a"), entry=_MPEG2)
MATCHERS.add(*(f"xd5{kind}" for kind in "1459abcdef"), *("xdh2", "xdhd"), entry=_MPEG2)
MATCHERS.add(*(f"mx{rate}{standard}" for rate in "345" for standard in "np"), entry=_MPEG2)
MATCHERS.add("jpeg", "mjpa", "mp4v.6c", "dmb1", "MJPG", "AVDJ", entry=CodecLine("images", "JpegFactory"))
MATCHERS.add("mjpb", entry=CodecLine("images", "MotionJpegBFactory"))
MATCHERS.add("mjp2", "MJ2 ", "MJ2C", "j2ki", "mp4v.6e", entry=CodecLine("images", "Jpeg2000Factory"))
MATCHERS.add("png ", "MPNG", "mp4v.6d", entry=CodecLine("images", "PngFactory"))
MATCHERS.add("AVdn", "AVdh", entry=CodecLine("dnxhd", "DnxhdFactory"))
MATCHERS.add("CFHD", entry=CodecLine("cineform", "CineFormFactory"))
_DV = CodecLine("dv", "DvFactory")
MATCHERS.add("dvc ", "dvcp", "dvpp", "dv5n", "dv5p", "dvhp", "dvhq", *(f"dvh{kind}" for kind in "23456"), entry=_DV)
_MPEG_AUDIO = CodecLine("mpeg_audio", "MpegAudioFactory")
MATCHERS.add("mp4a.69", "mp4a.6b", ".mp3", "mp3 ", ".mp2", ".mp1", "ms\0U", "ms\0P", entry=_MPEG_AUDIO)
MATCHERS.add("ac-3", "sac3", "ec-3", "mp4a.a5", "mp4a.a6", "ms \0", entry=CodecLine("ac3", "Ac3Factory"))
MATCHERS.add("dtsc", "dtsh", "dtsl", "dtse", "mp4a.a9", "DTS ", "dts ", entry=CodecLine("dts", "DtsFactory"))
MATCHERS.add("fLaC", entry=CodecLine("flac", "FlacFactory"))
MATCHERS.add("samr", entry=CodecLine("amr", "AmrFactory"))
MATCHERS.add("sawb", "sawp", entry=CodecLine("amr", "AmrWbFactory"))
MATCHERS.add("sevc", "ssmv", entry=CodecLine("amr", "EvrcFactory"))
MATCHERS.add("sqcp", "mp4a.e1", entry=CodecLine("amr", "QcelpFactory"))
MATCHERS.add("s263", "h263", "H263", entry=CodecLine("h263", "H263Factory"))
MATCHERS.add("mp4v", "mp4v.20", "MP4V", "m4v ", "FMP4", entry=CodecLine("mpeg4", "Mpeg4VisualFactory"))
MATCHERS.add("DIVX", "divx", "DX50", "XVID", "xvid", "3IV2", entry=CodecLine("mpeg4", "Mpeg4VisualFactory"))
MATCHERS.add("alac", entry=CodecLine("alac", "AlacFactory"))
MATCHERS.add("Opus", entry=CodecLine("opus", "OpusFactory"))
MATCHERS.add("mp4a.dd", entry=CodecLine("vorbis", "VorbisFactory"))

_PCM = CodecLine("pcm", "PcmFactory")
MATCHERS.add("sowt", "twos", "in24", "in32", "fl32", "fl64", "lpcm", "ipcm", "fpcm", "raw ", "NONE", entry=_PCM)
MATCHERS.add("ulaw", "alaw", "ima4", "ms\0\x02", "ms\0\x11", "MAC3", "MAC6", entry=_PCM)


def factory_for(track: TrackProfile) -> MatcherFactory:
    """Return what makes the matcher of a track: by codec, else PCM by its tables, else learned from its samples."""
    if track.chunks is not None:
        return _PCM.load()
    line = _line(track)
    return line.load() if line is not None else LearnedFactory()


def _line(track: TrackProfile) -> CodecLine | None:
    # two codecs share a name: HEVC with Dolby Vision, and DVCPRO HD of QuickTime
    if track.codec == b"dvh1" and track.configuration(b"hvcC") is None:
        return _DV
    line = MATCHERS.get(codec_name(track.codec, track.configuration(b"esds")))
    return line if line is not _AAC or _is_walkable(track) else None


def _is_walkable(track: TrackProfile) -> bool:
    """Whether an MPEG-4 audio track is of a kind whose frames show where they end: not so xHE-AAC."""
    from mediarescue.recover.codecs.aac import audio_config

    return audio_config(track) is not None


def is_supported(track: TrackProfile) -> bool:
    """Whether a codec of this package reads the track's samples, not only the habits of the reference's bytes."""
    return track.chunks is not None or _line(track) is not None


def coded_size(track: TrackProfile) -> tuple[int, int] | None:
    """Return width and height of an H.264 or HEVC track's pictures by its parameter sets, None for other tracks."""
    from mediarescue.recover.codecs.nal_video import NalVideoFactory, picture_size

    factory = factory_for(track)
    return picture_size(factory.scanner(track)) if isinstance(factory, NalVideoFactory) else None
