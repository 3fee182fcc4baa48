"""Put newly encoded pictures into a film: a new ``moov`` and a layout of the file, everything else as it was.

Notes
-----
The media data is edited, not written anew: the old pictures are cut out, new chunks take their places, and every
other byte stays in its order, be it a sample of another track, padding, or something unknown.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box, SizeForm
from mediarescue.isobmff.film_tracks import ChunkExtents, chunk_extents, with_moved_chunks
from mediarescue.isobmff.header import BoxHeader
from mediarescue.isobmff.movie import Movie
from mediarescue.isobmff.new_track import NewTrack
from mediarescue.isobmff.relocation import Inserts, Layout, Relocation, Spans

Int64Array = NDArray[np.int64]
_U32_MAX = 0xFFFFFFFF


def transplant(movie: Movie, new: NewTrack, size: int) -> Layout:
    """Return the layout of a film with new pictures.

    Parameters
    ----------
    movie : Movie
        The source, with its top-level headers.
    new : NewTrack
    size : int
        Of the source, in bytes.
    """
    film = _Film.of(movie, new, size)
    large: set[int] = set()
    moov_size = 0
    while True:
        layout, at = film.laid_out(moov_size)
        relocation, chunks = layout.placed()
        moov, needing = film.moov(relocation, chunks, large)
        if moov.size == moov_size and needing <= large:
            layout.literals[at] = moov.serialize()
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

    @classmethod
    def of(cls, movie: Movie, new: NewTrack, size: int) -> _Film:
        extents = {
            place: chunk_extents(box) for place, box in enumerate(movie.moov.children or ()) if box.kind == b"trak"
        }
        old = next(place for place in extents if (movie.moov.children or ())[place] is new.track.trak)
        spans = [item.spans for place, item in extents.items() if place != old]
        others = Spans.union(
            np.concatenate([np.zeros(0, np.int64), *(item.start for item in spans)]),
            np.concatenate([np.zeros(0, np.int64), *(item.end for item in spans)]),
        )
        media = _payloads(movie, size)
        pictures = extents[old].spans
        inside = pictures.without(pictures.without(media))
        return cls(movie, new, size, extents, inside.without(others))

    def laid_out(self, moov_size: int) -> tuple[Layout, int]:
        """Return the pieces of the output with room for a ``moov``, and which of the new bytes that is."""
        inserts = Inserts(self.new.anchor, self.new.size)
        layout = Layout(inserts)
        media = _payloads(self.movie, self.size)
        home = media.holding(inserts.anchor)
        ends = np.append(media.end, 0)
        homeless = np.flatnonzero((home < 0) | (inserts.anchor >= ends[home]))
        pos, at = 0, -1
        for header in self.movie.headers:
            layout.copy(pos, header.offset)
            pos = min(header.end, self.size)
            if header.kind == b"moov" and at < 0:
                at = layout.literal(bytes(moov_size))
            elif header.kind == b"mdat" and header.payload_offset < self.size:
                is_last = pos == self.size and not len(homeless)
                self._media(layout, header, is_last=is_last)
            else:
                layout.copy(header.offset, pos)
        layout.copy(pos, self.size)
        if len(homeless):
            self._mdat(layout, Spans.union(np.zeros(0, np.int64), np.zeros(0, np.int64)), homeless, SizeForm.COMPACT)
        return layout, at

    def _media(self, layout: Layout, header: BoxHeader, *, is_last: bool) -> None:
        """Append one ``mdat`` with its pictures exchanged."""
        begin, end = header.payload_offset, min(header.end, self.size)
        first, last = np.searchsorted(self.cut.start, (begin, end))
        cut = Spans(self.cut.start[first:last], self.cut.end[first:last])
        kept = Spans(np.array([begin]), np.array([end])).without(cut)
        anchor = self.new.anchor
        chunks = np.flatnonzero((anchor >= begin) & (anchor < max(end, begin + 1)))
        form = SizeForm.LARGE if header.header_size == 16 else SizeForm.COMPACT
        if header.to_end and is_last:
            form = SizeForm.LARGE_TO_END if header.header_size == 16 else SizeForm.TO_END
        self._mdat(layout, kept, chunks, form)

    def _mdat(self, layout: Layout, kept: Spans, chunks: Int64Array, form: SizeForm) -> None:
        size = kept.size + int(self.new.size[chunks].sum())
        layout.literal(_mdat_header(size, form))
        layout.media(kept, chunks)

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
        # A size of 0 is only true for the last box of a file.
        form = self.movie.moov.size_form
        is_open = form in (SizeForm.TO_END, SizeForm.LARGE_TO_END)
        return replace(
            self.movie.moov.replace(children=children), size_form=SizeForm.COMPACT if is_open else form
        ), needing


def _payloads(movie: Movie, size: int) -> Spans:
    """Return the bytes inside the ``mdat`` boxes, as far as the file goes."""
    start = np.array([min(header.payload_offset, size) for header in movie.mdats], np.int64)
    end = np.array([min(header.end, size) for header in movie.mdats], np.int64)
    return Spans(start, end)


def _mdat_header(payload_size: int, form: SizeForm) -> bytes:
    if form is SizeForm.TO_END:
        return struct.pack(">I4s", 0, b"mdat")
    if form is SizeForm.COMPACT and payload_size + 8 <= _U32_MAX:
        return struct.pack(">I4s", payload_size + 8, b"mdat")
    size = 0 if form is SizeForm.LARGE_TO_END else payload_size + 16
    return struct.pack(">I4sQ", 1, b"mdat", size)
