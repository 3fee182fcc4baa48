"""AAC: the configuration, and frame sizes by walking raw_data_blocks (ISO/IEC 14496-3)."""

from mediarescue.bitstream.aac.config import AudioSpecificConfig, parse_audio_specific_config
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
    "FrameColumn",
    "parse_audio_specific_config",
    "signature_elements",
]
