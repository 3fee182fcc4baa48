"""MP4 and MOV files box by box: all that is not the processed picture track must be the same to the byte."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

from tests.support.boxes import Tables, children, find, moov_of, tables_of
from tests.support.fidelity.difference import Difference, differing_rows, shown

CODEC_CONFIGURATIONS = {
    b"avcC",
    b"hvcC",
    b"lhvC",
    b"av1C",
    b"vpcC",
    b"esds",
    b"d263",
    b"glbl",
    b"dvcC",
    b"dvvC",
    b"ACLR",
}
"""Boxes of a sample entry that describe the coding itself (ISO/IEC 14496-15 and the codecs' own documents; DNxHD)."""
_OF_THE_CODING = {b"stsd", b"stts", b"ctts", b"stsz", b"stz2", b"stsc", b"stco", b"co64", b"stss", b"stps", b"cslg"}
_PER_SAMPLE = {b"sdtp", b"sbgp", b"sgpd", b"csgp", b"subs", b"padb", b"stdp", b"stsh", b"saiz", b"saio"}
"""Boxes whose rows belong to the coded samples: a new coding may drop them."""
_MEDIA = {b"mdat", b"free", b"skip", b"wide", b"moov", b"moof", b"mfra", b"sidx", b"ssix", b"styp"}
_CONTAINERS = {b"trak", b"mdia", b"minf", b"stbl"}
_OFFSETS = {b"stco", b"co64"}


def top_boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each top-level box; what follows the last whole one has the kind ``b""``."""
    total, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at < total:
            file.seek(at)
            head = file.read(16)
            size, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if size == 1 and len(head) == 16:
                size = int.from_bytes(head[8:], "big")
            elif size == 0 and kind in (b"mdat", b"moov"):
                size = total - at
            if len(head) < 8 or size < 8 or at + size > total:
                kind, size = b"", total - at
            yield kind, at, at + size
            at += size


def compare_boxes(source: Path, result: Path, track_id: int) -> list[Difference]:
    """Compare all boxes of two MP4 or MOV files; ``track_id`` names the picture track that was encoded anew."""
    tops = [list(top_boxes(path)) for path in (source, result)]
    found = differing_rows(
        "boxes", "top-level boxes", *(_kept(p, t) for p, t in zip((source, result), tops, strict=True))
    )
    fronts = [_moov_in_front(top) for top in tops]
    if fronts[0] != fronts[1]:
        found.append(Difference("boxes", f"moov in front of the media: {fronts[0]} became {fronts[1]}"))
    moovs = [
        _read(path, *next(box[1:] for box in top if box[0] == b"moov"))
        for path, top in zip((source, result), tops, strict=True)
    ]
    if any(kind == b"moof" for kind, _, _ in tops[0]):
        return found + _compare_fragmented(*moovs)
    bodies = [list(children(moov, 8, len(moov))) for moov in moovs]
    others = [
        [(kind, moov[at:end]) for kind, at, _, end in body if kind != b"trak"]
        for moov, body in zip(moovs, bodies, strict=True)
    ]
    found += _leaves("moov", *others)
    traks = [
        [moov[at + 8 : end] for kind, at, _, end in body if kind == b"trak"]
        for moov, body in zip(moovs, bodies, strict=True)
    ]
    if len(traks[0]) != len(traks[1]):
        return [*found, Difference("boxes", f"{len(traks[0])} traks became {len(traks[1])}")]
    for number, (old, new) in enumerate(zip(*traks, strict=True), 1):
        processed = _track_id(old) == track_id
        found += _compare_trak(f"trak {number}", old, new, processed=processed)
        if processed:
            films = zip((source, result), (old, new), strict=True)
            shown = [_shown_times(tables_of(path)[number - 1], trak) for path, trak in films]
            found += differing_rows("boxes", f"trak {number}: times of the samples behind its edits", *shown)
        else:
            digests = [_media_digest(path, trak) for path, trak in zip((source, result), (old, new), strict=True)]
            if digests[0] != digests[1]:
                found.append(Difference("boxes", f"trak {number}: its samples are not the same bytes"))
    return found


def _kept(path: Path, tops: list[tuple[bytes, int, int]]) -> list[tuple[bytes, int, str]]:
    rows = [(kind, start, end) for kind, start, end in tops if kind not in _MEDIA]
    return [(kind, end - start, hashlib.blake2b(_read(path, start, end)).hexdigest()[:16]) for kind, start, end in rows]


def _read(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _moov_in_front(tops: list[tuple[bytes, int, int]]) -> bool:
    kinds = [kind for kind, start, end in tops if kind == b"moov" or (kind == b"mdat" and end - start > 16)]
    return kinds[:1] == [b"moov"]


def _leaves(where: str, old: list[tuple[bytes, bytes]], new: list[tuple[bytes, bytes]]) -> list[Difference]:
    """Compare boxes of one parent that must be equal to the byte, in their order."""
    names = [[kind.decode("latin-1") for kind, _ in boxes] for boxes in (old, new)]
    if names[0] != names[1]:
        return [Difference("boxes", f"{where}: {names[0]} became {names[1]}")]
    found = []
    for (kind, was), (_, now) in zip(old, new, strict=True):
        if was != now:
            at = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
            text = (
                f"{where}/{kind.decode('latin-1')}: byte {at}: {was[at : at + 8].hex()} became {now[at : at + 8].hex()}"
            )
            found.append(Difference("boxes", text))
    return found


def _track_id(trak: bytes) -> int:
    found = find(trak, b"tkhd")
    assert found
    body = found[1]
    return int(struct.unpack_from(">I", trak, body + (20 if trak[body] else 12))[0])


def _compare_trak(where: str, old: bytes, new: bytes, *, processed: bool) -> list[Difference]:
    boxes = [
        [(kind, data[at:body], data[body:end]) for kind, at, body, end in children(data, 0, len(data))]
        for data in (old, new)
    ]
    if processed and where.endswith("stbl"):
        return _compare_coding(where, *({kind: body for kind, _, body in rows} for rows in boxes))
    found: list[Difference] = []
    plain: list[list[tuple[bytes, bytes]]] = [[], []]
    for side, rows in enumerate(boxes):
        for kind, _, body in rows:
            if kind in _OFFSETS:
                # A box of 32-bit offsets may become one of 64 bits; where they point is told by the media's hash.
                plain[side].append((b"offsets", body[4:8]))
            elif kind in _CONTAINERS:
                plain[side].append((kind, b""))
            elif not (processed and kind == b"edts"):
                plain[side].append((kind, body))
    found += _leaves(where, *plain)
    if processed:
        found += _compare_edits(where, *({kind: body for kind, _, body in rows}.get(b"edts", b"") for rows in boxes))
    inner = [[(kind, body) for kind, _, body in rows if kind in _CONTAINERS] for rows in boxes]
    for (kind, was), (other, now) in zip(*inner, strict=False):
        if kind == other:
            found += _compare_trak(f"{where}/{kind.decode()}", was, now, processed=processed)
    return found


def _edit_rows(edts: bytes) -> list[tuple[int, int, int]]:
    found = find(edts, b"elst") if edts else None
    if not found:
        return []
    body = found[1]
    layout = ">QqI" if edts[body] else ">IiI"
    return list(struct.iter_unpack(layout, edts[body + 8 : found[2]]))


def _shown_times(table: Tables, trak: bytes) -> list[int]:
    """Return the samples' composition times from the first edit's media time on, ascending.

    FFmpeg moves an edit that begins before the first sample, and so shows two such films alike that are not.
    """
    edts = find(trak, b"edts")
    rows = _edit_rows(trak[edts[1] : edts[2]]) if edts else []
    begin = next((time for _, time, _ in rows if time >= 0), 0)
    return sorted(dts + offset - begin for dts, offset in zip(table.dts, table.composition, strict=True))


def edit_count(path: Path, track_id: int) -> int:
    """Return how many stretches of its media a track's edit list shows."""
    moov = moov_of(path)
    for kind, _, at, end in children(moov, 8, len(moov)):
        if kind == b"trak" and _track_id(moov[at:end]) == track_id:
            edts = find(moov, b"edts", within=(at, end))
            return sum(time >= 0 for _, time, _ in _edit_rows(moov[edts[1] : edts[2]])) if edts else 0
    return 0


def _compare_edits(where: str, old: bytes, new: bytes) -> list[Difference]:
    """Compare edit lists up to one shift of all media times, which a coding with more reordering asks for."""
    if old == new:
        return []
    was, now = _edit_rows(old), _edit_rows(new)
    if not was and len(now) == 1:
        return [Difference("boxes", f"{where}: an edit list {now} was added", matters=False)]
    shifts = {b[1] - a[1] for a, b in zip(was, now, strict=False) if a[1] >= 0}
    same = [(a[0], a[2], a[1] < 0) for a in was] == [(b[0], b[2], b[1] < 0) for b in now]
    text = f"{where}: edits {shown(was)} became {shown(now)}"
    return [Difference("boxes", text, matters=not (same and len(shifts) == 1 and min(shifts) >= 0))]


def _compare_coding(where: str, old: dict[bytes, bytes], new: dict[bytes, bytes]) -> list[Difference]:
    found = []
    for kind in sorted({*old, *new} - _OF_THE_CODING):
        if old.get(kind) != new.get(kind):
            state = "changed" if kind in old and kind in new else "dropped" if kind in old else "added"
            found.append(Difference("boxes", f"{where}/{kind.decode('latin-1')} was {state}", kind not in _PER_SAMPLE))
    # FFmpeg makes up a duration where the last sample has none, so that its packets do not tell.
    spans = [sum(count * delta for count, delta in struct.iter_unpack(">II", f[b"stts"][8:])) for f in (old, new)]
    if spans[0] != spans[1]:
        found.append(Difference("boxes", f"{where}: samples of {spans[0]} ticks became {spans[1]}"))
    entries = [_entries(film[b"stsd"]) for film in (old, new)]
    if len(entries[0]) != len(entries[1]):
        found.append(Difference("boxes", f"{where}: {len(entries[0])} sample entries became {len(entries[1])}", False))
    return found + _compare_entries(where, entries[0][0], entries[1][0])


def _entries(stsd: bytes) -> list[tuple[bytes, bytes]]:
    return [(kind, stsd[body:end]) for kind, _, body, end in children(stsd, 8, len(stsd))]


def _compare_entries(where: str, old: tuple[bytes, bytes], new: tuple[bytes, bytes]) -> list[Difference]:
    """Compare sample entries but for the codec's configuration (ISO/IEC 14496-12 8.5.2, 12.1.3)."""
    found = []
    where = f"{where}/{old[0].decode('latin-1')}"
    if old[0] != new[0]:
        found.append(Difference("boxes", f"{where}: entry became {new[0].decode('latin-1')}", False))
    # Behind size, resolution and frame count stands the compressor's name, which is the encoder's own to say.
    for what, part, matters in (
        ("vendor and quality", slice(8, 24), False),
        ("size and resolution", slice(24, 42), True),
        ("compressor name", slice(42, 74), False),
        ("depth", slice(74, 76), False),
    ):
        if old[1][part] != new[1][part]:
            text = f"{where}: {what} {old[1][part].hex()} became {new[1][part].hex()}"
            found.append(Difference("boxes", text, matters))
    inner = [list(_entry_children(body)) for body in (old[1], new[1])]
    was, now = ({kind: body for kind, body in rows if kind not in CODEC_CONFIGURATIONS} for rows in inner)
    for kind in sorted({*was, *now}):
        if was.get(kind) != now.get(kind):
            text = f"{where}/{kind.decode('latin-1')}: {_hex(was.get(kind))} became {_hex(now.get(kind))}"
            # The new coding may say less of colours than the source's, which the container has to say then.
            told_instead = kind == b"colr" and kind not in was
            found.append(Difference("boxes", text, kind != b"btrt" and not told_instead))
    lost = {kind for kind, _ in inner[0]} & {b"dvcC", b"dvvC"} - {kind for kind, _ in inner[1]}
    if lost:
        found.append(Difference("boxes", f"{where}: Dolby Vision configuration dropped", False))
    return found


def _entry_children(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 78
    while at + 8 <= len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        if size < 8 or at + size > len(body):
            # QuickTime ends a list of boxes with four zero bytes.
            return
        yield body[at + 4 : at + 8], body[at + 8 : at + size]
        at += size


def _hex(value: bytes | None) -> str:
    return "nothing" if value is None else value[:40].hex()


def _media_digest(path: Path, trak: bytes) -> str:
    """Return a hash of all bytes the track's chunks hold, in order; of constant-size sound an empty string."""

    def table(kind: bytes) -> bytes:
        found = find(trak, b"mdia", b"minf", b"stbl", kind)
        return trak[found[1] : found[2]] if found else b""

    stsz, stsc, stco, co64 = map(table, (b"stsz", b"stsc", b"stco", b"co64"))
    if not stsz:
        return ""
    constant, count = struct.unpack_from(">II", stsz, 4)
    handler = find(trak, b"mdia", b"hdlr")
    if handler and trak[handler[1] + 8 : handler[1] + 12] == b"soun" and constant:
        return ""
    sizes = [constant] * count if constant else list(struct.unpack_from(f">{count}I", stsz, 12))
    raw, width = (stco, "I") if stco else (co64, "Q")
    offsets = struct.unpack_from(f">{int.from_bytes(raw[4:8], 'big')}{width}", raw, 8)
    runs = list(struct.iter_unpack(">III", stsc[8:]))
    digest, sample, run = hashlib.blake2b(), 0, 0
    with path.open("rb") as file:
        for number, offset in enumerate(offsets, 1):
            while run + 1 < len(runs) and runs[run + 1][0] <= number:
                run += 1
            per_chunk = runs[run][1]
            file.seek(offset)
            digest.update(file.read(sum(sizes[sample : sample + per_chunk])))
            sample += per_chunk
    return digest.hexdigest()


def _compare_fragmented(old: bytes, new: bytes) -> list[Difference]:
    """Compare what a film in fragments says beside its tables: user data and metadata of the movie and its tracks."""
    found = []
    for kind in (b"udta", b"meta"):
        parts = [find(moov, b"moov", kind) for moov in (old, new)]
        texts = [moov[at[0] : at[2]] if at else b"" for moov, at in zip((old, new), parts, strict=True)]
        if texts[0] != texts[1]:
            found.append(Difference("boxes", f"moov/{kind.decode()} of a fragmented film is not the same"))
    return found
