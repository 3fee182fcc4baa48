"""The shared shape of the H.264 and HEVC scanners: row columns, parameters and return codes.

The kernels see plain ints; these enums name them for everybody else.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

INVALID = -1
"""The bytes are not what was asked for."""
NEED_MORE = -2
"""The unit runs over the end; more bytes could complete it."""


class Column(IntEnum):
    """Columns of an access unit's row (int64); -1 stands for "not in the stream"."""

    SIZE = 0
    """Bytes, length fields included; only whole NAL units count."""
    END_REASON = 1
    DECLARED_SIZE = 2
    """SIZE, or for END_REASON CUT the size with the cut NAL unit as its length field says."""
    NAL_COUNT = 3
    SLICE_COUNT = 4
    """Slices (HEVC: slice segments) of the base layer."""
    FIRST_VCL_TYPE = 5
    """nal_unit_type of the first slice."""
    NAL_REF_IDC = 6
    TEMPORAL_ID = 6
    """HEVC's meaning of the same column."""
    SLICE_TYPE = 7
    """Of the first slice, in the codec's own numbers: H.264 P B I SP SI = 0 to 4, HEVC B P I = 0 to 2."""
    ALL_INTRA = 8
    PPS_ID = 9
    SPS_ID = 10
    FRAME_NUM = 11
    IDR_PIC_ID = 12
    POC_LSB = 13
    DELTA_POC_BOTTOM = 14
    DELTA_POC_0 = 15
    DELTA_POC_1 = 16
    FIELD_FLAGS = 17
    """0 frame, 1 the first field is a top field, 2 it is a bottom field."""
    FIELD_COUNT = 18
    """0 for a frame, 1 or 2 for fields."""
    HAS_RECOVERY_POINT = 19
    HAS_MMCO5 = 20
    """memory_management_control_operation 5: the picture acts as an IDR picture for the order of output."""
    HAS_END_OF_SEQUENCE = 21
    LONGEST_NAL = 22
    """Bytes without the length field."""
    PARAMETER_SET_POS = 23
    """Position in the buffer of the first in-band parameter set's length field, -1 for none."""
    FIRST_NAL_TYPE = 24
    FIRST_VCL_POS = 25
    """Position in the buffer of the first slice's length field."""


COLUMN_COUNT = 26


class EndReason(IntEnum):
    """Why an access unit ends where it does."""

    NEXT_ACCESS_UNIT = 0
    OTHER_BYTES = 1
    AT_END = 2
    CUT = 3
    """A later NAL unit of this access unit runs over the end of the media."""


class SyncKind(IntFlag):
    """What makes an access unit a place to start decoding at."""

    NONE = 0
    IDR = 1
    IRAP = 2
    """HEVC: IDR, BLA or CRA. H.264: the same as IDR."""
    RECOVERY_POINT = 4
    ALL_INTRA = 8


class Parameter(IntEnum):
    """Items of the kernels' ``params`` array (int64)."""

    LENGTH_SIZE = 0
    MAX_NAL_SIZE = 1
    FINAL = 2
    """1 when ``end`` is the end of the media, 0 when it is that of a window."""
    CONTINUATION = 3
    """Bit mask of NAL unit types known to follow the first slice inside an access unit."""
    LAYER_CONTINUATION = 4
    """The same for NAL units of layers above 0 (HEVC)."""
    FIELDS_PER_SAMPLE = 5
    """2: the second field of a frame belongs to the same sample; 1: each field is its own."""
    ANY_FIRST_MB = 6
    """1: slices come in any order (arbitrary slice order, lost first slices)."""


PARAMETER_COUNT = 7
