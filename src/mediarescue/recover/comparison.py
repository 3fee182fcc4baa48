"""What a rescue found, held against the true tables of the film that was broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Range:
    """Where the media of a trial lie, and the hole in it (empty where ``hole`` is (0, 0))."""

    start: int
    end: int
    hole: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Samples of one track: those untouched by the damage, those found, claimed wrongly, and how far times are off."""

    samples: int
    found: int
    wrong: int
    seconds_off: float


def compare(true: TrackProfile, got: RescuedTrack | None, place: Range) -> Comparison:
    """Compare a track of the film with what a rescue found of it.

    Parameters
    ----------
    true : TrackProfile
        The whole film's own.
    got : RescuedTrack or None
    place : Range

    Notes
    -----
    Times are compared up to one constant: where a piece begins in the film, nothing in it tells. A sample that the
    damage touched counts for nothing, but claimed with another size it is wrong.
    """
    if true.chunks is not None:
        return _compare_sound(true, got, place)
    assert true.samples is not None
    table = true.samples
    ends = table.offset + table.size
    inside = (table.offset >= place.start) & (ends <= place.end) & (table.size > 0)
    touched = (table.offset < place.hole[1]) & (ends > place.hole[0])
    count = int((inside & ~touched).sum())
    if got is None or not len(got.offset):
        return Comparison(count, 0, 0, 0.0)
    order = np.argsort(table.offset, kind="stable")
    at = np.minimum(np.searchsorted(table.offset[order], got.offset), max(len(order) - 1, 0))
    match = order[at]
    right = (table.offset[match] == got.offset) & (table.size[match] == got.size)
    found = right & ~touched[match]
    shown = np.cumsum(got.duration) - got.duration + got.composition_offset
    off = _spread((shown - table.pts[match])[found]) / true.track.timescale
    return Comparison(count, int(found.sum()), int((~right & (got.size > 0)).sum()), off)


def _compare_sound(true: TrackProfile, got: RescuedTrack | None, place: Range) -> Comparison:
    """Compare sound of one frame a tick by bytes: where a chunk ends means nothing."""
    assert true.chunks is not None
    chunks, block = true.chunks, true.chunks.block
    order = np.argsort(chunks.offset, kind="stable")
    start, dts = chunks.offset[order], chunks.dts[order]
    own = np.stack((np.maximum(start, place.start), np.minimum(start + chunks.size[order], place.end)))
    hole = np.array([[place.hole[0]], [place.hole[1]]])
    own = own[:, own[1] > own[0]]
    count = (_bytes(own) - _shared(own, hole)) // block
    if got is None or not len(got.offset):
        return Comparison(count, 0, 0, 0.0)
    is_real = np.ones(len(got.offset), dtype=bool) if got.stand_in is None else ~got.stand_in
    claimed = np.stack((got.offset, got.offset + got.size))[:, is_real]
    found = _shared(claimed, own)
    touched = _shared(_clipped(own, hole), claimed)
    at = np.maximum(np.searchsorted(start, got.offset, side="right") - 1, 0)
    within = (got.offset - start[at]) // block * chunks.packet_samples * chunks.delta
    samples = chunks.samples_in(got.size)
    shown = (np.cumsum(samples) - samples) * chunks.delta
    off = _spread((shown - dts[at] - within)[is_real]) / true.track.timescale
    return Comparison(count, (found - touched) // block, -(-(_bytes(claimed) - found) // block), off)


def _bytes(ranges: Int64Array) -> int:
    return int((ranges[1] - ranges[0]).sum())


def _clipped(ranges: Int64Array, hole: Int64Array) -> Int64Array:
    clipped = np.clip(ranges, hole[0], hole[1])
    return clipped[:, clipped[1] > clipped[0]]


def _shared(one: Int64Array, other: Int64Array) -> int:
    """Return the bytes that two sets of ranges share, int64 (2, n) of starts and ends, rising and apart."""
    if not one.shape[1]:
        return 0
    sizes = one[1] - one[0]
    before = np.cumsum(sizes) - sizes

    def below(at: Int64Array) -> Int64Array:
        last = np.searchsorted(one[0], at, side="right") - 1
        inside = before[last] + np.minimum(at - one[0][last], sizes[last])
        return np.where(last >= 0, inside, 0)

    return int((below(other[1]) - below(other[0])).sum())


def _spread(difference: Int64Array) -> float:
    """Return the largest distance from the median."""
    return float(np.abs(difference - np.median(difference)).max()) if len(difference) else 0.0
