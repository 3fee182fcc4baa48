"""AAC: the configuration, and frame sizes by walking raw_data_blocks (ISO/IEC 14496-3)."""

from mediarescue.bitstream.aac.config import (
    AudioSpecificConfig,
    EsDescriptor,
    parse_audio_specific_config,
    parse_es_descriptor,
)
from mediarescue.bitstream.aac.layout import FrameColumn
from mediarescue.bitstream.aac.walk import (
    COUNT_REACHED,
    INVALID,
    NEED_MORE,
    AacFrame,
    AacWalker,
    signature_elements,
)

__all__ = [
    "COUNT_REACHED",
    "INVALID",
    "NEED_MORE",
    "AacFrame",
    "AacWalker",
    "AudioSpecificConfig",
    "EsDescriptor",
    "FrameColumn",
    "parse_audio_specific_config",
    "parse_es_descriptor",
    "signature_elements",
]
