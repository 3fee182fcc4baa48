"""The parameters that the MPEG-2 kernels read."""

from __future__ import annotations

from enum import IntEnum


class Param(IntEnum):
    """Items of the kernels' ``params`` array (int64)."""

    MPEG1 = 0
    """1 for ISO/IEC 11172-2: other escapes, slices over several rows."""
    WIDTH = 1
    """Macroblocks in a row."""
    ROWS = 2
    """Macroblock rows of the picture, a field's in field pictures."""
    KIND = 3
    """picture_coding_type: I 1, P 2, B 3."""
    F_CODE = 4
    """Four items: f_code[s][t], at least 1."""
    FRAME_PICTURE = 8
    FRAME_PRED_FRAME_DCT = 9
    CONCEALMENT = 10
    INTRA_TABLE = 11
    """Where the coefficient table of intra blocks lies."""
    CHROMA_BLOCKS = 12
    """In a macroblock: 2, 4 or 8 for 4:2:0, 4:2:2 and 4:4:4."""
    FIRST_WALKED = 13
    """The first row, counted from 1, whose macroblocks are walked."""
    TALL = 14
    """1 where slices carry slice_vertical_position_extension."""
    ADDRESS = 15
    """Out: address of the last macroblock walked."""


PARAM_COUNT = 16
