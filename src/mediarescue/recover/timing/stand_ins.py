"""Stand-ins for lost samples: put in while a film's clocks are fitted, then taken out, their time kept or closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.candidate import Gap
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing.closed_gaps import closed_gaps

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LostSamples:
    """Samples of a track that a gap took.

    Attributes
    ----------
    gap : Gap
    at : int
        Index of the track's first sample behind the gap.
    count : int
        Of PCM: sample frames or packets.
    step : float
        Ticks of the track's clock from one to the next.
    ranks : tuple of (int, bool, int64 (m,))
        Places in the order of output of samples around the gap, which the lost ones change: index of the first,
        whether they stand behind the gap, places counted from the first lost sample, or from the first behind it.
    """

    gap: Gap
    at: int
    count: int
    step: float
    ranks: tuple[tuple[int, bool, Int64Array], ...] = ()


def with_stand_ins(track: RescuedTrack, lost: Sequence[LostSamples]) -> RescuedTrack:
    """Return the track with samples of no bytes in place of the lost ones (PCM: a chunk), in file order."""
    lost = [loss for loss in lost if loss.count > 0]
    if not lost:
        return track
    pcm = track.is_pcm
    counts = np.array([1 if pcm else loss.count for loss in lost])
    at = np.array([loss.at for loss in lost])
    where = np.repeat(at, counts)
    stand_in = np.insert(np.zeros(len(track.offset), dtype=bool), where, True)
    offsets = [
        loss.gap.offset + np.arange(n) * loss.gap.size // n for loss, n in zip(lost, counts.tolist(), strict=True)
    ]
    offset = np.insert(track.offset, where, np.concatenate(offsets))
    entries = (
        None if track.entries is None else np.insert(track.entries, where, track.entries[np.maximum(where - 1, 0)])
    )
    if track.profile.chunks is not None:
        sizes = [loss.count * track.profile.chunks.block for loss in lost]
        size = np.insert(track.size, where, sizes)
        return replace(track, offset=offset, size=size, stand_in=stand_in, entries=entries)
    durations = [np.diff(np.round(np.arange(loss.count + 1) * loss.step)).astype(np.int64) for loss in lost]
    independent, partial = track.is_independent, track.is_partial_sync
    return replace(
        track,
        offset=offset,
        size=np.insert(track.size, where, 0),
        duration=np.insert(track.duration, where, np.concatenate(durations)),
        ranks=_ranks(track, lost, stand_in),
        is_sync=_sync(track, where),
        is_independent=None if independent is None else np.insert(independent, where, False),
        is_partial_sync=None if partial is None else np.insert(partial, where, False),
        entries=entries,
        stand_in=stand_in,
    )


def _sync(track: RescuedTrack, where: Int64Array) -> NDArray[np.bool_]:
    """Return sync marks with the stand-ins; marks that only count go on counting over them."""
    if track.sync_period:
        count = np.arange(len(track.is_sync) + len(where))
        return np.asarray(count % track.sync_period == 0, dtype=np.bool_)
    return np.insert(track.is_sync, where, False)


def _ranks(track: RescuedTrack, lost: Sequence[LostSamples], stand_in: NDArray[np.bool_]) -> Int64Array | None:
    """Return places in the order of output among all samples, the lost ones counted; no place crosses a gap."""
    if track.ranks is None:
        return None
    ranks = np.arange(len(stand_in), dtype=np.int64)
    place = np.flatnonzero(~stand_in)
    moved = track.ranks + (place - np.arange(len(place)))
    for loss in lost:
        first = int(place[loss.at - 1]) + 1 if loss.at else 0
        for index, behind, around in loss.ranks:
            base = int(place[loss.at]) if behind else first
            moved[index : index + len(around)] = np.maximum(base + around, 0)
    ranks[place] = moved
    return ranks


@dataclass(frozen=True, slots=True)
class Pause:
    """When a gap is in the rescued film, and how much of the film it took, in seconds; None where that is not known.

    ``closed`` is how much of that was left out of the film.
    """

    time: float | None = None
    lost: float | None = None
    error: float | None = None
    closed: float = 0.0


def without_stand_ins(
    tracks: Sequence[RescuedTrack], gaps: Sequence[Gap], *, close: bool
) -> tuple[list[RescuedTrack], list[Pause]]:
    """Take the stand-ins out: what they lasted goes to the sample before, of PCM they become silence.

    Parameters
    ----------
    tracks : sequence of RescuedTrack
    gaps : sequence of Gap
        In file order.
    close : bool
        The film goes on without a pause: the time that a gap took of all its tracks is left out of each.

    Returns
    -------
    tracks : list of RescuedTrack
    pauses : list of Pause
        One a gap.
    """
    spent = [_spent(track, gaps) for track in tracks]
    closed, common = closed_gaps(tracks, spent, gaps) if close else (list(tracks), np.zeros(len(gaps)))
    return [_kept(track) for track in closed], _pauses(tracks, spent, gaps, common)


def _gap_of(track: RescuedTrack, gaps: Sequence[Gap]) -> Int64Array:
    """Return the index of the gap of each stand-in."""
    assert track.stand_in is not None
    starts = np.array([gap.offset for gap in gaps], dtype=np.int64)
    return np.searchsorted(starts, track.offset[track.stand_in], side="right") - 1


def _spent(track: RescuedTrack, gaps: Sequence[Gap]) -> NDArray[np.float64]:
    """Return the seconds that each gap took of the track, float64 (gaps,)."""
    if track.stand_in is None:
        return np.zeros(len(gaps))
    ticks = np.bincount(_gap_of(track, gaps), weights=track.sample_ticks[track.stand_in], minlength=len(gaps))
    return ticks / track.profile.track.timescale


def _kept(track: RescuedTrack) -> RescuedTrack:
    """Add what the stand-ins last to the sample before; to the track's start where there is none."""
    stand_in = track.stand_in
    if stand_in is None or track.is_pcm:
        return track
    composition = track.composition_offset
    real = np.flatnonzero(~stand_in)
    ends = np.concatenate((real, [len(stand_in)]))
    times = np.concatenate(([0], np.cumsum(track.duration)))
    independent, partial, entries = track.is_independent, track.is_partial_sync, track.entries
    return replace(
        track,
        offset=track.offset[real],
        size=track.size[real],
        duration=np.diff(times[ends]),
        ranks=None,
        composition=composition[real],
        is_sync=track.is_sync[real],
        is_independent=None if independent is None else independent[real],
        is_partial_sync=None if partial is None else partial[real],
        entries=None if entries is None else entries[real],
        stand_in=None,
        lead=track.lead + (int(times[real[0]]) if len(real) else 0),
    )


def _pauses(
    tracks: Sequence[RescuedTrack],
    spent: Sequence[NDArray[np.float64]],
    gaps: Sequence[Gap],
    common: NDArray[np.float64],
) -> list[Pause]:
    """Say of each gap when it is and how long, by the track that tells it best: pictures, else the longest track."""
    order = sorted(range(len(tracks)), key=lambda i: (tracks[i].profile.kind != "video", -tracks[i].sample_count))
    moving = [i for i in order if tracks[i].sample_count > 1]
    if not moving:
        return [Pause() for _ in gaps]
    track, mine = tracks[moving[0]], spent[moving[0]]
    times = np.concatenate(([0], np.cumsum(track.sample_ticks))) / track.profile.track.timescale
    starts = np.array([gap.offset for gap in gaps], dtype=np.int64)
    at = times[np.searchsorted(track.offset, starts)]
    closed = np.concatenate(([0.0], np.cumsum(common)))[:-1]
    ends = int(track.offset[-1]) if len(track.offset) else 0
    return [
        Pause(float(when - before), float(lost) if gap.offset < ends else None, closed=float(out))
        for gap, when, before, lost, out in zip(gaps, at, closed, mine, common, strict=True)
    ]
