"""Where the bytes of a film's tracks lie, and its tables with every offset moved."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff import tables
from mediarescue.isobmff.box import Box
from mediarescue.isobmff.chunk_table import expand_chunks, is_constant_size
from mediarescue.isobmff.errors import BoxError, Leniency, Problem
from mediarescue.isobmff.movie import read_track
from mediarescue.isobmff.relocation import Spans
from mediarescue.isobmff.sample_table import StblReader
from mediarescue.isobmff.sound_packets import with_packets

Int64Array = NDArray[np.int64]
Move = Callable[[Int64Array], Int64Array]
"""Offsets in the source -> offsets in the output."""
_U32_MAX = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, eq=False)
class ChunkExtents:
    """The chunks of a track: ``offset`` and ``size`` in bytes, ``sample_count``, and which of them are in this file.

    int64 (n,) each, ``is_here`` bool (n,).
    """

    offset: Int64Array
    size: Int64Array
    sample_count: Int64Array
    is_here: NDArray[np.bool_]

    @property
    def spans(self) -> Spans:
        """The bytes of this file that the track uses."""
        offset, size = self.offset[self.is_here], self.size[self.is_here]
        return Spans.union(offset, offset + size)


def chunk_extents(trak: Box) -> ChunkExtents:
    """Return where the chunks of a ``trak`` lie, as far as its tables can be read.

    Notes
    -----
    By the chunk, without a row for each sample: an hour of PCM has 170 million.
    """
    stbl = trak.find(b"mdia", b"minf", b"stbl")
    if stbl is None:
        return ChunkExtents(*(np.zeros(0, np.int64),) * 3, np.zeros(0, np.bool_))
    problems: list[Problem] = []
    reader = StblReader(stbl, Leniency.PERMISSIVE, problems)
    sizes = reader.sizes()
    chunks = reader.chunks(sizes.sample_count)
    if sizes.sizes is None:
        size = chunks.sample_count * sizes.constant
        if is_constant_size(stbl):
            with contextlib.suppress(BoxError):
                table = expand_chunks(stbl, leniency=Leniency.PERMISSIVE, problems=[])
                size = with_packets(table, read_track(trak)).size
    else:
        ends = np.concatenate(([0], np.cumsum(sizes.sizes)))
        last = np.minimum(np.cumsum(chunks.sample_count), len(ends) - 1)
        size = np.diff(ends[last], prepend=0)
    here = _self_contained(trak)
    known = np.array([*here, True], np.bool_)
    return ChunkExtents(
        chunks.offset, size, chunks.sample_count, known[np.minimum(chunks.description_index, len(here))]
    )


def _self_contained(trak: Box) -> list[bool]:
    """Return for each sample entry whether its samples lie in this file (8.7.2: flag 1 of its data reference)."""
    minf = trak.get(b"mdia", b"minf")
    dref = minf.find(b"dinf", b"dref")
    references = [] if dref is None else [box for box in dref.children or () if not box.is_opaque]
    stsd = minf.find(b"stbl", b"stsd")
    here = []
    for entry in (stsd.children if stsd is not None else None) or ():
        body = entry.payload if entry.children is None else entry.prefix
        index = int.from_bytes(body[6:8], "big") - 1
        known = 0 <= index < len(references) and len(references[index].payload) >= 4
        here.append(not known or bool(references[index].payload[3] & 1))
    return here


def with_moved_chunks(trak: Box, extents: ChunkExtents, move: Move, *, large: bool) -> Box:
    """Return a ``trak`` whose chunks and auxiliary data (``saio``) are where ``move`` says; all else as it was.

    ``large`` writes ``co64`` where the source has ``stco``.
    """
    stbl = trak.find(b"mdia", b"minf", b"stbl")
    if stbl is None:
        return trak
    children = []
    for box in stbl.children or ():
        if box.kind in (b"stco", b"co64"):
            children.append(_moved_offsets(box, extents, move, large=large))
        elif box.kind == b"saio":
            children.append(_moved_auxiliary(box, move))
        else:
            children.append(box)
    return with_sample_table(trak, stbl.replace(children=children))


def with_sample_table(trak: Box, stbl: Box) -> Box:
    """Return a ``trak`` with another ``stbl``."""
    minf = trak.get(b"mdia", b"minf").with_child(stbl)
    return trak.with_child(trak.get(b"mdia").with_child(minf))


def _moved_offsets(box: Box, extents: ChunkExtents, move: Move, *, large: bool) -> Box:
    rows = tables.read_rows(box.payload, box.kind, offset=box.offset, leniency=Leniency.PERMISSIVE).astype(np.int64)
    moved = move(rows)
    if len(rows) == len(extents.is_here):
        moved = np.where(extents.is_here, moved, rows)
    kind, payload = tables.build_chunk_offset(moved, large=large or box.kind == b"co64")
    head = 8 + len(rows) * (8 if box.kind == b"co64" else 4)
    return Box(kind, box.payload[:4] + payload[4:] + box.payload[head:], size_form=box.size_form)


def _moved_auxiliary(box: Box, move: Move) -> Box:
    """Return ``saio`` (8.7.9) with moved offsets, in version 1 where they need 64 bits."""
    data = box.payload
    head = 12 if len(data) > 3 and data[3] & 1 else 4
    if len(data) < head + 4:
        return box
    count = int.from_bytes(data[head : head + 4], "big")
    wide = data[0] == 1
    if len(data) < head + 4 + count * (8 if wide else 4):
        return box
    moved = move(np.frombuffer(data, ">u8" if wide else ">u4", count, head + 4).astype(np.int64))
    wide = wide or bool(len(moved) and int(moved.max()) > _U32_MAX)
    rows = moved.astype(">u8" if wide else ">u4").tobytes()
    return box.replace(payload=struct.pack(">B", wide) + data[1 : head + 4] + rows)
