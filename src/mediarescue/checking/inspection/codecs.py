"""Say in words what a sample entry holds: codec, profile, size, rate, channels."""

from __future__ import annotations

import math
from typing import NamedTuple

from mediarescue.bitstream.aac.config import AudioSpecificConfig, parse_audio_specific_config
from mediarescue.bitstream.descriptors import parse_es_descriptor
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.isobmff import SampleEntry

_VIDEO = {
    "avc1": "H.264", "avc2": "H.264", "avc3": "H.264", "avc4": "H.264", "dvav": "H.264 Dolby Vision",
    "dva1": "H.264 Dolby Vision", "hvc1": "HEVC", "hev1": "HEVC", "dvh1": "HEVC Dolby Vision",
    "dvhe": "HEVC Dolby Vision", "vvc1": "VVC", "av01": "AV1", "vp08": "VP8", "vp09": "VP9",
    "s263": "H.263", "h263": "H.263", "jpeg": "Motion JPEG", "mjpa": "Motion JPEG A", "mjpb": "Motion JPEG B",
    "mjp2": "JPEG 2000", "apch": "ProRes 422 HQ", "apcn": "ProRes 422", "apcs": "ProRes 422 LT",
    "apco": "ProRes 422 Proxy", "ap4h": "ProRes 4444", "ap4x": "ProRes 4444 XQ", "aprn": "ProRes RAW",
    "aprh": "ProRes RAW HQ", "AVdn": "DNxHD", "AVdh": "DNxHR", "CFHD": "CineForm", "dvc ": "DV", "dvcp": "DV PAL",
    "dv5n": "DVCPRO 50", "dv5p": "DVCPRO 50 PAL", "mp4v": "MPEG-4 Visual", "png ": "PNG", "rle ": "Animation",
}  # fmt: skip
_AUDIO = {
    "mp4a": "MPEG-4 audio", "samr": "AMR-NB", "sawb": "AMR-WB", "ac-3": "AC-3", "ec-3": "E-AC-3", "ac-4": "AC-4",
    "alac": "ALAC", "Opus": "Opus", "fLaC": "FLAC", "dtsc": "DTS", "dtsh": "DTS-HD", "dtsl": "DTS-HD lossless",
    "dtse": "DTS Express", ".mp3": "MP3", "ulaw": "mu-law", "alaw": "A-law", "ima4": "IMA ADPCM",
    "sowt": "PCM little endian", "twos": "PCM big endian", "raw ": "PCM unsigned", "lpcm": "PCM", "ipcm": "PCM",
    "in24": "PCM 24 bit", "in32": "PCM 32 bit", "fl32": "PCM 32 bit float", "fl64": "PCM 64 bit float",
    "fpcm": "PCM float", "NONE": "PCM",
}  # fmt: skip
_OTHER = {
    "tmcd": "time code", "gpmd": "GoPro telemetry", "fdsc": "GoPro frame records", "mebx": "Apple timed metadata",
    "mett": "timed metadata (text)", "camm": "camera motion", "rtmd": "Sony real-time metadata", "tx3g": "timed text",
    "text": "text", "c608": "captions (CEA-608)", "c708": "captions (CEA-708)", "djmd": "DJI metadata",
}  # fmt: skip
_OBJECT_TYPES = {
    0x20: "MPEG-4 Visual", 0x21: "H.264", 0x23: "HEVC", 0x60: "MPEG-2 video", 0x61: "MPEG-2 video",
    0x62: "MPEG-2 video", 0x63: "MPEG-2 video", 0x64: "MPEG-2 video", 0x65: "MPEG-2 video 4:2:2",
    0x66: "MPEG-2 AAC", 0x67: "MPEG-2 AAC LC", 0x68: "MPEG-2 AAC", 0x69: "MPEG-2 audio (MP3 or MP2)",
    0x6A: "MPEG-1 video", 0x6B: "MPEG-1 audio (MP3 or MP2)", 0x6C: "JPEG", 0x6D: "PNG", 0xA5: "AC-3", 0xA6: "E-AC-3",
    0xA9: "DTS", 0xAD: "Opus", 0xDD: "Vorbis", 0xE1: "QCELP",
}  # fmt: skip
_AVC_PROFILES = {
    44: "CAVLC 4:4:4", 66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10", 118: "Multiview High",
    122: "High 4:2:2", 128: "Stereo High", 144: "High 4:4:4", 244: "High 4:4:4 Predictive",
}  # fmt: skip
_HEVC_PROFILES = {1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Range Extensions", 6: "Multiview Main"}
_AV1_PROFILES = {0: "Main", 1: "High", 2: "Professional"}
_AAC_TYPES = {1: "AAC Main", 2: "AAC LC", 3: "AAC SSR", 4: "AAC LTP", 23: "AAC LD", 39: "AAC ELD", 42: "xHE-AAC"}

_PCM_BITS = 5
"""Where ``pcmC`` says how many bits a sample has (ISO/IEC 23003-5 5)."""
_AMR_RATES = {b"samr": 8000, b"sawb": 16000}


class CodecWords(NamedTuple):
    """A codec in words, and the numbers that its configuration gives (0 where there are none)."""

    name: str
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0


def describe_entry(entry: SampleEntry) -> CodecWords:
    """Describe a sample entry; what cannot be read is left out."""
    code = entry.kind.decode("latin-1")
    if entry.media == "video":
        name = _with_profile(_named(entry, _VIDEO.get(code, code)), entry)
        return CodecWords(name, int(entry.fields.width), int(entry.fields.height))
    if entry.media == "audio":
        return _audio(entry, _AUDIO.get(code, code))
    return CodecWords(_OTHER.get(code, code))


def _named(entry: SampleEntry, fallback: str) -> str:
    """Return the codec that the ES descriptor names (ISO/IEC 14496-1 7.2.6.6)."""
    esds = entry.configuration(b"esds")
    if esds is None:
        return fallback
    try:
        return _OBJECT_TYPES.get(parse_es_descriptor(esds[4:]).object_type_indication, fallback)
    except BitstreamError:
        return fallback


def _with_profile(name: str, entry: SampleEntry) -> str:
    """Add profile and level from avcC, hvcC or av1C (ISO/IEC 14496-15 5.3.3, 8.3.3; AV1-ISOBMFF 2.3)."""
    if (avcc := entry.configuration(b"avcC")) is not None and len(avcc) > 3:
        return f"{name} {_AVC_PROFILES.get(avcc[1], f'profile {avcc[1]}')} {avcc[3] / 10:.1f}"
    if (hvcc := entry.configuration(b"hvcC")) is not None and len(hvcc) > 12:
        profile = hvcc[1] & 31
        return f"{name} {_HEVC_PROFILES.get(profile, f'profile {profile}')} {hvcc[12] / 30:.1f}"
    if (av1c := entry.configuration(b"av1C")) is not None and len(av1c) > 1:
        level = av1c[1] & 31
        return f"{name} {_AV1_PROFILES.get(av1c[1] >> 5, 'profile 3')} {2 + (level >> 2)}.{level & 3}"
    return name


def _audio(entry: SampleEntry, name: str) -> CodecWords:
    fields = entry.fields
    if "num_audio_channels" in fields:
        rate, channels = _whole(fields.audio_sample_rate), int(fields.num_audio_channels)
        bits = int(fields.const_bits_per_channel)
    else:
        rate, channels, bits = _whole(fields.sample_rate), int(fields.channel_count), int(fields.sample_size)
    pcm_config = entry.configuration(b"pcmC")
    if pcm_config is not None and len(pcm_config) > _PCM_BITS:
        bits = pcm_config[_PCM_BITS]
    esds = entry.configuration(b"esds")
    if entry.kind in _AMR_RATES:
        # What the fields say is often left over from another codec (3GPP TS 26.244 6.5: AMR is mono).
        return CodecWords(name, sample_rate=_AMR_RATES[entry.kind], channels=1)
    if esds is not None:
        name = _named(entry, name)
        config = _aac_config(esds)
        if config is not None:
            name = _aac_name(config)
            rate = config.extension_sampling_frequency or config.sampling_frequency
            channels = config.channels * (2 if config.ps_present and config.channels == 1 else 1) or channels
    elif name.startswith("PCM") and "bit" not in name and 0 < bits <= 64:
        name = name.replace("PCM", f"PCM {bits} bit", 1)
    return CodecWords(name, sample_rate=rate, channels=channels)


def _aac_config(esds: bytes) -> AudioSpecificConfig | None:
    try:
        descriptor = parse_es_descriptor(esds[4:])
        if descriptor.object_type_indication not in (0x40, 0x66, 0x67, 0x68) or not descriptor.decoder_specific_info:
            return None
        return parse_audio_specific_config(descriptor.decoder_specific_info)
    except (BitstreamError, StopIteration):
        return None


def _aac_name(config: AudioSpecificConfig) -> str:
    if config.ps_present:
        return "HE-AAC v2"
    if config.sbr_present:
        return "HE-AAC"
    kind = config.audio_object_type
    return _AAC_TYPES.get(kind, f"MPEG-4 audio (object type {kind})")


def _whole(value: float) -> int:
    """Return a rate as a whole number, 0 where it is none."""
    return round(value) if math.isfinite(value) and 0 <= value < 1e9 else 0
