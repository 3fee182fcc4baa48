"""Make a reference of the first part of a film: all chunks that lie wholly in it, and tables for just those."""

from __future__ import annotations

import struct
from itertools import count
from pathlib import Path

from tests.support.boxes import box, children, find, mdat_of, moov_of, top_level
from tests.support.layout import CONTAINERS

_DROPPED = (b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"stdp", b"cslg")


def prefix_reference(src: Path, dst: Path, fraction: float) -> Path:
    """Write the first ``fraction`` (0..1) of the media data of ``src`` as a film of its own; offsets stay.

    What stands before ``mdat`` keeps its size (a ``moov`` becomes ``free``), the new ``moov`` goes last.
    """
    mdat = mdat_of(src)
    limit = mdat.offset + mdat.header + int((mdat.size - mdat.header) * fraction)
    with src.open("rb") as file:
        data = bytearray(file.read(limit))
    for top in top_level(src):
        if top.kind == b"moov" and top.offset < mdat.offset:
            data[top.offset + 4 : top.end] = b"free" + bytes(top.size - 8)
    if mdat.header == 8:
        struct.pack_into(">I", data, mdat.offset, limit - mdat.offset)
    else:
        struct.pack_into(">Q", data, mdat.offset + 8, limit - mdat.offset)
    moov = moov_of(src)
    dst.write_bytes(bytes(data) + _shortened(moov, limit))
    return dst


def _shortened(moov: bytes, limit: int) -> bytes:
    number = count()

    def rewritten(start: int, end: int, scale: float) -> bytes:
        out = b""
        for kind, at, body, stop in children(moov, start, end):
            if kind == b"stbl":
                out += box(kind, _tables(moov, (body, stop), limit))
            elif kind == b"trak":
                next(number)
                out += box(kind, rewritten(body, stop, _kept_part(moov, (body, stop), limit)))
            elif kind in (*CONTAINERS, b"edts"):
                out += box(kind, rewritten(body, stop, scale))
            elif kind in (b"mdhd", b"tkhd", b"mvhd", b"elst"):
                out += _scaled(kind, moov[at:stop], scale)
            else:
                out += moov[at:stop]
        return out

    return rewritten(0, len(moov), fraction_of_film(moov, limit))


def fraction_of_film(moov: bytes, limit: int) -> float:
    """Return the largest kept part of any track, in samples."""
    _, body, end = find(moov, b"moov") or (0, 8, len(moov))
    traks = [(at, stop) for kind, _, at, stop in children(moov, body, end) if kind == b"trak"]
    return max((_kept_part(moov, trak, limit) for trak in traks), default=0.0)


def _kept_part(moov: bytes, trak: tuple[int, int], limit: int) -> float:
    stbl = find(moov, b"mdia", b"minf", b"stbl", within=trak)
    assert stbl
    counts = _chunk_counts(moov, stbl[1:])
    kept = _kept_chunks(moov, stbl[1:], limit)
    return sum(counts[:kept]) / max(sum(counts), 1)


def _payload(moov: bytes, stbl: tuple[int, int], name: bytes) -> bytes | None:
    found = find(moov, name, within=stbl)
    return moov[found[1] : found[2]] if found else None


def _offsets(moov: bytes, stbl: tuple[int, int]) -> list[int]:
    stco, co64 = _payload(moov, stbl, b"stco"), _payload(moov, stbl, b"co64")
    raw = stco if stco is not None else co64
    assert raw is not None
    return list(struct.unpack_from(f">{struct.unpack_from('>I', raw, 4)[0]}{'I' if stco is not None else 'Q'}", raw, 8))


def _chunk_counts(moov: bytes, stbl: tuple[int, int]) -> list[int]:
    stsc = _payload(moov, stbl, b"stsc")
    assert stsc
    rows = list(struct.iter_unpack(">III", stsc[8 : 8 + 12 * struct.unpack_from(">I", stsc, 4)[0]]))
    total = len(_offsets(moov, stbl))
    ends = [*(first for first, _, _ in rows[1:]), total + 1][: len(rows)]
    return [n for (first, n, _), end in zip(rows, ends, strict=True) for _ in range(first, end)][:total]


def _sizes(moov: bytes, stbl: tuple[int, int]) -> tuple[int, list[int]]:
    stsz = _payload(moov, stbl, b"stsz")
    assert stsz
    constant, total = struct.unpack_from(">II", stsz, 4)
    return constant, [] if constant else list(struct.unpack_from(f">{total}I", stsz, 12))


def _kept_chunks(moov: bytes, stbl: tuple[int, int], limit: int) -> int:
    """Return how many leading chunks lie wholly below ``limit``."""
    constant, sizes = _sizes(moov, stbl)
    at = kept = 0
    for offset, n in zip(_offsets(moov, stbl), _chunk_counts(moov, stbl), strict=True):
        size = constant * n if constant else sum(sizes[at : at + n])
        if offset + size > limit:
            break
        at, kept = at + n, kept + 1
    return kept


def _tables(moov: bytes, stbl: tuple[int, int], limit: int) -> bytes:
    kept = _kept_chunks(moov, stbl, limit)
    counts = _chunk_counts(moov, stbl)[:kept]
    samples, (constant, sizes) = sum(counts), _sizes(moov, stbl)
    out = b""
    for kind, at, body, stop in children(moov, *stbl):
        payload = moov[body:stop]
        if kind in (b"stts", b"ctts"):
            rows, left = [], samples
            for run, value in struct.iter_unpack(">II", payload[8 : 8 + 8 * struct.unpack_from(">I", payload, 4)[0]]):
                if left:
                    rows.append((min(run, left), value))
                    left -= min(run, left)
            body_bytes = b"".join(struct.pack(">II", *row) for row in rows)
            out += box(kind, payload[:4] + struct.pack(">I", len(rows)) + body_bytes)
        elif kind in (b"stss", b"stps"):
            numbers = [n for (n,) in struct.iter_unpack(">I", payload[8:]) if n <= samples]
            out += box(kind, payload[:4] + struct.pack(f">I{len(numbers)}I", len(numbers), *numbers))
        elif kind == b"stsc":
            changes = [(i, n) for i, n in enumerate(counts, 1) if i == 1 or counts[i - 2] != n]
            table = b"".join(struct.pack(">III", i, n, 1) for i, n in changes)
            out += box(kind, payload[:4] + struct.pack(">I", len(changes)) + table)
        elif kind == b"stsz":
            rows_bytes = b"" if constant else struct.pack(f">{samples}I", *sizes[:samples])
            out += box(kind, payload[:4] + struct.pack(">II", constant, samples) + rows_bytes)
        elif kind in (b"stco", b"co64"):
            code = "I" if kind == b"stco" else "Q"
            out += box(kind, payload[:4] + struct.pack(f">I{kept}{code}", kept, *_offsets(moov, stbl)[:kept]))
        elif kind not in _DROPPED:
            out += moov[at:stop]
    return out


def _scaled(kind: bytes, whole: bytes, scale: float) -> bytes:
    """Return a header box with its durations scaled."""
    data, wide = bytearray(whole), whole[8]
    if kind == b"elst":
        size, code = (20, ">Q") if wide else (12, ">I")
        places = [16 + size * i for i in range(struct.unpack_from(">I", data, 12)[0])]
        media = [struct.unpack_from(">q" if wide else ">i", data, at + (8 if wide else 4))[0] for at in places]
        places = [at for at, time in zip(places, media, strict=True) if time >= 0]
    else:
        skipped = {b"mdhd": (24, 32), b"mvhd": (24, 32), b"tkhd": (28, 36)}[kind]
        places, code = ([skipped[1]], ">Q") if wide else ([skipped[0]], ">I")
    for at in places:
        (value,) = struct.unpack_from(code, data, at)
        struct.pack_into(code, data, at, round(value * scale))
    return bytes(data)
