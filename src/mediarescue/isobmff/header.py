"""The header every box starts with (ISO/IEC 14496-12 4.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass


class FourCC(bytes):
    """Four bytes that name a box, a brand or a handler; ``str()`` shows them as Latin-1 (``©xyz``)."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.decode("latin-1")


@dataclass(frozen=True, slots=True)
class BoxHeader:
    """One box header.

    Attributes
    ----------
    kind : bytes
        The box type.
    offset : int
        Where the header starts: a position in the buffer from `read_header`, absolute from `scan_top_level`.
    size : int
        Of the whole box in bytes; what is left up to the limit where the header says 0. May run past the end.
    header_size : int
        8, 16 (64-bit size), 24 (``uuid``) or 32.
    user_type : bytes or None
        The 16 bytes of a ``uuid`` box.
    declared_size : int
        The size as written: 0 means up to the end.
    """

    kind: bytes
    offset: int
    size: int
    header_size: int
    user_type: bytes | None
    declared_size: int

    @property
    def payload_offset(self) -> int:
        """Where the payload starts."""
        return self.offset + self.header_size

    @property
    def payload_size(self) -> int:
        """Size of the payload in bytes."""
        return self.size - self.header_size

    @property
    def end(self) -> int:
        """First byte after the box."""
        return self.offset + self.size

    @property
    def to_end(self) -> bool:
        """Whether the box says it extends to the end (size 0)."""
        return self.declared_size == 0


def read_header(data: bytes | bytearray | memoryview, pos: int, *, limit: int | None = None) -> BoxHeader | None:
    """Read the box header at ``pos``.

    Parameters
    ----------
    data : bytes-like
    pos : int
        Position in ``data``.
    limit : int, optional
        Position where the box's parent ends, for size 0; it may lie beyond ``data``. Default: the end of ``data``.

    Returns
    -------
    BoxHeader or None
        None where the header is cut off or its size is smaller than itself. A size past ``limit`` is returned as
        it is: whether that is damage is for the caller to say.
    """
    limit = len(data) if limit is None else limit
    available = min(len(data), limit)
    if pos < 0 or pos + 8 > available:
        return None
    size, kind = struct.unpack_from(">I4s", data, pos)
    declared, header_size = size, 8
    if size == 1:
        if pos + 16 > available:
            return None
        declared = struct.unpack_from(">Q", data, pos + 8)[0]
        size, header_size = declared, 16
        if declared == 0:
            # A 64-bit size of 0 is what a camera leaves that writes the true size last.
            size = limit - pos
    elif size == 0:
        size = limit - pos
    user_type = None
    if kind == b"uuid":
        if pos + header_size + 16 > available:
            return None
        user_type = bytes(data[pos + header_size : pos + header_size + 16])
        header_size += 16
    if size < header_size:
        return None
    return BoxHeader(FourCC(kind), pos, size, header_size, user_type, declared)
