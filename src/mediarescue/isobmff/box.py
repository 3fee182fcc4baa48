"""The tree of boxes; what is not understood keeps its bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from mediarescue.isobmff.errors import BoxError


class SizeForm(Enum):
    """How the header writes the size (ISO/IEC 14496-12 4.2.2)."""

    COMPACT = 0
    """32 bits."""
    LARGE = 1
    """64 bits behind a 32-bit 1."""
    TO_END = 2
    """0: the box extends to the end."""
    LARGE_TO_END = 3
    """A 64-bit 0, left by a writer that never came back to fill it in."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box, a leaf with a ``payload`` or a container with ``children``.

    Attributes
    ----------
    kind : bytes
        The box type. ``b""`` marks bytes that are no box (a terminator, padding, damage) kept verbatim in ``payload``.
    payload : bytes
        What follows the header of a leaf, ``version`` and ``flags`` included; empty for a container.
    children : tuple of Box or None
        None for a leaf.
    prefix : bytes
        A container's fields before its first child (``stsd``: version, flags, entry count).
    user_type : bytes or None
        The 16 bytes that name a ``uuid`` box.
    size_form : SizeForm
    offset : int
        Absolute offset it was read from, -1 for a new box; not compared.
    """

    kind: bytes
    payload: bytes = b""
    children: tuple[Box, ...] | None = None
    prefix: bytes = b""
    user_type: bytes | None = None
    size_form: SizeForm = SizeForm.COMPACT
    offset: int = field(default=-1, compare=False)

    @property
    def is_opaque(self) -> bool:
        """Whether this is no box but bytes kept verbatim."""
        return self.kind == b""

    @property
    def body_size(self) -> int:
        """Size in bytes of what follows the header."""
        if self.children is None:
            return len(self.payload)
        return len(self.prefix) + sum(child.size for child in self.children)

    @property
    def header_size(self) -> int:
        """Size of the header in bytes; 0 for opaque bytes."""
        return self._header_size(self.body_size)

    @property
    def size(self) -> int:
        """Size of the whole box in bytes."""
        body = self.body_size
        return self._header_size(body) + body

    def find(self, *path: bytes) -> Box | None:
        """Return the first box at ``path`` below this one (``find(b"mdia", b"mdhd")``), or None."""
        box: Box | None = self
        for kind in path:
            box = next((child for child in (box.children if box else None) or () if child.kind == kind), None)
        return box

    def find_all(self, kind: bytes) -> tuple[Box, ...]:
        """Return every child of that kind, in order."""
        return tuple(child for child in self.children or () if child.kind == kind)

    def get(self, *path: bytes) -> Box:
        """Return the box at ``path`` as `find` does; raises BoxError when there is none."""
        box = self.find(*path)
        if box is None:
            names = "/".join(kind.decode("latin-1") for kind in (self.kind, *path))
            raise BoxError(f"the {names} box is missing", offset=self.offset)
        return box

    def replace(self, *, children: Iterable[Box] | None = None, payload: bytes | None = None) -> Box:
        """Return a copy with other ``children`` (a container) or another ``payload`` (a leaf).

        Raises ValueError when the box is of the other sort. A size of 0 stays.
        """
        if (children is not None and self.children is None) or (payload is not None and self.children is not None):
            raise ValueError(f"{self.kind!r} is a {'leaf' if self.children is None else 'container'}")
        if children is not None:
            return replace(self, children=tuple(children))
        return replace(self, payload=self.payload if payload is None else bytes(payload))

    def with_child(self, child: Box) -> Box:
        """Return a copy with ``child`` instead of the first of its kind, or behind the last child where there is none.

        Opaque bytes at the end (a terminator) stay last.
        """
        children = list(self.children or ())
        for i, old in enumerate(children):
            if old.kind == child.kind:
                children[i] = child
                return self.replace(children=children)
        end = len(children)
        while end and children[end - 1].is_opaque:
            end -= 1
        return self.replace(children=[*children[:end], child, *children[end:]])

    def serialize(self) -> bytes:
        """Return the bytes of the whole box."""
        parts: list[bytes] = []
        self._write(parts)
        return b"".join(parts)

    def _header_size(self, body: int) -> int:
        if self.is_opaque:
            return 0
        large = self.size_form in (SizeForm.LARGE, SizeForm.LARGE_TO_END)
        user = 0 if self.user_type is None else 16
        if self.size_form is SizeForm.COMPACT and body + 8 + user > 0xFFFFFFFF:
            large = True
        return (16 if large else 8) + user

    def _write(self, parts: list[bytes]) -> None:
        if self.is_opaque:
            parts.append(self.payload)
            return
        body = self.body_size
        header = self._header_size(body)
        user = self.user_type or b""
        if header - len(user) == 16:
            declared = 0 if self.size_form is SizeForm.LARGE_TO_END else header + body
            parts.append(struct.pack(">I4sQ", 1, self.kind, declared) + user)
        else:
            declared = 0 if self.size_form is SizeForm.TO_END else header + body
            parts.append(struct.pack(">I4s", declared, self.kind) + user)
        if self.children is None:
            parts.append(self.payload)
            return
        parts.append(self.prefix)
        for child in self.children:
            child._write(parts)


def serialize_boxes(boxes: Iterable[Box]) -> bytes:
    """Return the bytes of consecutive boxes."""
    parts: list[bytes] = []
    for box in boxes:
        box._write(parts)
    return b"".join(parts)
