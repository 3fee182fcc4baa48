"""Boxes that tell an encrypted track (ISO/IEC 14496-12 8.12)."""

from __future__ import annotations

import construct as c

from mediarescue.isobmff.boxes.fields import FULL_BOX, TRAILING

OriginalFormat = c.Struct("data_format" / c.Bytes(4), TRAILING)
"""``frma`` (8.12.2)."""

SchemeType = c.Struct(*FULL_BOX, "scheme_type" / c.Bytes(4), "scheme_version" / c.Int32ub, TRAILING)
"""``schm`` (8.12.5)."""

ENCRYPTED_ENTRIES = frozenset((b"encv", b"enca", b"enct", b"encs", b"encm", b"encf", b"drms", b"drmi", b"drmt"))
"""Sample entries whose media is encrypted."""
