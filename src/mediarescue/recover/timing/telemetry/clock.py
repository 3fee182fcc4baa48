"""Find the clock in a reference's metadata, by proof, and read it in a recording that has no index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.timing.telemetry import FORMATS
from mediarescue.recover.timing.telemetry.form import Column, Read, StampFormat, Stamps
from mediarescue.recover.timing.telemetry.pairing import commonest_lead, run_leads
from mediarescue.recover.window import MediaWindow

Int64Array = NDArray[np.int64]

_FEWEST = 8
"""Pairs of stamp and picture below which a number may rise like a clock by chance."""
_LEARNED = 600
_LEARNED_BYTES = 1 << 20
_LARGEST_SAMPLE = 1 << 16
_SHIFTS = (0, -1, 1, -2, 2)
"""By how many samples the metadata may begin before or behind the pictures."""
_AHEAD = 60
"""Pictures by which one track may run ahead of the other where a film is cut: writers interleave by a second."""
_STEADY = 0.05
_UNLIKELY = 4
_SLACK = 1.1
_DRIFT = 2e-5
"""Two clocks of one device part by some millionths."""
_SPOILED = 0.2
_LONGEST_STEP = 3600.0
_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class TelemetryClock:
    """A number in a metadata track that tells when the pictures of a video track were taken.

    Attributes
    ----------
    metadata, video : int
        Indices of the two tracks in the reference.
    format : StampFormat
    key : str
        Which number of the sample.
    unit : float
        Seconds it counts in.
    shift : int
        Sample ``k + shift`` of the metadata belongs to picture ``k`` (in the order they are shown).
    phase : float
        What is added to the ticks since the first stamp before the fraction is dropped, as the camera does.
    error : float
        Largest difference from the reference's own times in seconds; 0 where every time comes out to the tick.
    ahead : int or None
        By how many samples the pictures are ahead where a run of metadata ends in the file, mostly; None where that
        varies. It tells which stamp is whose behind a gap.
    size : int
        Bytes of the samples that have that layout; 0 for all.
    assumed : bool
        Whether the layout is a documented one that the reference cannot prove, as it has no samples of the track.
    """

    metadata: int
    video: int
    format: StampFormat
    key: str
    unit: float
    shift: int
    phase: float
    error: float
    ahead: int | None = None
    size: int = 0
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class _Documented:
    """A layout that is known: codec, what its sample entry names, and where the stamps stand."""

    codec: bytes
    name: bytes
    format: int
    key: str
    unit: float
    size: int = 0


_DOCUMENTED = (
    _Documented(b"mebx", b"com.apple.quicktime.live-photo-info", 0, "u64<@112", 1e-9, 144),
    _Documented(b"mett", b"application/microvideo-meta-stream", 1, "5", 1e-6),
)


def learn_telemetry(tracks: Sequence[TrackProfile], reference: MediaWindow) -> tuple[TelemetryClock, ...]:
    """Find, for each video track, the number in a metadata track that agrees with the reference's own times.

    Parameters
    ----------
    tracks : sequence of TrackProfile
    reference : MediaWindow
        The reference's bytes.

    Notes
    -----
    No layout is taken on trust: a number counts as a clock where it stays within a tick of all the decode times
    the reference has. So also the stamps of cameras nobody has described are found, and a known layout that a
    firmware changed is not misread.
    """
    videos = [t for t in tracks if t.kind == "video" and t.samples is not None and len(t.samples) >= _FEWEST]
    found: dict[int, TelemetryClock] = {}
    for meta in tracks:
        if meta.kind in ("video", "audio") or meta.samples is None:
            continue
        if len(meta.samples) < _FEWEST:
            assumed = _assumed(meta, videos)
            if assumed is not None:
                found.setdefault(assumed.video, assumed)
            continue
        near = [t for t in videos if t.samples is not None and _once_a_frame(len(t.samples), len(meta.samples))]
        if not near or int(meta.samples.size.max()) > _LARGEST_SAMPLE:
            continue
        count = max(min(_LEARNED, _LEARNED_BYTES // max(int(meta.samples.size.max()), 1)), _FEWEST)
        places = zip(meta.samples.offset[:count].tolist(), meta.samples.size[:count].tolist(), strict=True)
        samples = [reference.peek(offset, size) for offset, size in places]
        for form in FORMATS:
            for column in form.columns(samples):
                for video in near:
                    clock = _fitted(form, column, meta, video)
                    best = found.get(video.index)
                    if clock is not None and (best is None or clock.error < best.error):
                        found[video.index] = clock
    return tuple(found.values())


def _assumed(meta: TrackProfile, videos: Sequence[TrackProfile]) -> TelemetryClock | None:
    """Return the documented clock of a track of which the reference has too few samples, None where there is none."""
    entries = meta.track.sample_entries
    main = max(videos, key=lambda t: t.sample_count, default=None)
    for known in _DOCUMENTED if entries and main is not None else ():
        if meta.codec == known.codec and known.name in entries[meta.entry].box.payload and main is not None:
            form, tick = FORMATS[known.format], 1 / main.track.timescale
            return TelemetryClock(
                meta.index, main.index, form, known.key, known.unit, 0, 0.5, tick, None, known.size, True
            )
    return None


def _once_a_frame(pictures: int, stamps: int) -> bool:
    """Whether a track may have one sample a picture; a film that was cut lacks some of one of them at its end."""
    return abs(pictures - stamps) <= max(_AHEAD, pictures // 50) and stamps > pictures // 2


def _fitted(form: StampFormat, column: Column, meta: TrackProfile, video: TrackProfile) -> TelemetryClock | None:
    """Return the clock that a column is for a video track, None where it is none."""
    assert video.samples is not None
    assert meta.samples is not None
    timescale = video.track.timescale
    times = np.cumsum(video.samples.duration) - video.samples.duration
    beside = (np.cumsum(meta.samples.duration) - meta.samples.duration) * (timescale / meta.track.timescale)
    best: tuple[float, float, float, int, float] | None = None
    for unit in _units(column, timescale, meta.track.timescale):
        resolution = unit * timescale if column.whole else 0.0
        if not 0.5 < column.values[-1] * unit * timescale / max(int(times[-1]), 1) < 2:
            continue
        for shift in _SHIFTS:
            pictures, stamps = max(0, -shift), max(0, shift)
            count = min(len(times) - pictures, len(column.values) - stamps)
            if count < _FEWEST:
                continue
            own = times[pictures : pictures + count] - times[pictures]
            told = (column.values[stamps : stamps + count] - column.values[stamps]) * (unit * timescale)
            apart = told - own
            if float(apart.max() - apart.min()) > _SLACK * (1 + resolution) + _DRIFT * float(own[-1]):
                continue
            worst, phase = _phase(told, own)
            # where the stamps fit either way, the two tracks' own times say which belong together
            astray = float(np.abs(beside[stamps : stamps + count] - times[pictures : pictures + count]).mean())
            if best is None or (worst, round(astray)) < best[:2]:
                best = (worst, round(astray), unit, shift, phase)
    if best is None:
        return None
    worst, _, unit, shift, phase = best
    ahead = commonest_lead(run_leads(video.samples.offset, meta.samples.offset, meta.samples.size))
    return TelemetryClock(meta.index, video.index, form, column.key, unit, shift, phase, worst / timescale, ahead)


def _units(column: Column, *timescales: int) -> list[float]:
    return [*((1e-9, 1e-6, 1e-3) if column.whole else (1e-3,)), 1.0, *sorted({1.0 / ticks for ticks in timescales})]


def _phase(told: Stamps, own: Int64Array) -> tuple[float, float]:
    """Return how far times rounded like the reference's are off at most, in ticks, and what rounds them so."""
    tried = (0.5, 0.0, 0.999, *np.arange(0.05, 1.0, 0.05).tolist())
    return min(((float(np.abs(np.floor(told + phase) - own).max()), phase) for phase in tried), key=lambda it: it[0])


def stamp_seconds(clock: TelemetryClock, offset: Int64Array, size: Int64Array, read: Read) -> Stamps | None:
    """Return when each sample of the metadata was stamped, float64 (n,) in seconds from the first stamp.

    Parameters
    ----------
    clock : TelemetryClock
    offset, size : int64 (n,)
        The metadata's samples in the file's order; those of size 0 stand for lost ones.
    read : callable
        ``(offset, size)`` -> bytes of the broken file.

    Returns
    -------
    float64 (n,) or None
        NaN where a stamp is missing or spoiled; the rest rises, over gaps too. None where too little is left.
    """
    if clock.size:
        size = np.where(size == clock.size, size, 0)
    values = clock.format.read(_samples(offset, size, read), clock.key) * clock.unit
    good = np.flatnonzero(np.isfinite(values))
    if len(good) < 2:
        return None
    near = values[good]
    if len(near) >= _NEIGHBOURS:
        padded = np.pad(near, _NEIGHBOURS // 2, mode="edge")
        middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, _NEIGHBOURS), axis=1)
        good, near = good[np.abs(near - middle) < _LONGEST_STEP], near[np.abs(near - middle) < _LONGEST_STEP]
    rising = near > np.concatenate(([-np.inf], np.maximum.accumulate(near)[:-1]))
    out = np.full(len(values), np.nan)
    out[good[rising]] = near[rising]
    there = int((size > 0).sum())
    return out if there - int(rising.sum()) <= _SPOILED * there else None


def _samples(offset: Int64Array, size: Int64Array, read: Read) -> Iterator[bytes]:
    for place, count in zip(offset.tolist(), size.tolist(), strict=True):
        yield read(place, count) if 0 < count <= _LARGEST_SAMPLE else b""


def durations_by_stamps(
    clock: TelemetryClock, stamps: Stamps, owner: Int64Array, usual: Int64Array, timescale: int
) -> Int64Array | None:
    """Return a video track's durations in ticks by the stamps beside it, int64 (n,); None where none belongs to it.

    Parameters
    ----------
    clock : TelemetryClock
    stamps : float64 (m,)
        As of `stamp_seconds`.
    owner : int64 (m,)
        Which picture each stamp belongs to, rising (`paired`).
    usual : int64 (n,)
        Durations by the reference: used before the first stamp and behind the last one.
    timescale : int
    """
    count = len(usual)
    there = np.isfinite(stamps) & (owner >= 0) & (owner < count)
    there &= np.diff(owner, append=np.inf) > 0
    if int(there.sum()) < 2:
        return None
    index, seconds = owner[there], stamps[there]
    if clock.assumed and not _plausible(index, seconds, usual, timescale):
        return None
    index, seconds = _carried_on(index, seconds, count)
    ticks = np.floor((seconds - seconds[0]) * timescale + clock.phase).astype(np.int64)
    return by_known_times(index, ticks, usual)


def _plausible(index: Int64Array, seconds: Stamps, usual: Int64Array, timescale: int) -> bool:
    """Whether stamps of an unproved layout advance about as the reference's pictures do."""
    step, expected = float(np.median(np.diff(seconds) / np.diff(index))), float(np.median(usual)) / timescale
    return len(index) >= _FEWEST and expected / _UNLIKELY < step < expected * _UNLIKELY


def _carried_on(index: Int64Array, seconds: Stamps, count: int) -> tuple[Int64Array, Stamps]:
    """Carry a steady rate on to pictures before the first stamp and behind the last one; an unsteady one stays."""
    steps = np.diff(seconds) / np.diff(index)
    usual = float(np.median(steps))
    if len(steps) < _FEWEST or float(np.abs(steps - usual).max()) > _STEADY * usual:
        return index, seconds
    mean = float((seconds[-1] - seconds[0]) / (index[-1] - index[0]))
    before, behind = np.arange(index[0]), np.arange(index[-1] + 1, count)
    earlier, later = seconds[0] - (index[0] - before) * mean, seconds[-1] + (behind - index[-1]) * mean
    return np.concatenate((before, index, behind)), np.concatenate((earlier, seconds, later))


def by_known_times(index: Int64Array, ticks: Int64Array, usual: Int64Array) -> Int64Array:
    """Return durations, int64 (n,), that pass through known times at some samples; ``usual`` elsewhere.

    Between two known times the usual durations are stretched; 0 is never longer than it must be.
    """
    course = np.concatenate(([0], np.cumsum(usual))).astype(np.float64)
    every = np.arange(len(usual) + 1)
    if course[-1] <= 0:
        course = every.astype(np.float64)
    known = course[index]
    times = np.interp(course, known, ticks.astype(np.float64))
    before, behind = every < index[0], every > index[-1]
    times[before] = ticks[0] - (known[0] - course[before])
    times[behind] = ticks[-1] + (course[behind] - known[-1])
    whole = np.floor(times - times[0] + 0.5).astype(np.int64)
    return np.asarray(np.maximum(np.diff(whole), 0), dtype=np.int64)
