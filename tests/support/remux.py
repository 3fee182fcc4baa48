"""Take an encoded clip's tracks apart, to lay them out anew beside other tracks."""

from __future__ import annotations

from pathlib import Path

from tests.support.boxes import children, find, moov_of, tables_of
from tests.support.synthetic import SyntheticTrack


def tracks_of(path: Path, *, per_chunk: int = 1) -> tuple[SyntheticTrack, ...]:
    """Return a clip's tracks with their samples, each of the mean duration (for clips without B pictures)."""
    data, moov = path.read_bytes(), moov_of(path)
    _, body, end = find(moov, b"moov") or (0, 8, len(moov))
    traks = [(at, stop) for kind, _, at, stop in children(moov, body, end) if kind == b"trak"]
    out = []
    for table, trak in zip(tables_of(path), traks, strict=True):
        stsd = find(moov, b"mdia", b"minf", b"stbl", b"stsd", within=trak)
        assert stsd
        kind, _, at, stop = next(iter(children(moov, stsd[1] + 8, stsd[2])))
        samples = tuple(data[o : o + s] for o, s in zip(table.offsets, table.sizes, strict=True))
        duration = table.dts[-1] // max(len(table.dts) - 1, 1)
        sync = None if all(table.sync) else tuple(i for i, key in enumerate(table.sync) if key)
        out.append(
            SyntheticTrack(
                table.handler, kind, samples, table.timescale, duration, moov[at + 8 : stop], per_chunk, sync=sync
            )
        )
    return tuple(out)
