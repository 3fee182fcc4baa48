"""AAC with a header in front of each frame (ADTS, ISO/IEC 13818-7 6.2)."""

from __future__ import annotations

from mediarescue.bitstream.aac.config import parse_audio_specific_config
from mediarescue.bitstream.descriptors import parse_es_descriptor
from mediarescue.extraction.form import NoStreamFormError, StreamForm
from mediarescue.extraction.media_track import MediaTrack

_HEADER = 7
_LARGEST = (1 << 13) - 1
_LAST_PROFILE = 4
"""Main, LC, SSR and LTP have a profile number; what SBR adds is found in the frames themselves."""


def adts_stream(track: MediaTrack) -> StreamForm:
    """Return the form of an AAC track; raises NoStreamFormError for what ADTS cannot name."""
    payload = track.entry.configuration(b"esds")
    if payload is None:
        raise NoStreamFormError("it has no esds box")
    config = parse_audio_specific_config(parse_es_descriptor(payload[4:]).decoder_specific_info)
    if not 1 <= config.audio_object_type <= _LAST_PROFILE:
        raise NoStreamFormError(f"ADTS has no number for audio object type {config.audio_object_type}")
    if not 1 <= config.channel_configuration <= 7:
        raise NoStreamFormError(f"ADTS cannot tell its channels (configuration {config.channel_configuration})")
    if config.frame_length != 1024:
        raise NoStreamFormError(f"ADTS cannot tell frames of {config.frame_length} samples")
    if len(track.size) and int(track.size.max()) + _HEADER > _LARGEST:
        raise NoStreamFormError("a frame is too large for ADTS")
    fixed = 0xFFF1 << 40
    fixed |= (config.audio_object_type - 1) << 38 | config.sampling_frequency_index << 34
    fixed |= config.channel_configuration << 30 | 0x7FF << 2

    def convert(sample: bytes, index: int) -> bytes:
        return (fixed | (len(sample) + _HEADER) << 13).to_bytes(_HEADER, "big") + sample

    return StreamForm(".aac", convert=convert)
