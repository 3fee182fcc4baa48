"""Read boxes: a tree from bytes in memory, and the top level of a file of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mediarescue.isobmff.box import Box, SizeForm
from mediarescue.isobmff.boxes.sample_entry import entry_prefix_size
from mediarescue.isobmff.errors import BoxError, Leniency, Problem, damaged, note
from mediarescue.isobmff.header import BoxHeader, read_header
from mediarescue.isobmff.source import ByteSource

MAX_DEPTH = 32
"""Boxes nested deeper are refused; real files reach 9."""
MAX_BOXES = 100_000
"""More boxes in one tree are refused; a fragmented hour has a few thousand."""

_CONTAINERS = frozenset(
    (
        b"moov",
        b"trak",
        b"mdia",
        b"minf",
        b"stbl",
        b"edts",
        b"dinf",
        b"tref",
        b"gmhd",
        b"mvex",
        b"moof",
        b"traf",
        b"mfra",
    )
)
"""Boxes that hold only boxes, and that are read: what is wrong in them is damage."""
_SOFT_CONTAINERS = frozenset((b"udta", b"meta", b"sinf", b"schi", b"wave", b"tapt"))
"""Boxes that should hold boxes but whose contents are only carried along: unreadable, they stay leaves."""
_COUNTED = frozenset((b"stsd", b"dref"))
"""Full boxes with an entry count before their children."""
_TOP_LEVEL_WINDOW = 32


@dataclass(slots=True)
class _Parser:
    """The state of one parse: the buffer, how lenient, and what is left of the box limit."""

    data: bytes
    base_offset: int
    leniency: Leniency
    problems: list[Problem] | None
    handler: bytes = b""
    boxes_left: int = field(default=MAX_BOXES)

    def boxes(self, pos: int, end: int, depth: int, *, parent: bytes) -> tuple[Box, ...]:
        """Parse ``data[pos:end]`` as consecutive boxes; bytes that are none become one opaque box at the end."""
        out: list[Box] = []
        while pos < end:
            header = read_header(self.data, pos, limit=end)
            fault = self._fault(header, pos, end, parent)
            if header is None or fault is not None:
                if fault:
                    damaged(fault, offset=self.base_offset + pos, leniency=self.leniency, problems=self.problems)
                out.append(Box(b"", self.data[pos:end], offset=self.base_offset + pos))
                break
            self.boxes_left -= 1
            out.append(self._box(header, depth, parent=parent))
            pos = header.end
        return tuple(out)

    def _fault(self, header: BoxHeader | None, pos: int, end: int, parent: bytes) -> str | None:
        """Say why no box can be read at ``pos``: None when one can, "" where the end of a container is harmless."""
        inside = f" in {parent.decode('latin-1')}" if parent else ""
        if header is not None and header.to_end and parent and not any(self.data[pos:end]):
            # QuickTime ends a user data list with a 32-bit 0; writers pad with more of them.
            return ""
        if self.boxes_left <= 0:
            return f"more than {MAX_BOXES} boxes"
        if header is None:
            if not any(self.data[pos:end]):
                return ""
            return f"{end - pos} bytes{inside} are no box"
        if header.end > end:
            name = header.kind.decode("latin-1")
            return f"box {name!r} of {header.size} bytes{inside} runs {header.end - end} bytes past its end"
        return None

    def _box(self, header: BoxHeader, depth: int, *, parent: bytes) -> Box:
        start, end, kind = header.payload_offset, header.end, header.kind
        prefix = None if header.user_type else self._prefix_size(kind, start, end, parent)
        children = None
        if prefix is not None:
            if depth >= MAX_DEPTH:
                damaged(
                    f"boxes are nested more than {MAX_DEPTH} deep",
                    offset=self.base_offset + header.offset,
                    leniency=self.leniency,
                    problems=self.problems,
                )
            elif kind in _SOFT_CONTAINERS or parent == b"stsd":
                children = self._soft_children(kind, start + prefix, end, depth + 1)
            else:
                children = self._children(kind, start + prefix, end, depth + 1)
        form = _size_form(header)
        offset = self.base_offset + header.offset
        if prefix is None or children is None:
            return Box(kind, self.data[start:end], None, b"", header.user_type, form, offset)
        return Box(kind, b"", children, self.data[start : start + prefix], header.user_type, form, offset)

    def _children(self, kind: bytes, pos: int, end: int, depth: int) -> tuple[Box, ...]:
        if kind != b"mdia":
            return self.boxes(pos, end, depth, parent=kind)
        outer, self.handler = self.handler, self._find_handler(pos, end)
        children = self.boxes(pos, end, depth, parent=kind)
        self.handler = outer
        return children

    def _soft_children(self, kind: bytes, pos: int, end: int, depth: int) -> tuple[Box, ...] | None:
        """Parse children that are only carried along, or return None where they cannot be read."""
        trial = _Parser(self.data, self.base_offset, Leniency.STRICT, None, self.handler, self.boxes_left)
        try:
            children = trial.boxes(pos, end, depth, parent=kind)
        except BoxError as error:
            note(f"{kind.decode('latin-1')} kept as it is: {error}", offset=error.offset, problems=self.problems)
            return None
        self.boxes_left = trial.boxes_left
        return children

    def _prefix_size(self, kind: bytes, start: int, end: int, parent: bytes) -> int | None:
        """Return how many bytes stand before the first child, None for a leaf."""
        size = end - start
        prefix: int | None = None
        if parent == b"stsd":
            prefix = entry_prefix_size(kind, self.data[start : min(end, start + 256)], size, self.handler)
        elif kind == b"meta":
            # A full box in ISO files, a plain one in QuickTime files: there the first child's type comes at once.
            prefix = 0 if self.data[start + 4 : start + 8] in (b"hdlr", b"keys", b"ilst", b"free") else 4
        elif kind in _COUNTED:
            prefix = 8
        elif kind in _CONTAINERS or kind in _SOFT_CONTAINERS:
            prefix = 0
        return None if prefix is None or prefix > size else prefix

    def _find_handler(self, pos: int, end: int) -> bytes:
        """Return the handler type of the ``hdlr`` among the boxes of an ``mdia``, b"" without one."""
        while (header := read_header(self.data, pos, limit=end)) is not None and header.end <= end:
            if header.kind == b"hdlr":
                return self.data[header.payload_offset + 8 : min(header.payload_offset + 12, header.end)]
            pos = header.end
        return b""


def _size_form(header: BoxHeader) -> SizeForm:
    large = header.header_size - (16 if header.user_type else 0) == 16
    if header.to_end:
        return SizeForm.LARGE_TO_END if large else SizeForm.TO_END
    return SizeForm.LARGE if large else SizeForm.COMPACT


def parse_boxes(
    data: bytes,
    *,
    base_offset: int = 0,
    leniency: Leniency = Leniency.STRICT,
    problems: list[Problem] | None = None,
    handler: bytes = b"",
) -> tuple[Box, ...]:
    """Parse consecutive boxes and, where their type is known to hold boxes, what is inside them.

    Parameters
    ----------
    data : bytes
    base_offset : int
        Absolute offset of ``data`` in its file, for messages and `Box.offset`.
    leniency : Leniency
    problems : list of Problem, optional
        What was tolerated is appended.
    handler : bytes
        The handler type, when ``data`` lies inside an ``mdia``: it decides how sample entries are read.

    Returns
    -------
    tuple of Box
        ``serialize_boxes`` of it is ``data`` again. Bytes that are no box form an opaque box of kind ``b""``.

    Raises
    ------
    BoxError
        Unless PERMISSIVE: a box past its parent's end, bytes that are no box, nesting or number over the limit.
    """
    return _Parser(bytes(data), base_offset, leniency, problems, handler).boxes(0, len(data), 0, parent=b"")


def scan_top_level(source: ByteSource, *, problems: list[Problem] | None = None) -> tuple[BoxHeader, ...]:
    """Return the headers of the top-level boxes without reading what is in them.

    The last box may run past the end of the file or have size 0. The scan stops where the bytes are no box, and
    says so in ``problems``.
    """
    headers: list[BoxHeader] = []
    pos = 0
    while pos < source.size:
        raw = source.read(pos, _TOP_LEVEL_WINDOW)
        header = read_header(raw, 0, limit=source.size - pos)
        if header is None or not _is_name(header.kind):
            note(f"{source.size - pos} bytes that are no box", offset=pos, problems=problems)
            break
        header = BoxHeader(header.kind, pos, header.size, header.header_size, header.user_type, header.declared_size)
        headers.append(header)
        if header.end > source.size:
            missing = header.end - source.size
            message = f"box {str(header.kind)!r} runs {missing} bytes past the end of the file"
            note(message, offset=pos, problems=problems)
        if len(headers) >= MAX_BOXES:
            note(f"more than {MAX_BOXES} boxes", offset=pos, problems=problems)
            break
        pos = header.end
    return tuple(headers)


def find_header(headers: Sequence[BoxHeader], kind: bytes) -> BoxHeader | None:
    """Return the first header of that kind, or None."""
    return next((header for header in headers if header.kind == kind), None)


def _is_name(kind: bytes) -> bool:
    """Whether four bytes could name a box: printable ASCII, or the © of QuickTime."""
    return all(0x20 <= c < 0x7F or c == 0xA9 for c in kind)
