"""Write a JPEG file with other coefficients: what has not changed is copied bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.buffers import as_buffer
from mediarescue.bitstream.jpeg.decode import JpegImage
from mediarescue.bitstream.jpeg.huffman import HuffmanTable, codes, table_for
from mediarescue.bitstream.jpeg.parse import huffman_tables
from mediarescue.bitstream.jpeg.scan_writer import ScanWriter
from mediarescue.bitstream.jpeg.structure import DHT, HuffmanDefinition, coded_blocks, coefficient_steps

_AC = 16
_BIGGEST_SYMBOL_OF_DC = 15


class Edit(NamedTuple):
    """Bytes to stand in the place of those from ``start`` to ``stop`` of the file."""

    start: int
    stop: int
    data: bytes


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
        If a shape is wrong, or the file cannot hold a coefficient: it is too large for the precision, or no scan
        sends it (blocks without a pixel, progressive files without the last bits).
    """
    if [c.shape for c in coefficients] != [c.shape for c in image.coefficients]:
        raise ValueError("the coefficients have not the shapes of those of the image")
    flat = np.concatenate([np.asarray(c, np.int16).reshape(-1) for c in coefficients])
    differs = (flat != image.flat).reshape(-1, 64)
    changed = differs.any(axis=1)
    _check(image, flat.reshape(-1, 64), differs, changed)
    edits, _ = recoded_scans(image, flat, changed.astype(np.uint8), recode=recode)
    return apply_edits(image.data, edits)


def _check(image: JpegImage, blocks: NDArray[np.int16], differs: NDArray[np.bool_], changed: NDArray[np.bool_]) -> None:
    """Raise ValueError where the file cannot hold a changed coefficient."""
    largest = 4 << image.frame.precision
    values = blocks[changed] * differs[changed]
    if values.size and (values.min() < -largest or values.max() >= largest or values[:, 1:].min() <= -largest):
        raise ValueError("a coefficient is too large for the precision of the image")
    if (changed & ~coded_blocks(image.structure)).any():
        raise ValueError("the file does not hold a block that is to be changed: it has no pixel")
    steps = coefficient_steps(image.structure)
    if (steps != 1).any():
        for component, step in zip(image.frame.components, steps, strict=True):
            part = slice(component.first_block, component.first_block + component.block_count)
            if (differs[part] & ((step == 0) | (blocks[part] % np.maximum(step, 1) != 0))).any():
                raise ValueError("the progressive scans of the file do not send a coefficient that is to be changed")


def apply_edits(data: bytes, edits: Sequence[Edit]) -> bytes:
    """Return ``data`` with all edits made; they do not overlap."""
    parts: list[bytes | memoryview] = []
    view, pos = memoryview(data), 0
    for edit in sorted(edits):
        parts += [view[pos : edit.start], edit.data]
        pos = edit.stop
    return b"".join([*parts, view[pos:]]) if parts else data


def recoded_scans(
    image: JpegImage, flat: NDArray[np.int16], changed: NDArray[np.uint8], *, recode: bool = False
) -> tuple[list[Edit], int]:
    """Return the edits that give the blocks marked in ``changed`` what ``flat`` holds, and how many tables change."""
    writers = [ScanWriter(image, place, flat, changed, whole=recode) for place in range(len(image.structure.scans))]
    tables = _tables(writers)
    raw = as_buffer(image.data)
    edits = [
        Edit(writer.scan.data_start, writer.scan.data_stop, writer.encoded(raw, tables))
        for writer in writers
        if writer.touched
    ]
    return edits + _table_edits(image, tables), len(tables)


def _tables(writers: Sequence[ScanWriter]) -> dict[HuffmanDefinition, HuffmanTable]:
    """Return what has to stand in the place of tables that lack a symbol.

    Notes
    -----
    A table that can take the missing symbols behind its last code leaves all codes as they are. Where there is no
    room it is made anew, and then all scans that use it have to be written wholly, which may need further symbols.
    """
    tables: dict[HuffmanDefinition, HuffmanTable] = {}
    anew: set[HuffmanDefinition] = set()
    while True:
        needed: dict[HuffmanDefinition, NDArray[np.int64]] = {}
        for writer in writers:
            if writer.touched:
                for definition, count in writer.counts():
                    needed[definition] = needed.get(definition, 0) + count
        known = len(anew)
        for definition, count in needed.items():
            if definition.slot < _AC and count[_BIGGEST_SYMBOL_OF_DC + 1 :].any():
                raise ValueError("a difference of DC coefficients is too large")
            missing = np.flatnonzero((count > 0) & (codes(definition.table) == 0)).tolist()
            grown = definition.table.with_symbols(missing) if missing else definition.table
            if definition in anew:
                tables[definition] = table_for(count)
            elif grown is None:
                anew.add(definition)
            elif missing:
                tables[definition] = grown
        if len(anew) == known:
            return tables
        for writer in writers:
            writer.whole = writer.whole or not anew.isdisjoint((*writer.scan.dc, *writer.scan.ac))


def _table_edits(image: JpegImage, tables: dict[HuffmanDefinition, HuffmanTable]) -> list[Edit]:
    """Return the edits of DHT segments for new tables."""
    new = {(definition.segment, definition.slot): table for definition, table in tables.items()}
    edits = []
    for segment in image.structure.segments:
        if segment.marker == DHT and any(start == segment.start for start, _ in new):
            present = huffman_tables(image.data, segment)
            wanted = [(slot, new.get((segment.start, slot), table)) for slot, table in present]
            edits.append(Edit(segment.start, segment.stop, _dht(wanted)))
    left_out = [(slot, table) for (start, slot), table in new.items() if start < 0]
    if left_out:
        edits.append(Edit(image.frame.offset, image.frame.offset, _dht(left_out)))
    return edits


def _dht(tables: Sequence[tuple[int, HuffmanTable]]) -> bytes:
    """Return a DHT segment."""
    payload = b"".join(bytes([slot]) + table.counts + table.values for slot, table in tables)
    return bytes([0xFF, DHT]) + (len(payload) + 2).to_bytes(2, "big") + payload
