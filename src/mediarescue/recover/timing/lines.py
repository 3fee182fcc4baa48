"""A track as a line through the file: which of its samples stands where, when, and how large those near it are."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.runs import run_starts

Int64Array = NDArray[np.int64]
Seconds = NDArray[np.float64]
_REGULAR = 0.9
_NEAR = 150
"""Samples on each side of a gap by whose bytes the lost ones are judged."""


class Line:
    """Where a track's samples lie in the file, and when.

    Parameters
    ----------
    profile : TrackProfile
    offset, size : int64 (n,)
        Of PCM: chunks.
    ticks : int64 (n,)
        What each lasts.
    """

    def __init__(self, profile: TrackProfile, offset: Int64Array, size: Int64Array, ticks: Int64Array) -> None:
        self.profile = profile
        self.offset, self.size = offset, size.astype(np.int64)
        timescale = profile.track.timescale
        if profile.chunks is not None:
            self.ticks = float(profile.chunks.delta * profile.chunks.packet_samples)
        else:
            body = ticks[1:-1] if len(ticks) > 3 else ticks
            self.ticks = max(float(body.mean()), 1e-3) if len(body) else 1.0
        self.step = self.ticks / timescale
        self._ends = np.concatenate(([0.0], np.cumsum(ticks) / timescale))
        self._longer: list[tuple[int, float]] = []

    @property
    def kind(self) -> str:
        """Of the track: ``video``, ``audio``, ..."""
        return self.profile.kind

    @cached_property
    def starts(self) -> Int64Array:
        """Byte position of each run of samples."""
        return self.offset[run_starts(self.offset, self.size)]

    @cached_property
    def runs(self) -> Int64Array:
        """Samples of each run, int64 (runs,)."""
        return np.diff(run_starts(self.offset, self.size), append=len(self.offset))

    @cached_property
    def bytes(self) -> int:
        """Bytes of all samples."""
        return int(self.size.sum())

    def index(self, position: int) -> int:
        """Return the index of the first sample at or behind a byte position."""
        return int(np.searchsorted(self.offset, position))

    def bounds(self, low: int, at: int, high: int) -> tuple[int, int, int]:
        """Return the indices of three byte positions."""
        return self.index(low), self.index(at), self.index(high)

    def is_across(self, start: int, stop: int) -> bool:
        """Whether it has samples on both sides."""
        return self.index(start) > 0 and self.index(stop) < len(self.offset)

    def begins_behind(self, start: int, stop: int) -> bool:
        """Whether it has samples behind, but none in front."""
        return self.index(start) == 0 and self.index(stop) < len(self.offset)

    @cached_property
    def byte_rate(self) -> float:
        """Bytes a second."""
        return self.bytes / max(float(self._ends[-1]), self.step)

    def lengthen(self, position: int, seconds: float) -> None:
        """Let all from a byte position on come later."""
        self._longer.append((position, seconds))

    def time_at(self, position: int) -> float:
        """Return when the samples in front of a byte position end, in seconds."""
        return float(self.times(np.array([position], dtype=np.int64))[0])

    def times(self, position: Int64Array) -> Seconds:
        """Return when the samples in front of each byte position end, in seconds."""
        out = self._ends[np.searchsorted(self.offset, position)]
        if self._longer:
            places, seconds = zip(*self._longer, strict=True)
            out = out + np.concatenate(([0.0], np.cumsum(seconds)))[np.searchsorted(places, position, side="right")]
        return np.asarray(out, dtype=np.float64)

    def lags(self, other: Line, low: int, high: int, *, last: int) -> tuple[Seconds, Seconds]:
        """Return this line's time minus the other's at both tracks' chunks in ``[low, high)``.

        ``last`` chunks of them at most: the last ones, the first ones where it is negative.
        """
        found = []
        for starts in (self.starts, other.starts):
            inside = starts[np.searchsorted(starts, low) : np.searchsorted(starts, high)]
            inside = inside[-last:] if last > 0 else inside[:-last]
            found.append(self.times(inside) - other.times(inside))
        return found[0], found[1]

    def near(self, position: int) -> slice:
        """Return the samples around a byte position."""
        at = self.index(position)
        return slice(max(at - _NEAR, 0), at + _NEAR)

    def sample_bytes(self, position: int) -> float:
        """Return the mean bytes of the samples around a byte position; of PCM, those of the smallest piece."""
        if self.profile.chunks is not None:
            return float(self.profile.chunks.block)
        return float(self.size[self.near(position)].mean())


class TrackLine(Line):
    """The line of a rescued track."""

    def __init__(self, track: RescuedTrack) -> None:
        ticks = track.duration
        if track.profile.chunks is not None:
            ticks = track.profile.chunks.samples_in(track.size) * track.profile.chunks.delta
        super().__init__(track.profile, track.offset, track.size, ticks)
        self.track = track
        self.breaks: list[int] = []

    @cached_property
    def reference(self) -> Line:
        """The line of the reference's track."""
        return _reference_line(self.profile)

    @cached_property
    def usual_run(self) -> int:
        """Samples of a long run, of this track's and the reference's."""
        return int(np.percentile(np.concatenate((self.runs, self.reference.runs)), 90))

    def run_around(self, start: int, stop: int) -> int:
        """Return the samples that touch ``[start, stop)`` on both sides; 0 where one side is another track's."""
        first = run_starts(self.offset, self.size)
        before, after = self.index(start), self.index(stop)
        if int(self.offset[before - 1] + self.size[before - 1]) != start or int(self.offset[after]) != stop:
            return 0
        place = int(np.searchsorted(first, after))
        end = int(first[place + 1]) if place + 1 < len(first) else len(self.offset)
        return end - int(first[np.searchsorted(first, before - 1, side="right") - 1]) - (after - before)

    @cached_property
    def distances(self) -> Int64Array:
        """Distances of sync samples with nothing missing between: of this track, and of the reference's."""
        samples = self.profile.samples
        found = [] if samples is None else [np.diff(np.flatnonzero(samples.is_sync))]
        return np.concatenate((*found, self._apart(self.track.is_sync))).astype(np.int64)

    @cached_property
    def restarts_apart(self) -> Int64Array:
        """Distances of pictures at which the counter restarts, with nothing missing between."""
        counter = self.track.counter
        if counter is None:
            return np.zeros(0, dtype=np.int64)
        alike = np.array_equal(counter.restarts, self.track.is_sync)
        return self.distances if alike else self._apart(counter.restarts)

    def _apart(self, marked: NDArray[np.bool_]) -> Int64Array:
        places = np.flatnonzero(marked)
        part = np.searchsorted(self.breaks, places, side="right")
        return np.asarray(np.diff(places)[np.diff(part) == 0], dtype=np.int64)

    @cached_property
    def usual_distance(self) -> int:
        """The commonest distance of sync samples; 1 where there is none."""
        told = self.kind == "video" and len(self.distances) and not self.track.sync_period
        return int(np.bincount(self.distances).argmax()) if told else 1

    @cached_property
    def is_regular(self) -> bool:
        """Whether sync samples come at one distance, give or take one."""
        return len(self.distances) < 2 or float((np.abs(self.distances - self.usual_distance) <= 1).mean()) >= _REGULAR

    def key_bytes(self, at: int) -> tuple[float, float]:
        """Return the mean bytes of sync samples and of others around an index; 0 where there are none."""
        near = slice(max(at - _NEAR, 0), at + _NEAR)
        size, sync = self.size[near], self.track.is_sync[near]
        if not sync.any() or sync.all():
            return 0.0, float(size.mean())
        return float(size[sync].mean()), float(size[~sync].mean())

    def size_scatter(self, position: int) -> float:
        """Return how far the bytes of one sample stray around a byte position."""
        if self.profile.chunks is not None:
            return 0.0
        near = self.near(position)
        size, sync = self.size[near], self.track.is_sync[near]
        size = size[~sync] if not sync.all() else size
        return float(size.std())


def _reference_line(profile: TrackProfile) -> Line:
    """Return the line of a reference's track."""
    offset, size, _ = profile.runs()
    if profile.chunks is not None:
        return Line(profile, offset, size, profile.chunks.sample_count * profile.chunks.delta)
    assert profile.samples is not None
    return Line(profile, profile.samples.offset, profile.samples.size, profile.samples.duration)
