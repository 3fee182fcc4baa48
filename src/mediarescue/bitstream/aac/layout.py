"""Where the walk's numbers lie in its int64 arrays; the kernels and their wrapper share these names."""

from __future__ import annotations

from enum import IntEnum


class FrameColumn(IntEnum):
    """Columns of a frame's row.

    ``SIZE``: bytes of the raw_data_block. ``SIGNATURE``: its elements, see :func:`signature_elements`.
    ``PADDING_ZERO``: 1 where the alignment bits after ID_END are 0. ``GLOBAL_GAIN``, ``MAX_SFB``,
    ``WINDOW_SEQUENCE``: of the first channel. ``FILL_SIZE``: payload bytes in fill elements (SBR lies there too).
    """

    SIZE = 0
    SIGNATURE = 1
    PADDING_ZERO = 2
    GLOBAL_GAIN = 3
    MAX_SFB = 4
    WINDOW_SEQUENCE = 5
    FILL_SIZE = 6


COLUMN_COUNT = 7


class Param(IntEnum):
    """Positions in the parameter array: what the stream's configuration fixes, and the limits of acceptance."""

    OBJECT_TYPE = 0
    FRAME_LENGTH = 1
    LONG_BANDS = 2
    SHORT_BANDS = 3
    PREDICTOR_BANDS = 4
    TNS_ORDER = 5
    MIN_SIZE = 6
    MAX_SIZE = 7
    ZERO_PADDING = 8
    LONG_OFFSETS = 9
    SHORT_OFFSETS = 61


PARAM_COUNT = 77


class Work(IntEnum):
    """Positions in the scratch array.

    The ics_info in force, what is kept of the frame's first channel, and rows (book, bands, code words), one for each
    section of the channel in hand.
    """

    WINDOW_SEQUENCE = 0
    MAX_SFB = 1
    GROUPS = 2
    GROUP_LENGTHS = 3
    FIRST_SEEN = 11
    FIRST_GAIN = 12
    FIRST_MAX_SFB = 13
    FIRST_SEQUENCE = 14
    SECTION_COUNT = 15
    SECTIONS = 16


WORK_COUNT = 16 + 3 * 128
"""Scratch size: no frame has more than 8 groups of 15 bands in non-empty sections per channel."""
