"""Write a JPEG file with other coefficients: what has not changed is copied bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.buffers import as_buffer
from mediarescue.bitstream.jpeg.decode import JpegImage, blocks_in_interval, scan_books, scan_slots
from mediarescue.bitstream.jpeg.huffman import HuffmanTable, book, codes, table_for
from mediarescue.bitstream.jpeg.parse import huffman_tables
from mediarescue.bitstream.jpeg.structure import DHT, HuffmanDefinition, block_order

_MOST_BYTES_OF_A_BLOCK = 272
"""64 codes of 16 bits with up to 15 bits behind each, and the next block's DC difference."""
_BIGGEST_SYMBOL_OF_DC = 15


class Edit(NamedTuple):
    """Bytes to stand in the place of those from ``start`` to ``stop`` of the file."""

    start: int
    stop: int
    data: bytes


@cache
def _kernels() -> ModuleType:
    from mediarescue.bitstream.jpeg import _splice_kernels

    return _splice_kernels


def write_coefficients(image: JpegImage, coefficients: Sequence[NDArray[np.int16]], *, recode: bool = False) -> bytes:
    """Return the file with other quantised coefficients.

    Parameters
    ----------
    image : JpegImage
        As `read_coefficients` has given it.
    coefficients : sequence of int16 array
        For each component; shapes as in ``image.coefficients``, which stay as they are.
    recode : bool
        Code the blocks that have not changed anew too, instead of copying their bits.

    Returns
    -------
    bytes
        Without any change the file itself. Otherwise all bytes but those of the scans, and of Huffman tables that
        lack a symbol.

    Raises
    ------
    ValueError
        If a shape is wrong, or a coefficient is too large for the precision of the image.
    """
    if [c.shape for c in coefficients] != [c.shape for c in image.coefficients]:
        raise ValueError("the coefficients have not the shapes of those of the image")
    flat = np.concatenate([np.asarray(c, np.int16).reshape(-1) for c in coefficients])
    differs = (flat != image.flat).reshape(-1, 64)
    changed = differs.any(axis=1)
    largest = 4 << image.frame.precision
    values = flat.reshape(-1, 64)[changed] * differs[changed]
    if values.size and (values.min() < -largest or values.max() >= largest or values[:, 1:].min() <= -largest):
        raise ValueError("a coefficient is too large for the precision of the image")
    edits, _ = recoded_scans(image, flat, changed.astype(np.uint8), recode=recode)
    return apply_edits(image.data, edits)


def apply_edits(data: bytes, edits: Sequence[Edit]) -> bytes:
    """Return ``data`` with all edits made; they do not overlap."""
    parts: list[bytes | memoryview] = []
    view, pos = memoryview(data), 0
    for edit in sorted(edits):
        parts += [view[pos : edit.start], edit.data]
        pos = edit.stop
    return b"".join([*parts, view[pos:]]) if parts else data


@dataclass(slots=True)
class _Plan:
    """Which scans are written anew, and with which tables.

    Parameters
    ----------
    scans : dict
        Place of each scan that is written: its order of blocks and whether it is written wholly.
    tables : dict
        What stands in the place of definitions that lack a symbol.
    """

    orders: dict[int, NDArray[np.int32]] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    tables: dict[HuffmanDefinition, HuffmanTable] = field(default_factory=dict)


def recoded_scans(
    image: JpegImage, flat: NDArray[np.int16], changed: NDArray[np.uint8], *, recode: bool = False
) -> tuple[list[Edit], int]:
    """Return the edits that give the blocks marked in ``changed`` what ``flat`` holds, and how many tables change."""
    scans = image.structure.scans
    plan = _Plan()
    if recode:
        plan.whole.update(range(len(scans)))
    for place, scan in enumerate(scans):
        order = block_order(image.frame, scan)
        if recode or changed[order].any():
            plan.orders[place] = order
    _plan_tables(image, flat, changed, plan)
    raw = as_buffer(image.data)
    edits = [
        Edit(scans[place].data_start, scans[place].data_stop, _scan_bytes(image, raw, flat, changed, plan, place))
        for place in plan.orders
    ]
    return edits + _table_edits(image, plan), len(plan.tables)


def _plan_tables(image: JpegImage, flat: NDArray[np.int16], changed: NDArray[np.uint8], plan: _Plan) -> None:
    """Find the tables that lack a symbol, and what to write in their place.

    Notes
    -----
    A table that can take the missing symbols behind its last code leaves all codes as they are. Where there is no
    room it is made anew, and then all scans that use it have to be written wholly, which may need further symbols.
    """
    scans = image.structure.scans
    anew: set[HuffmanDefinition] = set()
    while True:
        needed: dict[HuffmanDefinition, NDArray[np.int64]] = {}
        for place in plan.orders:
            used, _ = scan_books(scans[place])
            histogram = np.zeros((len(used) or 1) * 256, np.int64)
            _run(image, flat, changed, plan, place, histogram, np.empty(0, np.uint32))
            for i, definition in enumerate(used):
                needed[definition] = needed.get(definition, 0) + histogram[i * 256 : i * 256 + 256]
        more = False
        for definition, count in needed.items():
            if definition.slot < 16 and count[_BIGGEST_SYMBOL_OF_DC + 1 :].any():
                raise ValueError("a difference of DC coefficients is too large")
            if definition in anew:
                plan.tables[definition] = table_for(count)
                continue
            missing = np.flatnonzero((count > 0) & (codes(definition.table) == 0))
            if not missing.size:
                continue
            grown = definition.table.with_symbols(missing.tolist())
            if grown is not None:
                plan.tables[definition] = grown
                continue
            more = True
            anew.add(definition)
            for place, scan in enumerate(scans):
                if definition in scan.dc or definition in scan.ac:
                    plan.whole.add(place)
                    plan.orders.setdefault(place, block_order(image.frame, scan))
        if not more:
            return


def _run(
    image: JpegImage,
    flat: NDArray[np.int16],
    changed: NDArray[np.uint8],
    plan: _Plan,
    place: int,
    histogram: NDArray[np.int64],
    out: NDArray[np.uint32],
) -> NDArray[np.int64]:
    """Run the encoder over one scan; return the bounds of its restart intervals in ``out``."""
    scan, bits, order = image.structure.scans[place], image.scan_bits[place], plan.orders[place]
    used, _ = scan_books(scan)
    interval = blocks_in_interval(image.frame, scan)
    bounds = np.empty((-(-order.size // interval), 2), np.int64)
    books = np.concatenate([book(definition.table) for definition in used])
    written = np.concatenate([codes(plan.tables.get(definition, definition.table)) for definition in used])
    old_dc = np.ascontiguousarray(image.flat[::64])
    _kernels().splice(
        *(image.scan_bits[place].windows, bits.bounds.reshape(-1), interval, bits.ends, order),
        *(scan_slots(image.frame, scan), books, written, old_dc, flat),
        *(np.ones_like(changed) if place in plan.whole else changed, histogram, out, bounds.reshape(-1)),
    )
    return bounds


def _scan_bytes(
    image: JpegImage,
    raw: NDArray[np.uint8],
    flat: NDArray[np.int16],
    changed: NDArray[np.uint8],
    plan: _Plan,
    place: int,
) -> bytes:
    """Return the entropy-coded bytes of one scan."""
    scan, bits, order = image.structure.scans[place], image.scan_bits[place], plan.orders[place]
    touched = order.size if place in plan.whole else int(np.count_nonzero(changed[order]))
    size = scan.data_stop - scan.data_start
    out = np.zeros((size + touched * _MOST_BYTES_OF_A_BLOCK) // 4 + 2 + bits.bounds.shape[0], np.uint32)
    bounds = _run(image, flat, changed, plan, place, np.zeros(1, np.int64), out)
    clean = out[: int(bounds.max()) // 4 + 2].astype(">u4").view(np.uint8)
    joined = np.empty(2 * clean.size + size, np.uint8)
    count = _kernels().join(raw, bits.bounds.reshape(-1), scan.data_stop, clean, bounds.reshape(-1), joined)
    return joined[:count].tobytes()


def _table_edits(image: JpegImage, plan: _Plan) -> list[Edit]:
    """Return the edits of DHT segments for new tables."""
    new = {(definition.segment, definition.slot): table for definition, table in plan.tables.items()}
    edits = []
    for segment in image.structure.segments:
        if segment.marker == DHT and any(start == segment.start for start, _ in new):
            tables = [
                (slot, new.get((segment.start, slot), table)) for slot, table in huffman_tables(image.data, segment)
            ]
            edits.append(Edit(segment.start, segment.stop, _dht(tables)))
    left_out = [(slot, table) for (start, slot), table in new.items() if start < 0]
    if left_out:
        edits.append(Edit(image.frame.offset, image.frame.offset, _dht(left_out)))
    return edits


def _dht(tables: Sequence[tuple[int, HuffmanTable]]) -> bytes:
    """Return a DHT segment."""
    payload = b"".join(bytes([slot]) + table.counts + table.values for slot, table in tables)
    return bytes([0xFF, DHT]) + (len(payload) + 2).to_bytes(2, "big") + payload
