"""Media headers, handlers and data references (ISO/IEC 14496-12 8.4, 8.7, 12; QuickTime File Format)."""

from __future__ import annotations

import construct as c

from mediarescue.isobmff.boxes.fields import FULL_BOX, SIGNED_8_8, TRAILING, unsigned

MediaHeader = c.Struct(
    *FULL_BOX,
    "creation_time" / unsigned(),
    "modification_time" / unsigned(),
    "timescale" / c.Int32ub,
    "duration" / unsigned(),
    "language" / c.Int16ub,  # three letters of 5 bits, or a Macintosh language code below 0x400
    "pre_defined" / c.Default(c.Int16ub, 0),
    TRAILING,
)
"""``mdhd`` (8.4.2)."""

Handler = c.Struct(
    *FULL_BOX,
    "component_type" / c.Default(c.Bytes(4), bytes(4)),  # QuickTime: mhlr or dhlr
    "handler_type" / c.Bytes(4),
    "reserved" / c.Default(c.Bytes(12), bytes(12)),
    "name" / c.GreedyBytes,  # ends with a 0, or starts with its length (QuickTime)
)
"""``hdlr`` (8.4.3)."""

VideoMediaHeader = c.Struct(*FULL_BOX, "graphicsmode" / c.Int16ub, "opcolor" / c.Array(3, c.Int16ub), TRAILING)
"""``vmhd`` (12.1.2)."""

SoundMediaHeader = c.Struct(*FULL_BOX, "balance" / SIGNED_8_8, "reserved" / c.Default(c.Int16ub, 0), TRAILING)
"""``smhd`` (12.2.2)."""

NullMediaHeader = c.Struct(*FULL_BOX, TRAILING)
"""``nmhd`` (8.4.5.2)."""

BaseMediaInformation = c.Struct(
    *FULL_BOX,
    "graphicsmode" / c.Int16ub,
    "opcolor" / c.Array(3, c.Int16ub),
    "balance" / SIGNED_8_8,
    "reserved" / c.Default(c.Int16ub, 0),
    TRAILING,
)
"""``gmin``, in the ``gmhd`` of QuickTime tracks that are neither video nor sound."""

DataEntry = c.Struct(*FULL_BOX, "location" / c.GreedyBytes)
"""``url ``, ``urn `` and ``alis``, the children of ``dref`` (8.7.2); flag 1: the data is in this file."""
