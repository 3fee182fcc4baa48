"""Hold a file's boxes and its index against each other and against the file's end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mediarescue.checking.inspection.tracks import TrackLayout
from mediarescue.inspection import Finding, Severity
from mediarescue.isobmff import BoxHeader, ByteSource, read_header
from mediarescue.isobmff.reader import MAX_BOXES

_QUESTION_MARKS = (0x3F3F3F3F, 0x3F3F3F3F3F3F3F3F)
_4_GIB = 1 << 32
_TAIL = 32 << 20
_TRAILERS = ((b"8db42d694ccc418790edff439fe026bf", "Insta360's trailer"), (b"SEFT", "Samsung's trailer"))


def box_findings(source: ByteSource, headers: Sequence[BoxHeader]) -> Iterator[Finding]:
    """Say what is wrong or unusual about the top-level boxes."""
    last = headers[-1]
    moovs = [header for header in headers if header.kind == b"moov"]
    mdats = [header for header in headers if header.kind == b"mdat"]
    fragmented = any(header.kind == b"moof" for header in headers)
    if len(moovs) > 1:
        places = ", ".join(str(header.offset) for header in moovs)
        yield Finding(Severity.NOTE, moovs[1].offset, f"{len(moovs)} moov boxes, at bytes {places}; the first counts")
    if len(mdats) > 1 and not fragmented:
        yield Finding(Severity.NOTE, mdats[1].offset, f"{len(mdats)} mdat boxes")
    for header in mdats:
        if header.declared_size in _QUESTION_MARKS:
            yield Finding(
                Severity.FAULT, header.offset, "the size of mdat is '????', which Android fills in at the end"
            )
        elif header.to_end:
            yield Finding(Severity.NOTE, header.offset, "the size of mdat is 0: it goes on to the end of the file")
    if last.end > source.size and last.declared_size not in _QUESTION_MARKS:
        severity = Severity.FAULT if last.kind in (b"moov", b"moof") else Severity.CONTRADICTION
        message = (
            f"{_name(last)} is cut at byte {source.size}: {last.end - source.size} of its {last.size} bytes are missing"
        )
        yield Finding(severity, last.offset, message)
    if len(headers) >= MAX_BOXES:
        yield Finding(
            Severity.NOTE, last.end, f"more than {MAX_BOXES} boxes; those from byte {last.end} on are not listed"
        )
    elif last.end < source.size:
        yield _behind(source, headers)


def _behind(source: ByteSource, headers: Sequence[BoxHeader]) -> Finding:
    """Say what the bytes behind the last box are."""
    last = headers[-1]
    size = source.size - last.end
    tail = source.read(max(source.size - 64, last.end), 64)
    for signature, name in _TRAILERS:
        if signature in tail:
            return Finding(Severity.NOTE, last.end, f"{size} bytes behind the last box: {name}")
    if last.kind == b"mdat":
        wrap = _wrapped_end(source, last)
        if wrap:
            message = f"the size of mdat lacks {wrap - last.end} bytes: it was written with 32 bits"
            return Finding(Severity.CONTRADICTION, last.offset, message)
        if not any(header.kind == b"moov" for header in headers):
            message = f"the size of mdat ({last.size} bytes) is wrong: no box follows it at byte {last.end}"
            return Finding(Severity.FAULT, last.offset, message)
    head = source.read(last.end, min(size, 4096))
    what = "zeros" if not any(head) else "no box"
    return Finding(Severity.NOTE, last.end, f"{size} bytes behind the last box are {what}")


def _wrapped_end(source: ByteSource, mdat: BoxHeader) -> int:
    """Return where an mdat ends whose size was cut to 32 bits: where the box of a movie follows; 0 where none does."""
    for end in range(mdat.end + _4_GIB, source.size - 7, _4_GIB):
        header = read_header(source.read(end, 32), 0, limit=source.size - end)
        if header is not None and header.kind in (b"moov", b"moof", b"free", b"udta", b"uuid"):
            return end
    return 0


def hidden_moov(source: ByteSource, start: int) -> int:
    """Return where a whole ``moov`` stands in the last 32 MiB though no chain of boxes leads to it, or -1."""
    begin = max(start, source.size - _TAIL)
    data = source.read(begin, source.size - begin)
    at = data.find(b"moov")
    while at >= 0:
        if at >= 4 and data[at + 8 : at + 12] == b"mvhd":
            size = int.from_bytes(data[at - 4 : at], "big")
            if 16 <= size <= len(data) - at + 4:
                return begin + at - 4
        at = data.find(b"moov", at + 1)
    return -1


def missing_samples(source: ByteSource, layout: TrackLayout) -> tuple[int, float | None]:
    """Return how many of a track's samples lie behind the end of the file, and the first one's time in seconds."""
    if layout.is_elsewhere:
        return 0, None
    if len(layout.sample_offset):
        offset, size, dts = layout.sample_offset, layout.sample_size, layout.sample_dts
        weight = np.ones(len(offset), np.int64)
    else:
        offset, size, dts, weight = layout.chunk_offset, layout.chunk_size, layout.chunk_dts, layout.chunk_samples
    outside = (size > 0) & ((offset < 0) | (offset > source.size) | (offset > source.size - size))
    count = int(weight[outside].sum())
    return count, float(dts[outside].min()) / max(layout.track.timescale, 1) if count else None


def index_findings(
    source: ByteSource, headers: Sequence[BoxHeader], layouts: Sequence[TrackLayout]
) -> Iterator[Finding]:
    """Say where the index and the media data disagree."""
    mdats = sorted((header.payload_offset, header.end) for header in headers if header.kind == b"mdat")
    starts = np.array([start for start, _ in mdats], np.int64)
    ends = np.array([min(end, source.size) for _, end in mdats], np.int64)
    for layout in layouts:
        name = f"track {layout.info.track_id}"
        if layout.is_elsewhere:
            yield Finding(Severity.NOTE, -1, f"{name}: its media lie in another file")
            continue
        if layout.info.encryption:
            yield Finding(Severity.NOTE, -1, f"{name} is encrypted ({layout.info.encryption})")
        missing, since = missing_samples(source, layout)
        if missing and since is not None:
            which = f"{missing} of {layout.info.samples} samples"
            message = f"{name}: {which} lie behind the end of the file, from {since:.3f} s on"
            yield Finding(Severity.FAULT, -1, message)
            continue
        offset, size = layout.chunk_offset, layout.chunk_size
        if not len(offset) or not len(starts):
            stray = len(offset)
        else:
            box = np.searchsorted(starts, offset, side="right") - 1
            inside = (box >= 0) & (offset + size <= ends[np.maximum(box, 0)])
            stray = int((~inside & (size > 0)).sum())
        if stray:
            heavy = layout.info.kind in ("video", "audio")
            message = f"{name}: {stray} of {len(offset)} chunks lie outside the media data (mdat)"
            yield Finding(Severity.CONTRADICTION if heavy else Severity.NOTE, -1, message)


def _name(header: BoxHeader) -> str:
    return header.kind.decode("latin-1")
