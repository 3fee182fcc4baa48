"""Scale factor bands and sampling frequencies of AAC (ISO/IEC 14496-3 4.5.4 and 1.6.3.4)."""

from __future__ import annotations

SAMPLING_FREQUENCIES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
"""samplingFrequencyIndex 0 to 12, Hz."""

FREQUENCY_BOUNDS = (92017, 75132, 55426, 46009, 37566, 27713, 23004, 18783, 13856, 11502, 9391, 0)
"""Lowest frequency that uses the tables of index 0 to 11, Hz (Table 4.82): for frequencies written as a number."""

PREDICTOR_BAND_LIMITS = (33, 33, 38, 40, 40, 40, 41, 41, 37, 37, 37, 34, 34)
"""PRED_SFB_MAX by sampling frequency index: bands the Main profile's predictor covers."""

LTP_BAND_LIMIT = 40
"""MAX_LTP_LONG_SFB: bands a long term prediction covers."""

_FINE = (0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40)
_LONG_96 = (
    *(*_FINE, 44, 48, 52, 56, 64, 72, 80, 88, 96, 108, 120, 132, 144, 156, 172, 188, 212, 240, 276, 320),
    *(384, 448, 512, 576, 640, 704, 768, 832, 896, 960, 1024),
)
_LONG_64 = (
    *(*_FINE, 44, 48, 52, 56, 64, 72, 80, 88, 100, 112, 124, 140, 156, 172, 192, 216, 240, 268, 304, 344),
    *(384, 424, 464, 504, 544, 584, 624, 664, 704, 744, 784, 824, 864, 904, 944, 984, 1024),
)
_LONG_32 = (
    *(*_FINE, 48, 56, 64, 72, 80, 88, 96, 108, 120, 132, 144, 160, 176, 196, 216, 240, 264, 292, 320, 352),
    *(384, 416, 448, 480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800, 832, 864, 896, 928, 960, 992, 1024),
)
_LONG_48 = (*_LONG_32[:49], 1024)
_LONG_24 = (
    *(*_FINE, 44, 52, 60, 68, 76, 84, 92, 100, 108, 116, 124, 136, 148, 160, 172, 188, 204, 220, 240, 260),
    *(284, 308, 336, 364, 396, 432, 468, 508, 552, 600, 652, 704, 768, 832, 896, 960, 1024),
)
_LONG_16 = (
    *(0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 100, 112, 124, 136, 148, 160, 172, 184, 196, 212, 228, 244),
    *(260, 280, 300, 320, 344, 368, 396, 424, 456, 492, 532, 572, 616, 664, 716, 772, 832, 896, 960, 1024),
)
_LONG_8 = (
    *(0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120, 132, 144, 156, 172, 188, 204, 220, 236, 252, 268, 288, 308),
    *(328, 348, 372, 396, 420, 448, 476, 508, 544, 580, 620, 664, 712, 764, 820, 880, 944, 1024),
)
_SHORT_96 = (0, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 92, 128)
_SHORT_48 = (0, 4, 8, 12, 16, 20, 28, 36, 44, 56, 68, 80, 96, 112, 128)
_SHORT_24 = (0, 4, 8, 12, 16, 20, 24, 28, 36, 44, 52, 64, 76, 92, 108, 128)
_SHORT_16 = (0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 60, 72, 88, 108, 128)
_SHORT_8 = (0, 4, 8, 12, 16, 20, 24, 28, 36, 44, 52, 60, 72, 88, 108, 128)

_LONG = (
    *(_LONG_96, _LONG_96, _LONG_64, _LONG_48, _LONG_48, _LONG_32, _LONG_24, _LONG_24),
    *(_LONG_16, _LONG_16, _LONG_16, _LONG_8, _LONG_8),
)
_SHORT = (*(_SHORT_96,) * 3, *(_SHORT_48,) * 3, *(_SHORT_24,) * 2, *(_SHORT_16,) * 3, *(_SHORT_8,) * 2)


def _cut(offsets: tuple[int, ...], length: int) -> tuple[int, ...]:
    """Return the bands of a shorter window: those that begin inside it, the last one cut at its end."""
    return (*(offset for offset in offsets if offset < length), length)


def band_offsets(sampling_frequency_index: int, frame_length: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the scale factor band offsets of the long and of one short window.

    Parameters
    ----------
    sampling_frequency_index : int
        0 to 12.
    frame_length : int
        1024 or 960 spectral lines.

    Returns
    -------
    tuple of tuple of int
        ``swb_offset_long_window`` and ``swb_offset_short_window``, each with one offset more than bands: the end.

    Notes
    -----
    The 960-line tables of the standard are its 1024-line tables cut at 960 (short windows: 128 at 120); compared
    for all 13 frequencies. At 32 kHz the cut leaves the 49 bands of 44.1 and 48 kHz.
    """
    long, short = _LONG[sampling_frequency_index], _SHORT[sampling_frequency_index]
    return _cut(long, frame_length), _cut(short, frame_length // 8)
