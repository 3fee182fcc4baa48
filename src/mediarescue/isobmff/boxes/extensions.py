"""Small boxes inside sample entries (ISO/IEC 14496-12 8.5.2.2, 12.1.4, 12.1.5)."""

from __future__ import annotations

import construct as c

from mediarescue.isobmff.boxes.fields import TRAILING

PixelAspectRatio = c.Struct("h_spacing" / c.Int32ub, "v_spacing" / c.Int32ub, TRAILING)
"""``pasp`` (12.1.4)."""

BitRate = c.Struct("buffer_size_db" / c.Int32ub, "max_bitrate" / c.Int32ub, "avg_bitrate" / c.Int32ub, TRAILING)
"""``btrt`` (8.5.2.2)."""

Colour = c.Struct("colour_type" / c.Bytes(4), "values" / c.GreedyBytes)
"""``colr`` (12.1.5): three 16-bit code points for ``nclx`` and ``nclc``, an ICC profile for ``prof``."""
