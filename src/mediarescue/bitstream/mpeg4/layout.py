"""What the kernels are told of a picture, and what they keep while they walk through it: places in int64 arrays."""

from __future__ import annotations

from enum import IntEnum


class Param(IntEnum):
    """Places in ``params``, set for each picture."""

    KIND = 0
    """`Kind` of the picture."""
    VISUAL = 1
    """1 for MPEG-4 Visual, 0 for H.263 and the short headers of MPEG-4."""
    COUNT = 2
    """Macroblocks of the picture."""
    GROUP = 3
    """H.263: macroblocks of a group of blocks."""
    SLICES = 4
    """H.263: slice structured mode (Annex K), instead of groups of blocks."""
    MULTIPOINT = 5
    """H.263: continuous presence multipoint, two more bits in a group's header."""
    ADDRESS_BITS = 6
    """Bits of a macroblock number in the header of a slice or video packet."""
    ADVANCED_INTRA = 7
    """H.263 Annex I."""
    MODIFIED_QUANT = 8
    """H.263 Annex T."""
    LONG_VECTORS = 9
    """H.263 Annex D with the codes of Table D.3."""
    ALTERNATIVE_INTER = 10
    """H.263 Annex S."""
    INTERLACED = 11
    GLOBAL_MOTION = 12
    """An S-VOP with global motion compensation."""
    FORWARD_BITS = 13
    """vop_fcode_forward - 1."""
    BACKWARD_BITS = 14
    MARKER_BITS = 15
    """Bits of a resync marker, 0 where there are none."""
    TIME_BITS = 16
    """Bits of vop_time_increment."""
    INTRA_DC_LIMIT = 17
    """Quantiser from which on DC coefficients are coded as the other ones are."""
    QUANT_BITS = 18
    QUANT = 19
    WARPING_POINTS = 20
    REVERSIBLE = 21


class Kind(IntEnum):
    """How a picture is predicted."""

    INTRA = 0
    PREDICTED = 1
    BIDIRECTIONAL = 2
    SPRITE = 3


class Work(IntEnum):
    """Places in ``work``. Behind `MAPS` follow three maps of ``COUNT`` values, see `MAPS`."""

    QUANT = 0
    NEXT = 1
    """The macroblock behind a video packet."""
    MAPS = 2
    """1 for each macroblock of this picture that is not coded; the same of the anchor a B-VOP is predicted from; and
    what the partitions of a video packet tell of each macroblock."""


PARAM_COUNT = len(Param)
