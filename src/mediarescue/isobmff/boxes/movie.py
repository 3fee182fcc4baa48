"""File type and movie header boxes (ISO/IEC 14496-12 4.3, 8.2, 8.8)."""

from __future__ import annotations

import construct as c

from mediarescue.isobmff.boxes.fields import FULL_BOX, MATRIX, SIGNED_8_8, SIGNED_16_16, TRAILING, by_version, unsigned

FileType = c.Struct(
    "major_brand" / c.Bytes(4),
    "minor_version" / c.Int32ub,
    "compatible_brands" / c.GreedyRange(c.Bytes(4)),
    TRAILING,
)
"""``ftyp`` and ``styp`` (4.3)."""

MovieHeader = c.Struct(
    *FULL_BOX,
    "creation_time" / unsigned(),
    "modification_time" / unsigned(),
    "timescale" / c.Int32ub,
    "duration" / unsigned(),
    "rate" / SIGNED_16_16,
    "volume" / SIGNED_8_8,
    "reserved" / c.Default(c.Bytes(10), bytes(10)),
    "matrix" / MATRIX,
    "pre_defined" / c.Default(c.Bytes(24), bytes(24)),  # QuickTime: preview, poster, selection, current time
    "next_track_id" / c.Int32ub,
    TRAILING,
)
"""``mvhd`` (8.2.2)."""

MovieExtendsHeader = c.Struct(*FULL_BOX, "fragment_duration" / by_version(c.Int32ub, c.Int64ub), TRAILING)
"""``mehd`` (8.8.2)."""

TrackExtends = c.Struct(
    *FULL_BOX,
    "track_id" / c.Int32ub,
    "default_sample_description_index" / c.Int32ub,
    "default_sample_duration" / c.Int32ub,
    "default_sample_size" / c.Int32ub,
    "default_sample_flags" / c.Int32ub,
    TRAILING,
)
"""``trex`` (8.8.3)."""
