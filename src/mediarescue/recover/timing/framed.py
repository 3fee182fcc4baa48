"""Sync samples, order and durations of samples that tell them, in the reference's own convention."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.frames import FrameColumn
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.timing.composition import learn_shift

Int64Array = NDArray[np.int64]
_NEAR = 0.02


def framed_sync(profile: TrackProfile, known: Int64Array, rows: Int64Array) -> NDArray[np.bool_]:
    """Mark the samples where decoding can start, bool (n,); all of them where the reference marks all.

    Parameters
    ----------
    profile : TrackProfile
    known, rows : int64 (n, columns)
        What the bitstream says of the reference's leading samples, and of the rescued ones (`FrameColumn`).

    Notes
    -----
    Some phones mark every fiftieth picture, whatever it is. Where the reference's marks do not follow its pictures
    but a count, so do these.
    """
    if not profile.has_table(b"stss"):
        return np.ones(len(rows), dtype=bool)
    period = counted_sync(profile, known)
    if period:
        return np.asarray(np.arange(len(rows)) % period == 0, dtype=bool)
    return np.asarray(rows[:, FrameColumn.KEY] == 1, dtype=bool)


def counted_sync(profile: TrackProfile, known: Int64Array) -> int:
    """Return every how many samples the reference marks one, key picture or not; 0 where its marks mean something."""
    if profile.samples is None:
        return 0
    marked = np.flatnonzero(profile.samples.is_sync)
    seen = marked[marked < len(known)]
    if len(marked) < 2 or (known[seen, FrameColumn.KEY] != 0).all():
        return 0
    period = int(marked[1] - marked[0])
    counted = np.arange(0, len(profile.samples), period)
    return period if np.array_equal(marked, counted) else 0


def framed_partial_sync(rows: Int64Array) -> NDArray[np.bool_] | None:
    """Mark the partial sync samples of QuickTime, bool (n,); None where there are none."""
    partial = np.asarray(rows[:, FrameColumn.KEY] == 2, dtype=bool)
    return partial if partial.any() else None


def framed_order(profile: TrackProfile, known: Int64Array, rows: Int64Array) -> tuple[Int64Array | None, int]:
    """Return the place of each sample in the order of output (None: the decode order) and the reference's shift.

    ``known`` and ``rows``, int64 (n, columns): the reference's leading samples and the rescued ones.

    Notes
    -----
    A picture predicted from both sides is shown before the anchor decoded in front of it (ISO/IEC 13818-2 6.1.1.11).
    """
    samples = profile.samples
    if samples is None or not samples.composition_offset.any():
        return None, 0
    shift = learn_shift(samples.composition_offset, _shown(known), samples.duration) if len(known) else 0
    ranks = _shown(rows)
    return (ranks if (ranks != np.arange(len(ranks))).any() else None), shift


def _shown(rows: Int64Array) -> Int64Array:
    """Return the place of each picture in the order of output, int64 (n,)."""
    between = rows[:, FrameColumn.BIDIRECTIONAL] != 0
    index = np.arange(len(rows))
    anchors = np.flatnonzero(~between)
    after = np.append(anchors[1:], len(rows))
    # an anchor waits for the pictures between it and the next one, each of those moves up by one
    ranks = np.where(between, index - (np.cumsum(~between) > 0), index)
    ranks[anchors] = after - 1
    return np.asarray(ranks, dtype=np.int64)


def framed_durations(profile: TrackProfile, known: Int64Array, rows: Int64Array, rate: int) -> Int64Array | None:
    """Return the durations in the track's ticks that the bitstream tells, int64 (n,); None where it does not.

    Notes
    -----
    None too where the reference's own samples contradict: some writers count a packet's ticks in another way.
    """
    ticks, shown = rows[:, FrameColumn.TICKS], known[:, FrameColumn.TICKS]
    if not rate or (ticks < 0).any() or not ticks.any() or (shown < 0).any() or profile.samples is None:
        return None
    timescale = profile.track.timescale
    theirs = profile.samples.duration[: len(shown)]
    if len(theirs) > 1:  # the last one of a track is often invented
        theirs, shown = theirs[:-1], shown[:-1]
    told = float(shown.sum()) * timescale / rate
    if abs(told - float(theirs.sum())) > max(_NEAR * told, 2):
        return None
    times = np.concatenate(([0], np.cumsum(ticks))) * timescale / rate
    return np.asarray(np.diff(np.round(times).astype(np.int64)), dtype=np.int64)
