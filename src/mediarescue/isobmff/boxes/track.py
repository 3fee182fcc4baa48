"""Track header, references and edit list (ISO/IEC 14496-12 8.3, 8.6.6)."""

from __future__ import annotations

import construct as c

from mediarescue.isobmff.boxes.fields import FIXED_16_16, FULL_BOX, MATRIX, SIGNED_8_8, TRAILING, rows, unsigned

TrackHeader = c.Struct(
    *FULL_BOX,
    "creation_time" / unsigned(),
    "modification_time" / unsigned(),
    "track_id" / c.Int32ub,
    "reserved1" / c.Default(c.Bytes(4), bytes(4)),
    "duration" / unsigned(),
    "reserved2" / c.Default(c.Bytes(8), bytes(8)),
    "layer" / c.Int16sb,
    "alternate_group" / c.Int16sb,
    "volume" / SIGNED_8_8,
    "reserved3" / c.Default(c.Bytes(2), bytes(2)),
    "matrix" / MATRIX,
    "width" / FIXED_16_16,
    "height" / FIXED_16_16,
    TRAILING,
)
"""``tkhd`` (8.3.2); ``width`` and ``height`` are those of presentation, in pixels."""

EDIT_V0 = [("segment_duration", ">u4"), ("media_time", ">i4"), ("media_rate", ">i4")]
EDIT_V1 = [("segment_duration", ">u8"), ("media_time", ">i8"), ("media_rate", ">i4")]
"""Rows of ``elst``: movie ticks, media ticks (-1: an empty edit), 16.16."""

EditList = c.Struct(
    *FULL_BOX,
    "entry_count" / c.Int32ub,
    "entries"
    / c.IfThenElse(
        c.this.version == 1,
        rows(EDIT_V1, lambda this: this.entry_count),
        rows(EDIT_V0, lambda this: this.entry_count),
    ),
    TRAILING,
)
"""``elst`` (8.6.6)."""

TrackReference = c.Struct("track_ids" / c.GreedyRange(c.Int32ub), TRAILING)
"""A child of ``tref`` (8.3.3)."""

TRACK_REFERENCES = (
    b"cdsc", b"cdep", b"chap", b"hint", b"font", b"hind", b"vdep", b"vplx", b"subt", b"fall", b"folw",
    b"sync", b"scpt", b"ssrc", b"auxl", b"thmb", b"forc", b"clcp", b"dpnd", b"mpod", b"ipir", b"adda", b"adrc",
)  # fmt: skip
"""Reference types; ``tmcd`` is one too, but also names a sample entry and a media header."""
