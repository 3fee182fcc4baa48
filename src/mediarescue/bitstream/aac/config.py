"""AudioSpecificConfig (ISO/IEC 14496-3 1.6.2)."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.bitstream.aac.tables_bands import FREQUENCY_BOUNDS, SAMPLING_FREQUENCIES
from mediarescue.bitstream.errors import BitstreamError

SBR, ER_AAC_LC, ER_AAC_LD, PARAMETRIC_STEREO, ER_AAC_ELD = 5, 17, 23, 29, 39
GA_OBJECT_TYPES = frozenset({1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23})
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8, 11: 7, 12: 8, 14: 8}
_SBR_SYNC, _PS_SYNC = 0x2B7, 0x548


@dataclass(frozen=True, slots=True)
class AudioSpecificConfig:
    """What a track's configuration says about its frames.

    Parameters
    ----------
    audio_object_type : int
        Of the core coder: 2 is AAC LC, for HE-AAC too.
    sampling_frequency_index : int
        0 to 12, which selects the band tables; the nearest one for a frequency written as a number.
    sampling_frequency : int
        Hz, of the core coder (half the output's with SBR).
    channel_configuration : int
        0 when a program config element lists the channels.
    frame_length : int
        Samples of a frame and channel: 1024 or 960 (512 or 480 for low delay types), without SBR's doubling.
    sbr_present, ps_present : bool
        Signalled spectral band replication and parametric stereo; both may be there unsignalled.
    extension_sampling_frequency : int
        Output frequency with SBR, Hz; 0 without.
    program_config_channels : int or None
        Channels the program config element lists, None without one.
    """

    audio_object_type: int
    sampling_frequency_index: int
    sampling_frequency: int
    channel_configuration: int
    frame_length: int
    sbr_present: bool = False
    ps_present: bool = False
    extension_sampling_frequency: int = 0
    program_config_channels: int | None = None

    @property
    def channels(self) -> int:
        """Channels coded in a frame, before parametric stereo; 0 when not known."""
        if self.program_config_channels is not None:
            return self.program_config_channels
        return _CHANNELS.get(self.channel_configuration, 0)


class _Bits:
    """Big-endian bits of a configuration; reading past the end raises BitstreamError."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._size = 8 * len(data)
        self.pos = 0

    @property
    def left(self) -> int:
        return self._size - self.pos

    def read(self, count: int) -> int:
        if count > self.left:
            raise BitstreamError(f"the AudioSpecificConfig ends after {self._size} bits, inside a field")
        self.pos += count
        return (self._value >> (self._size - self.pos)) & ((1 << count) - 1)


def _object_type(bits: _Bits) -> int:
    value = bits.read(5)
    return 32 + bits.read(6) if value == 31 else value


def _frequency(bits: _Bits) -> tuple[int, int]:
    """Return the index that selects the tables, and the frequency in Hz."""
    index = bits.read(4)
    if index == 15:
        frequency = bits.read(24)
        return next(i for i, bound in enumerate(FREQUENCY_BOUNDS) if frequency >= bound), frequency
    if index >= len(SAMPLING_FREQUENCIES):
        raise BitstreamError(f"samplingFrequencyIndex {index} is reserved")
    return index, SAMPLING_FREQUENCIES[index]


def _program_config(bits: _Bits) -> int:
    """Step over a program_config_element (Table 4.2) and return its channels."""
    bits.read(10)
    counts = [bits.read(4), bits.read(4), bits.read(4), bits.read(2), bits.read(3), bits.read(4)]
    for size in (4, 4, 3):
        if bits.read(1):
            bits.read(size)
    channels = counts[3]
    for _ in range(sum(counts[:3])):
        channels += 1 + bits.read(1)
        bits.read(4)
    bits.read(4 * (counts[3] + counts[4]) + 5 * counts[5])
    bits.read(-bits.pos % 8)
    bits.read(8 * bits.read(8))
    return channels


def parse_audio_specific_config(data: bytes) -> AudioSpecificConfig:
    """Parse an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1), with explicit and backward compatible SBR signalling.

    Parameters
    ----------
    data : bytes
        The decoder specific info of an ``esds`` box; padding behind it is allowed.

    Raises
    ------
    BitstreamError
        When the data ends inside a field or uses a reserved frequency index. Object types other than general audio
        (GASpecificConfig) are returned with their 1024 samples assumed.
    """
    bits = _Bits(data)
    object_type = _object_type(bits)
    index, frequency = _frequency(bits)
    channel_configuration = bits.read(4)
    extension = 0
    sbr = ps = False
    if object_type in (SBR, PARAMETRIC_STEREO):
        sbr, ps = True, object_type == PARAMETRIC_STEREO
        extension = _frequency(bits)[1]
        object_type = _object_type(bits)
    frame_length = 1024
    program_channels = None
    if object_type in GA_OBJECT_TYPES:
        short_frame = bits.read(1)
        frame_length = 960 if short_frame else 1024
        if object_type == ER_AAC_LD:
            frame_length //= 2
        if bits.read(1):
            bits.read(14)
        extension_flag = bits.read(1)
        if channel_configuration == 0:
            program_channels = _program_config(bits)
        if object_type in (6, 20):
            bits.read(3)
        if extension_flag:
            bits.read({22: 16, 17: 3, 19: 3, 20: 3, 23: 3}.get(object_type, 0) + 1)
        if object_type >= ER_AAC_LC:
            bits.read(2)
    elif object_type == ER_AAC_ELD:
        frame_length = 480 if bits.read(1) else 512
    if not sbr and object_type in GA_OBJECT_TYPES and bits.left >= 16 and bits.read(11) == _SBR_SYNC:
        sbr, ps, extension = _sync_extension(bits)
    return AudioSpecificConfig(
        object_type, index, frequency, channel_configuration, frame_length, sbr, ps, extension, program_channels
    )


def _sync_extension(bits: _Bits) -> tuple[bool, bool, int]:
    """Return SBR, PS and the extension frequency from what follows the 0x2B7 behind a plain configuration."""
    if _object_type(bits) != SBR or not bits.read(1):
        return False, False, 0
    extension = _frequency(bits)[1]
    ps = bits.left >= 12 and bits.read(11) == _PS_SYNC and bits.read(1) == 1
    return True, ps, extension
