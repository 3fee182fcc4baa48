"""The samples of a row of films that each hold one picture track: what an encoder has finished piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError, Leniency
from mediarescue.isobmff.movie import Track, read_movie
from mediarescue.isobmff.sample_table import SampleTable, expand
from mediarescue.isobmff.source import ByteSource

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSamples:
    """The samples of all pieces in decoding order; arrays of one length.

    Attributes
    ----------
    piece : ndarray of int32
        Which film a sample lies in.
    offset, size : ndarray of int64
        Where, in bytes.
    rank : ndarray of int64
        Its place in the order shown, over all pieces.
    is_sync : ndarray of bool
    entries : tuple of Box
        The sample entry of each piece.
    """

    piece: NDArray[np.int32]
    offset: Int64Array
    size: Int64Array
    rank: Int64Array
    is_sync: NDArray[np.bool_]
    entries: tuple[Box, ...]

    def __len__(self) -> int:
        return len(self.offset)


def read_encoded(sources: Sequence[ByteSource]) -> EncodedSamples:
    """Read the sample tables of the pieces, in order.

    Raises
    ------
    BoxError
        A piece is not a whole film with one picture track that has one sample entry.
    """
    tables, ranks, entries, shown = [], [], [], 0
    for source in sources:
        track = _picture_track(source)
        samples = expand(track.stbl, leniency=Leniency.NORMAL)
        if len(samples) and int((samples.offset + samples.size).max()) > source.size:
            raise BoxError(f"{source.path.name} ends before its last picture")
        order = np.argsort(samples.pts, kind="stable")
        rank = np.empty(len(samples), np.int64)
        rank[order] = np.arange(shown, shown + len(samples))
        shown += len(samples)
        tables.append(samples)
        ranks.append(rank)
        entries.append(track.sample_entries[0].box)
    return EncodedSamples(
        piece=np.repeat(np.arange(len(tables), dtype=np.int32), [len(table) for table in tables]),
        offset=_joined(tables, "offset"),
        size=_joined(tables, "size"),
        rank=np.concatenate([np.zeros(0, np.int64), *ranks]),
        is_sync=np.concatenate([np.zeros(0, np.bool_), *(table.is_sync for table in tables)]),
        entries=tuple(entries),
    )


def _joined(tables: Sequence[SampleTable], name: str) -> Int64Array:
    return np.concatenate([np.zeros(0, np.int64), *(getattr(table, name) for table in tables)])


def _picture_track(source: ByteSource) -> Track:
    movie = read_movie(source, leniency=Leniency.NORMAL)
    tracks = [track for track in movie.tracks if track.handler == b"vide"]
    if len(tracks) != 1 or len(tracks[0].sample_entries) != 1:
        raise BoxError(f"{source.path.name} does not hold one track of pictures with one sample entry")
    return tracks[0]
