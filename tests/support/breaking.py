"""Break healthy files as crashes do, and hold a rescued file against the true packets of the original."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

import av

from tests.support.boxes import TopBox, mdat_of, tables_of, top_level

MdatSize = Literal["zero", "true", "question_marks", "too_small", "too_large"]


def drop_moov(src: Path, dst: Path, *, mdat_size: MdatSize = "zero") -> Path:
    """Write ``src`` to ``dst`` as left by a writer that died before ``moov``.

    What stood before ``mdat`` stays at its place (a ``moov`` there becomes a zeroed ``free``, the space that phones
    reserve); nothing follows the media data. ``mdat_size`` is what the header says: 0 (to the end of the file),
    the truth, ASCII ``????`` (Android), a quarter of the truth, or twice the truth.
    """
    data, mdat = bytearray(src.read_bytes()), mdat_of(src)
    for top in top_level(src):
        if top.kind == b"moov" and top.offset < mdat.offset:
            data[top.offset + 4 : top.end] = b"free" + bytes(top.size - 8)
    del data[mdat.end :]
    _set_size(data, mdat, mdat_size)
    dst.write_bytes(data)
    return dst


def cut(src: Path, dst: Path, fraction: float, *, mdat_size: MdatSize = "zero") -> int:
    """Write ``src`` without ``moov``, cut after ``fraction`` (0..1) of its media data; return the size left."""
    mdat = mdat_of(src)
    return cut_at(src, dst, mdat.offset + mdat.header + int((mdat.size - mdat.header) * fraction), mdat_size=mdat_size)


def cut_at(src: Path, dst: Path, size: int, *, mdat_size: MdatSize = "zero") -> int:
    """Write the first ``size`` bytes of ``src`` without ``moov``; offsets stay those of ``src``. Return ``size``."""
    drop_moov(src, dst, mdat_size=mdat_size)
    with dst.open("r+b") as file:
        file.truncate(size)
    return size


def _set_size(data: bytearray, mdat: TopBox, mdat_size: MdatSize) -> None:
    value = {
        "zero": 0,
        "true": mdat.size,
        "question_marks": 0x3F3F3F3F if mdat.header == 8 else 0x3F3F3F3F3F3F3F3F,
        "too_small": mdat.header + (mdat.size - mdat.header) // 4,
        "too_large": mdat.size * 2,
    }[mdat_size]
    if mdat.header == 8:
        struct.pack_into(">I", data, mdat.offset, value)
    else:
        struct.pack_into(">Q", data, mdat.offset + 8, value)


@dataclass(frozen=True, slots=True)
class Packet:
    """One demuxed packet: sha1 of its bytes, times in seconds, size and absolute offset in bytes."""

    digest: str
    pts: Fraction | None
    dts: Fraction | None
    size: int
    pos: int
    is_key: bool
    is_discarded: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream with its packets in file order of decoding; ``frame_size`` is bytes a PCM frame, else 0."""

    index: int
    kind: str
    codec: str
    time_base: Fraction
    frame_size: int
    packets: tuple[Packet, ...]
    data: bytes
    """All packets joined; kept for PCM only, where packet borders mean nothing."""


def true_packets(path: Path) -> list[Stream]:
    """Return every stream of a healthy file as FFmpeg demuxes it by default (edit lists applied)."""
    with av.open(str(path), metadata_errors="replace") as container:
        packets: list[list[Packet]] = [[] for _ in container.streams]
        joined = [bytearray() for _ in container.streams]
        for packet in container.demux():
            if not packet.size:
                continue
            raw, base = bytes(packet), packet.time_base
            packets[packet.stream_index].append(
                Packet(
                    hashlib.sha1(raw).hexdigest(),
                    None if packet.pts is None else packet.pts * base,
                    None if packet.dts is None else packet.dts * base,
                    packet.size,
                    -1 if packet.pos is None else packet.pos,
                    packet.is_keyframe,
                    packet.is_discard,
                )
            )
            if _pcm_frame_size(packet.stream):
                joined[packet.stream_index] += raw
        return [
            Stream(
                stream.index,
                stream.type,
                stream.codec_context.name if stream.codec_context else "",
                stream.time_base or Fraction(1),
                _pcm_frame_size(stream),
                tuple(packets[stream.index]),
                bytes(joined[stream.index]),
            )
            for stream in container.streams
        ]


def _pcm_frame_size(stream: object) -> int:
    context = getattr(stream, "codec_context", None)
    if context is None or not context.name.startswith("pcm_"):
        return 0
    return int(context.format.bytes * context.channels) if "24" not in context.name else 3 * int(context.channels)


def assert_rescued_like(
    original: Path,
    rescued: Path,
    *,
    cut_at: int | None = None,
    pts_tolerance: Fraction | None = None,
    av_tolerance: Fraction = Fraction(1, 1000),
) -> None:
    """Fail unless ``rescued`` holds every sample of ``original`` that lies wholly below byte ``cut_at`` (None: all).

    Per stream: the same contents in the same decoding order and no others, the same key flags, and the same times
    after the stream's median offset, within one tick (or ``pts_tolerance`` seconds, for times that can only be
    estimated; frames must still be shown in the true order). The streams' offsets agree within ``av_tolerance``
    seconds. Streams of the rescued file stand in the original's order; one with no sample left may be missing.
    """
    before = [_kept(stream, cut_at) for stream in true_packets(original)]
    after = [stream for stream in true_packets(rescued) if stream.packets]
    wanted = [stream for stream in before if stream.packets or stream.data]
    names = [(stream.kind, stream.codec) for stream in wanted]
    assert [(stream.kind, stream.codec) for stream in after] == names, "the streams differ"
    offsets: list[tuple[str, Fraction]] = []
    for true, got in zip(wanted, after, strict=True):
        label = f"stream {true.index} ({true.kind} {true.codec})"
        if true.frame_size:
            assert len(got.data) == len(true.data), f"{label}: {len(got.data)} bytes of PCM, not {len(true.data)}"
            assert got.data == true.data, f"{label}: PCM differs at byte {_first_difference(got.data, true.data)}"
            offsets.append((label, (got.packets[0].pts or Fraction(0)) - (true.packets[0].pts or Fraction(0))))
            continue
        digests, wanted_digests = [p.digest for p in got.packets], [p.digest for p in true.packets]
        if digests != wanted_digests:
            at = _first_difference(digests, wanted_digests)
            raise AssertionError(
                f"{label}: {len(digests)} samples, not {len(wanted_digests)}; first difference at {at}"
            )
        offsets.append((label, _assert_times(label, true, got, pts_tolerance)))
    if any(top.kind == b"moof" for top in top_level(original)):
        _assert_sync_flags(wanted, rescued)
    else:
        _assert_sync_samples(original, rescued, cut_at)
    for label, offset in offsets[1:]:
        apart = float(offset - offsets[0][1])
        assert abs(apart) <= av_tolerance, f"{label} starts {apart * 1000:+.3f} ms apart from {offsets[0][0]}"


def _assert_sync_samples(original: Path, rescued: Path, limit: int | None) -> None:
    """Compare the video tracks' sync samples in the tables: FFmpeg asks its H.264 parser and hides a wrong stss."""

    def flags(path: Path, limit: int | None) -> list[list[bool]]:
        rows = []
        for table in tables_of(path):
            ends = [offset + size for offset, size in zip(table.offsets, table.sizes, strict=True)]
            kept = [sync for sync, end in zip(table.sync, ends, strict=True) if limit is None or end <= limit]
            if table.handler == b"vide" and kept:
                rows.append(kept)
        return rows

    for number, (true, got) in enumerate(zip(flags(original, limit), flags(rescued, None), strict=True)):
        wrong = [i for i, (a, b) in enumerate(zip(true, got, strict=True)) if a != b]
        assert not wrong, f"video track {number}: wrong key flag at samples {wrong[:10]}"


def _assert_sync_flags(wanted: list[Stream], rescued: Path) -> None:
    """Compare the video tracks' sync samples with the flags of a fragmented original, which has them in no table."""
    tables = [table.sync for table in tables_of(rescued) if table.handler == b"vide"]
    flags = [[packet.is_key for packet in stream.packets] for stream in wanted if stream.kind == "video"]
    assert tables == flags, "the sync samples differ"


def _kept(stream: Stream, limit: int | None) -> Stream:
    if limit is None:
        return stream
    whole = tuple(p for p in stream.packets if p.pos + p.size <= limit)
    data = stream.data
    if stream.frame_size:
        parts = [max(0, min(p.size, limit - p.pos)) // stream.frame_size * stream.frame_size for p in stream.packets]
        data = data[: sum(parts)]
        whole = tuple(p for p, part in zip(stream.packets, parts, strict=True) if part)
    return Stream(stream.index, stream.kind, stream.codec, stream.time_base, stream.frame_size, whole, data)


def _assert_times(label: str, true: Stream, got: Stream, tolerance: Fraction | None) -> Fraction:
    """Check one stream's presentation times and return its median offset in seconds."""
    missing = [i for i, p in enumerate(got.packets) if p.pts is None]
    assert not missing, f"{label}: no pts at samples {missing[:10]}"
    pairs = [(a.pts, b.pts) for a, b in zip(true.packets, got.packets, strict=True) if a.pts is not None]
    apart = [b - a for a, b in pairs if b is not None]
    offset = sorted(apart)[len(apart) // 2]
    allowed = tolerance if tolerance is not None else max(true.time_base, got.time_base)
    wrong = [(i, float(value - offset)) for i, value in enumerate(apart) if abs(value - offset) > allowed]
    assert not wrong, f"{label}: {len(wrong)} samples off in time, first (sample, seconds): {wrong[:3]}"
    shown = [b for _, b in sorted(pairs)]
    disorder = [i for i, (a, b) in enumerate(pairwise(shown)) if a is not None and b is not None and a >= b]
    assert not disorder, f"{label}: shown in another order at {disorder[:10]}"
    return offset


def _first_difference(a: list[str] | bytes, b: list[str] | bytes) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
