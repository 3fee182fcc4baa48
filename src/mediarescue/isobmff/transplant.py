"""Put newly encoded pictures into a film: a new ``moov`` and a layout of the file, everything else as it was.

Notes
-----
The media data is edited, not written anew: the old pictures are cut out, new chunks take their places, and every
other byte stays in its order, be it a sample of another track, padding, or something unknown.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box, SizeForm
from mediarescue.isobmff.film_tracks import ChunkExtents, chunk_extents, with_moved_chunks
from mediarescue.isobmff.header import BoxHeader
from mediarescue.isobmff.item_locations import item_spans, with_moved_places
from mediarescue.isobmff.movie import Movie
from mediarescue.isobmff.new_track import NewTrack
from mediarescue.isobmff.relocation import Inserts, Layout, Relocation, Spans

Int64Array = NDArray[np.int64]
_U32_MAX = 0xFFFFFFFF


def transplant(
    movie: Movie,
    new: NewTrack,
    size: int,
    *,
    metas: Mapping[int, Box] | None = None,
    without: frozenset[bytes] = frozenset(),
) -> Layout:
    """Return the layout of a film with new pictures.

    Parameters
    ----------
    movie : Movie
        The source, with its top-level headers.
    new : NewTrack
    size : int
        Of the source, in bytes.
    metas : mapping of int to Box, optional
        The ``meta`` boxes of the top level by their offset, in which offsets are to follow.
    without : frozenset of bytes
        Top-level boxes that are left out: the index of fragments. The media data between them becomes one ``mdat``.
    """
    film = _Film.of(movie, new, size, metas or {}, without)
    large: set[int] = set()
    moov_size = 0
    while True:
        layout, at = film.laid_out(moov_size)
        relocation, chunks = layout.placed()
        moov, needing = film.moov(relocation, chunks, large)
        if moov.size == moov_size and needing <= large:
            layout.literals[at[film.moov_offset]] = moov.serialize()
            for offset, box in film.metas.items():
                layout.literals[at[offset]] = with_moved_places(box, relocation, size).serialize()
            return layout
        large |= needing
        moov_size = moov.size


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """A source taken apart: the chunks of each ``trak`` by its place in the ``moov``, and what is cut out of it."""

    movie: Movie
    new: NewTrack
    size: int
    extents: dict[int, ChunkExtents]
    cut: Spans
    metas: Mapping[int, Box]
    without: frozenset[bytes]

    @classmethod
    def of(cls, movie: Movie, new: NewTrack, size: int, metas: Mapping[int, Box], without: frozenset[bytes]) -> _Film:
        extents = {
            place: chunk_extents(box) for place, box in enumerate(movie.moov.children or ()) if box.kind == b"trak"
        }
        old = next(place for place in extents if (movie.moov.children or ())[place] is new.track.trak)
        spans = [item.spans for place, item in extents.items() if place != old]
        spans += [item_spans(box) for box in (movie.moov, *metas.values())]
        others = Spans.union(
            np.concatenate([np.zeros(0, np.int64), *(item.start for item in spans)]),
            np.concatenate([np.zeros(0, np.int64), *(item.end for item in spans)]),
        )
        media = _payloads(movie, size)
        pictures = extents[old].spans
        inside = pictures.without(pictures.without(media))
        return cls(movie, new, size, extents, inside.without(others), metas, without)

    @property
    def moov_offset(self) -> int:
        """Where the ``moov`` stands in the source: the first of them counts."""
        return next(header.offset for header in self.movie.headers if header.kind == b"moov")

    def laid_out(self, moov_size: int) -> tuple[Layout, dict[int, int]]:
        """Return the pieces of the output, and which of the new bytes are room for which box, by its old offset."""
        inserts = Inserts(self.new.anchor, self.new.size)
        layout = Layout(inserts)
        media = _payloads(self.movie, self.size)
        home = media.holding(inserts.anchor)
        home[inserts.anchor >= np.append(media.end, 0)[home]] = -1
        if self.without:
            home = np.minimum(home, 0)
        homeless = np.flatnonzero(home < 0)
        pos, at, number = 0, dict[int, int](), 0
        for header in self.movie.headers:
            pos = min(header.end, self.size)
            if header.to_end:  # what comes behind it would be a part of it
                self._new_mdat(layout, homeless)
                homeless = homeless[:0]
            if header.offset == self.moov_offset:
                at[header.offset] = layout.literal(bytes(moov_size))
            elif header.offset in self.metas:
                at[header.offset] = layout.literal(bytes(header.size))
            elif header.kind == b"mdat":
                if not self.without:
                    own = Spans(media.start[number : number + 1], media.end[number : number + 1])
                    form = _size_form(header, is_last=pos == self.size)
                    self._mdat(layout, own, np.flatnonzero(home == number), form)
                elif number == 0:
                    self._mdat(layout, media, np.flatnonzero(home == 0), SizeForm.COMPACT)
                number += 1
            elif header.kind not in self.without:
                layout.copy(header.offset, pos)
        self._new_mdat(layout, homeless)
        layout.copy(pos, self.size)
        return layout, at

    def _new_mdat(self, layout: Layout, chunks: Int64Array) -> None:
        """Append an ``mdat`` of new chunks only, if there are any."""
        if len(chunks):
            none = np.zeros(0, np.int64)
            self._mdat(layout, Spans(none, none), chunks, SizeForm.COMPACT)

    def _mdat(self, layout: Layout, media: Spans, chunks: Int64Array, form: SizeForm) -> None:
        """Append an ``mdat`` of what is kept of these bytes of the source, and of new chunks."""
        if len(media.start):
            first, last = np.searchsorted(self.cut.start, (media.start[0], media.end[-1]))
            media = media.without(Spans(self.cut.start[first:last], self.cut.end[first:last]))
        size = media.size + int(self.new.size[chunks].sum())
        layout.literal(_mdat_header(size, form))
        layout.media(media, chunks)

    def moov(self, relocation: Relocation, chunks: Int64Array, large: set[int]) -> tuple[Box, set[int]]:
        """Return the new ``moov``, and which of its tracks (by place) need 64-bit offsets."""
        children = list(self.movie.moov.children or ())
        needing = set()
        for place, extents in self.extents.items():
            box, wide = children[place], place in large
            if box is self.new.track.trak:
                children[place] = self.new.trak(chunks, large=wide)
                offsets = chunks
            else:
                children[place] = with_moved_chunks(box, extents, relocation, large=wide)
                offsets = relocation(extents.offset)
            if len(offsets) and int(offsets.max()) > _U32_MAX:
                needing.add(place)
        moov = with_moved_places(self.movie.moov.replace(children=children), relocation, self.size)
        if moov.size_form in (SizeForm.TO_END, SizeForm.LARGE_TO_END):
            moov = replace(moov, size_form=SizeForm.COMPACT)  # only true for the last box of a file
        return moov, needing


def _payloads(movie: Movie, size: int) -> Spans:
    """Return the bytes inside the ``mdat`` boxes, as far as the file goes."""
    start = np.array([min(header.payload_offset, size) for header in movie.mdats], np.int64)
    end = np.array([min(header.end, size) for header in movie.mdats], np.int64)
    return Spans(start, end)


def _size_form(header: BoxHeader, *, is_last: bool) -> SizeForm:
    """Return how the size of a new ``mdat`` is written: as in the source, open only where nothing follows."""
    large = header.header_size == 16
    if header.to_end and is_last:
        return SizeForm.LARGE_TO_END if large else SizeForm.TO_END
    return SizeForm.LARGE if large else SizeForm.COMPACT


def _mdat_header(payload_size: int, form: SizeForm) -> bytes:
    if form is SizeForm.TO_END:
        return struct.pack(">I4s", 0, b"mdat")
    if form is SizeForm.COMPACT and payload_size + 8 <= _U32_MAX:
        return struct.pack(">I4s", payload_size + 8, b"mdat")
    size = 0 if form is SizeForm.LARGE_TO_END else payload_size + 16
    return struct.pack(">I4sQ", 1, b"mdat", size)
