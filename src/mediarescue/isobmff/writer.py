"""New boxes for a rescued movie: durations, edit lists and sample tables put into a tree that is otherwise kept."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mediarescue.isobmff.box import Box, SizeForm
from mediarescue.isobmff.boxes.track import EDIT_V1
from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.layout import build_payload, parse_payload
from mediarescue.isobmff.movie import Edit

_U32_MAX = 0xFFFFFFFF

TABLES = frozenset((b"stts", b"ctts", b"cslg", b"stss", b"stsc", b"stsz", b"stz2", b"stco", b"co64"))
"""Sample table boxes that a rebuilt track replaces."""
STALE = frozenset((b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"stps", b"stsh", b"stdp", b"padb", b"csgp"))
"""Sample table boxes that say something of each old sample, and nothing true of the new ones."""


class RebuiltTrack(NamedTuple):
    """The new ``trak``, and the kinds of boxes that had to be dropped from it."""

    trak: Box
    dropped: tuple[bytes, ...]


def mdat_header(payload_size: int) -> bytes:
    """Return the header of an ``mdat`` with that payload: 8 bytes, or 16 where the whole exceeds 32 bits."""
    if payload_size + 8 <= _U32_MAX:
        return struct.pack(">I4s", payload_size + 8, b"mdat")
    return struct.pack(">I4sQ", 1, b"mdat", payload_size + 16)


def with_duration(box: Box, duration: int) -> Box:
    """Return an ``mvhd``, ``tkhd`` or ``mdhd`` with another duration, in version 1 where it needs 64 bits.

    Notes
    -----
    0xFFFFFFFF means "not known" in version 0, so a true duration of that value is written in version 1 as well.
    A version 1 box stays one; a box that has the duration already stays as it is.
    """
    fields = parse_payload(box.kind, box.payload, offset=box.offset)
    if duration == fields.duration:
        return box
    if not 0 <= duration < 1 << 64:
        raise BoxError(f"a duration of {duration} ticks cannot be written", offset=box.offset)
    version = 1 if duration >= _U32_MAX else fields.version
    return box.replace(payload=build_payload(box.kind, {**fields, "duration": duration, "version": version}))


def build_edit_list(edits: Sequence[Edit], *, version: int = 0) -> Box:
    """Return an ``elst`` box, in version 1 where a value needs 64 bits or ``version`` asks for it."""
    for edit in edits:
        if edit.segment_duration > _U32_MAX or not -(1 << 31) <= edit.media_time < 1 << 31:
            version = 1
    rows = np.array([(d, t, round(r * 65536)) for d, t, r in edits], EDIT_V1)
    values = {"version": version, "flags": 0, "entry_count": len(edits), "entries": rows}
    return Box(b"elst", build_payload(b"elst", values))


def patch_durations(trak: Box, *, media_duration: int, movie_duration: int) -> Box:
    """Return a ``trak`` whose ``mdhd`` (media ticks) and ``tkhd`` (movie ticks) have other durations."""
    mdia = trak.get(b"mdia")
    mdia = mdia.with_child(with_duration(mdia.get(b"mdhd"), media_duration))
    return trak.with_child(mdia).with_child(with_duration(trak.get(b"tkhd"), movie_duration))


def with_edit_list(trak: Box, edits: Sequence[Edit]) -> Box:
    """Return a ``trak`` with that edit list, without ``edts`` where it is empty."""
    old = trak.find(b"edts", b"elst")
    children = [child for child in trak.children or () if child.kind != b"edts"]
    if edits:
        edts = Box(b"edts", children=(build_edit_list(edits, version=old.payload[0] if old and old.payload else 0),))
        if (kept := trak.find(b"edts")) is not None:
            edts = kept.with_child(edts.get(b"elst"))
        # Readers that go through once want the edits before the media, as every writer places them.
        kinds = [child.kind for child in trak.children or ()]
        at = kinds.index(b"edts" if b"edts" in kinds else b"mdia")
        children.insert(at, edts)
    return trak.replace(children=children)


def rebuild_track(
    trak: Box,
    *,
    stbl_children: Iterable[Box],
    media_duration: int,
    movie_duration: int,
    edit_list: Sequence[Edit] | None = None,
) -> RebuiltTrack:
    """Put new sample tables, durations and edits into a ``trak``; everything else is kept.

    Parameters
    ----------
    trak : Box
    stbl_children : iterable of Box
        From `compact` or `compact_chunks`. A ``stsd`` among them replaces the old one; else that is kept.
    media_duration : int
        In media ticks, for ``mdhd``.
    movie_duration : int
        In movie ticks, for ``tkhd``.
    edit_list : sequence of Edit, optional
        None keeps the old one as it is, an empty one removes it.

    Returns
    -------
    RebuiltTrack
        ``dropped`` names boxes of the sample table whose contents would not fit the new samples.

    Raises
    ------
    BoxError
        The ``trak`` lacks a header or its sample table, or a value does not fit its field.
    """
    new = tuple(stbl_children)
    stbl = trak.get(b"mdia", b"minf", b"stbl")
    replaced = TABLES | {box.kind for box in new}
    stale = STALE | {b"cslg"} if any(box.kind == b"ctts" for box in new) else STALE
    lost = stale - {box.kind for box in new}
    dropped = tuple(dict.fromkeys(box.kind for box in stbl.children or () if box.kind in lost))
    kept = [box for box in stbl.children or () if box.kind not in replaced | STALE]
    # stsd first, then the tables, then what is kept: the order readers know.
    tables = sorted(new, key=lambda box: box.kind != b"stsd")
    descriptions = [box for box in kept if box.kind == b"stsd"]
    rest = [box for box in kept if box.kind != b"stsd"]
    stbl = stbl.replace(children=[*descriptions, *tables, *rest])
    minf = trak.get(b"mdia", b"minf").with_child(stbl)
    rebuilt = trak.with_child(trak.get(b"mdia").with_child(minf))
    rebuilt = patch_durations(rebuilt, media_duration=media_duration, movie_duration=movie_duration)
    if edit_list is not None:
        rebuilt = with_edit_list(rebuilt, edit_list)
    return RebuiltTrack(rebuilt, dropped)


def rebuild_movie(moov: Box, traks: Sequence[Box], *, duration: int) -> Box:
    """Return a ``moov`` with other ``trak`` boxes and duration (movie ticks); everything else is kept.

    The tracks stand where the first one stood. ``mvex`` is dropped: the new movie has no fragments.
    """
    children: list[Box] = []
    placed = False
    for child in moov.children or ():
        if child.kind == b"trak":
            children += [] if placed else traks
            placed = True
        elif child.kind == b"mvhd":
            children.append(with_duration(child, duration))
        elif child.kind != b"mvex":
            children.append(child)
    if not placed:
        children += traks
    # A size of 0 is only true for the last box of a file.
    return replace(moov.replace(children=children), size_form=SizeForm.COMPACT)
