"""The sample table's boxes (ISO/IEC 14496-12 8.5 to 8.7): a declared head, the rows as a numpy view."""

from __future__ import annotations

from typing import Any

import construct as c

from mediarescue.isobmff.boxes.fields import FULL_BOX, TRAILING, by_version, rows

TIME_ROW = [("count", ">u4"), ("delta", ">u4")]
COMPOSITION_ROW = [("count", ">u4"), ("offset", ">i4")]
"""Signed in version 0 as well: iPhones write negative offsets there, and no true one reaches 2**31."""
CHUNK_ROW = [("first_chunk", ">u4"), ("samples_per_chunk", ">u4"), ("sample_description_index", ">u4")]
GROUP_ROW = [("count", ">u4"), ("group_description_index", ">u4")]

ROW_TYPES: dict[bytes, Any] = {
    b"stts": TIME_ROW,
    b"ctts": COMPOSITION_ROW,
    b"stsc": CHUNK_ROW,
    b"stss": ">u4",
    b"stps": ">u4",
    b"stco": ">u4",
    b"co64": ">u8",
}
"""Row dtypes of the tables that consist of a count and rows."""


def _table(kind: bytes) -> Any:
    return c.Struct(
        *FULL_BOX,
        "entry_count" / c.Int32ub,
        "rows" / rows(ROW_TYPES[kind], lambda this: this.entry_count),
        TRAILING,
    )


TimeToSample = _table(b"stts")
"""``stts`` (8.6.1.2)."""
CompositionOffset = _table(b"ctts")
"""``ctts`` (8.6.1.3)."""
SyncSample = _table(b"stss")
"""``stss`` (8.6.2)."""
PartialSyncSample = _table(b"stps")
"""``stps`` of QuickTime."""
SampleToChunk = _table(b"stsc")
"""``stsc`` (8.7.4)."""
ChunkOffset = _table(b"stco")
"""``stco`` (8.7.5)."""
ChunkLargeOffset = _table(b"co64")
"""``co64`` (8.7.5)."""

SampleSize = c.Struct(
    *FULL_BOX,
    "sample_size" / c.Int32ub,
    "sample_count" / c.Int32ub,
    "rows" / rows(">u4", lambda this: 0 if this.sample_size else this.sample_count),
    TRAILING,
)
"""``stsz`` (8.7.3.2)."""

CompactSampleSize = c.Struct(
    *FULL_BOX,
    "reserved" / c.Default(c.Int24ub, 0),
    "field_size" / c.Int8ub,
    "sample_count" / c.Int32ub,
    "packed" / c.Bytes(lambda this: (this.sample_count * this.field_size + 7) // 8),
    TRAILING,
)
"""``stz2`` (8.7.3.3); fields of 4, 8 or 16 bits."""

CompositionToDecode = c.Struct(
    *FULL_BOX,
    "composition_to_dts_shift" / by_version(c.Int32sb, c.Int64sb),
    "least_decode_to_display_delta" / by_version(c.Int32sb, c.Int64sb),
    "greatest_decode_to_display_delta" / by_version(c.Int32sb, c.Int64sb),
    "composition_start_time" / by_version(c.Int32sb, c.Int64sb),
    "composition_end_time" / by_version(c.Int32sb, c.Int64sb),
    TRAILING,
)
"""``cslg`` (8.6.1.4)."""

SampleToGroup = c.Struct(
    *FULL_BOX,
    "grouping_type" / c.Bytes(4),
    "grouping_type_parameter" / c.Default(c.If(c.this.version == 1, c.Int32ub), None),
    "entry_count" / c.Int32ub,
    "rows" / rows(GROUP_ROW, lambda this: this.entry_count),
    TRAILING,
)
"""``sbgp`` (8.9.2)."""

SampleGroupDescription = c.Struct(
    *FULL_BOX,
    "grouping_type" / c.Bytes(4),
    "default_length" / c.Default(c.If(c.this.version == 1, c.Int32ub), None),
    "default_group_description_index" / c.Default(c.If(c.this.version >= 2, c.Int32ub), None),
    "entry_count" / c.Int32ub,
    "entries" / c.GreedyBytes,
)
"""``sgpd`` (8.9.3); the entries depend on the grouping type and are kept as bytes."""
