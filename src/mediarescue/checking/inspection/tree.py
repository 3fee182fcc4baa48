"""The boxes of a file as a tree to show: long rows folded, a word on what is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mediarescue.inspection import BoxInfo
from mediarescue.isobmff import Box, BoxError, BoxHeader, ByteSource, Leniency, parse_boxes, parse_payload

_OPENED = frozenset((b"moov", b"moof", b"mfra", b"meta", b"udta"))
_LARGEST_OPENED = 1 << 24
_LONGEST_PATTERN = 4
_FOLDED_TOP, _FOLDED_INSIDE = 3, 12
"""A pattern that repeats more often than this is folded."""
_NEVER_FOLDED = "trak"
_ROWS = (b"stts", b"ctts", b"stss", b"stps", b"stsc", b"stco", b"co64", b"elst", b"stsd", b"dref")


def box_tree(
    source: ByteSource, headers: Sequence[BoxHeader], moov: Box | None, *, every_box: bool
) -> tuple[BoxInfo, ...]:
    """Return the tree of a file's boxes.

    Parameters
    ----------
    source : ByteSource
    headers : sequence of BoxHeader
        Of the top level.
    moov : Box or None
        The ``moov`` that was read; it is not read again.
    every_box : bool
        Fold nothing, and look into every fragment.
    """
    tops = [BoxInfo(_name(header.kind), header.offset, header.size) for header in headers]

    def opened(index: int) -> BoxInfo:
        header = headers[index]
        if moov is not None and header.offset == moov.offset:
            return _info(moov, every_box)
        return _opened(source, header, every_box)

    if every_box:
        return tuple(opened(index) for index in range(len(tops)))
    return _folded(tops, _FOLDED_TOP, opened)


def _opened(source: ByteSource, header: BoxHeader, every_box: bool) -> BoxInfo:
    """Return a top-level box with what is in it, as far as that is quick to read."""
    if header.kind in _OPENED and header.size <= _LARGEST_OPENED and header.end <= source.size:
        boxes = parse_boxes(
            source.read(header.offset, header.size), base_offset=header.offset, leniency=Leniency.PERMISSIVE
        )
        return _info(boxes[0], every_box)
    note = ""
    if header.kind in (b"ftyp", b"styp") and header.size <= 4096:
        payload = source.read(header.payload_offset, header.payload_size)
        note = " ".join(dict.fromkeys(_name(payload[at : at + 4]) for at in (0, *range(8, len(payload) - 3, 4))))
    elif header.to_end:
        note = "to the end of the file (size 0)"
    if header.end > source.size:
        note = f"{source.size - header.offset} of them are in the file"
    return BoxInfo(_name(header.kind), header.offset, header.size, note=note)


def _info(box: Box, every_box: bool) -> BoxInfo:
    children = box.children or ()
    infos = [_info(child, every_box) for child in children]
    inside = tuple(infos) if every_box else _folded(infos, _FOLDED_INSIDE, infos.__getitem__)
    return BoxInfo(_name(box.kind), box.offset, box.size, 1, _note(box), inside)


def _folded(boxes: Sequence[BoxInfo], limit: int, shown: Callable[[int], BoxInfo]) -> tuple[BoxInfo, ...]:
    """Fold rows in which a pattern of up to four types repeats; ``shown(index)`` gives what is not folded."""
    out: list[BoxInfo] = []
    kinds = [box.kind for box in boxes]
    pos = 0
    while pos < len(boxes):
        length, count = _repetition(kinds, pos)
        if count > limit:
            row = boxes[pos : pos + length * count]
            size = sum(box.size for box in row)
            # What the first of them holds stands for the rest.
            inside = tuple(shown(pos + i) for i in range(length) if boxes[pos + i].kind == "moof")
            out.append(BoxInfo(" ".join(kinds[pos : pos + length]), row[0].offset, size, count, "", inside))
            pos += length * count
        else:
            out.append(shown(pos))
            pos += 1
    return tuple(out)


def _repetition(kinds: Sequence[str], pos: int) -> tuple[int, int]:
    """Return the length and count of the pattern that covers most boxes from ``pos`` on."""
    best = (1, 1)
    if kinds[pos] == "mdat" and kinds[pos + 1 : pos + 2] == ["moof"]:
        # The media of the box before: a fragment begins with its moof.
        return best
    for length in range(1, _LONGEST_PATTERN + 1):
        count = 1
        while (
            kinds[pos + count * length : pos + (count + 1) * length] == kinds[pos : pos + length]
            and pos + (count + 1) * length <= len(kinds)
            and _NEVER_FOLDED not in kinds[pos : pos + length]
        ):
            count += 1
        if count > 1 and length * count > best[0] * best[1]:
            best = (length, count)
    return best


def _note(box: Box) -> str:
    """Say what is in a box, where a few words do."""
    payload = box.payload if box.children is None else box.prefix
    if box.is_opaque:
        return "zeros" if not any(payload) else "no box"
    if box.user_type is not None:
        return box.user_type.hex()
    if box.kind in _ROWS and len(payload) >= 8:
        return _count(int.from_bytes(payload[4:8], "big"), "entry", "entries")
    if box.kind in (b"stsz", b"stz2", b"trun") and len(payload) >= 8:
        at = 4 if box.kind == b"trun" else 8
        return _count(int.from_bytes(payload[at : at + 4], "big"), "sample", "samples")
    if box.kind == b"hdlr" and len(payload) >= 12:
        return _name(payload[8:12])
    if box.kind in (b"tkhd", b"mdhd", b"mvhd"):
        return _header_note(box)
    return ""


def _header_note(box: Box) -> str:
    try:
        fields = parse_payload(box.kind, box.payload)
    except BoxError:
        return "cannot be read"
    if box.kind == b"tkhd":
        return f"track {fields.track_id}"
    return f"{fields.duration} ticks, {fields.timescale} a second"


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _name(kind: bytes) -> str:
    return kind.decode("latin-1")
