"""Files whose ``moov`` does not tell the truth, made of healthy ones with the ``moov`` last."""

from __future__ import annotations

import random
import struct
from pathlib import Path

from tests.support.boxes import children, find, mdat_of, moov_of
from tests.support.prefix import prefix_reference


def short_index(src: Path, dst: Path, fraction: float) -> Path:
    """Write all media of ``src`` with an index of their first ``fraction`` (0..1)."""
    shortened = moov_of(prefix_reference(src, dst.with_suffix(".prefix"), fraction))
    dst.write_bytes(src.read_bytes()[: mdat_of(src).end] + shortened)
    return dst


def moved(src: Path, dst: Path, by: int) -> Path:
    """Write ``src`` behind ``by`` bytes of noise; for a negative number without its first ``-by`` bytes."""
    data = src.read_bytes()
    dst.write_bytes(random.Random(by).randbytes(by) + data if by > 0 else data[-by:])
    return dst


def half_moov(src: Path, dst: Path, size: int) -> Path:
    """Write ``src`` up to the first ``size`` bytes of its ``moov``."""
    dst.write_bytes(src.read_bytes()[: mdat_of(src).end] + moov_of(src)[:size])
    return dst


def stale_index(src: Path, dst: Path, fraction: float) -> Path:
    """Write ``src`` with offsets that lead anywhere behind the first ``fraction`` (0..1) of each track's chunks."""
    mdat, moov, noise = mdat_of(src), bytearray(moov_of(src)), random.Random(3)
    _, body, end = find(bytes(moov), b"moov") or (0, 8, len(moov))
    for kind, _, at, stop in list(children(bytes(moov), body, end)):
        found = find(bytes(moov), b"mdia", b"minf", b"stbl", b"stco", within=(at, stop)) if kind == b"trak" else None
        if found is None:
            continue
        count = struct.unpack_from(">I", moov, found[1] + 4)[0]
        for chunk in range(int(count * fraction), count):
            struct.pack_into(">I", moov, found[1] + 8 + 4 * chunk, noise.randrange(mdat.end))
    dst.write_bytes(src.read_bytes()[: mdat.end] + moov)
    return dst


def trak_ends(src: Path) -> list[int]:
    """Return where each ``trak`` ends in the ``moov``."""
    moov = moov_of(src)
    return [end for kind, _, _, end in children(moov, 8, len(moov)) if kind == b"trak"]
