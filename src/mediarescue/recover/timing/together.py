"""Times of one track by another's: an index found in the media data, the sound beside the pictures, a twin track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.hidden import HiddenTimes
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.runs import run_starts
from mediarescue.recover.timing.audio_clock import (
    TrackTimes,
    chunk_lags,
    disagreement,
    durations_by_interleave,
    learn_interleave,
    scale_by_interleave,
    total_by_audio,
    within_audio,
)
from mediarescue.recover.timing.chunk_grid import durations_by_grid, learn_grid
from mediarescue.recover.timing.decode import learn_clock, rescale
from mediarescue.recover.timing.telemetry.clock import (
    TelemetryClock,
    by_known_times,
    durations_by_stamps,
    stamp_seconds,
)
from mediarescue.recover.timing.telemetry.exposure import ExposureClock, exposure_durations
from mediarescue.recover.timing.telemetry.form import Read
from mediarescue.recover.timing.telemetry.pairing import paired
from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]
_TRUSTED = (TimingSource.BITSTREAM, TimingSource.INDEX, TimingSource.TELEMETRY, TimingSource.EXPOSURE)
_STRETCHED = 0.1
_BORNE_OUT = 0.9
_LONGEST_TAIL = 0.1
_ENOUGH_KNOWN = 8
_FEWEST_CHUNKS = 2
_CONTRADICTED = 0.4
"""Frames by which chunks stray further from the audio beside them than the reference's before its clock is doubted."""
_BETTER = 0.1
_AHEAD = 60
"""Samples by which one track may run ahead of the other where a film is cut: writers interleave by a second."""


def track_times(track: RescuedTrack | TrackProfile) -> TrackTimes:
    """Return byte positions and end times of a track's samples (of PCM: its chunks)."""
    if isinstance(track, RescuedTrack):
        profile, offset = track.profile, track.offset
        ticks = track.duration
        if profile.chunks is not None:
            ticks = profile.chunks.samples_in(track.size) * profile.chunks.delta
    else:
        profile = track
        if track.chunks is not None:
            offset, ticks = track.chunks.offset, track.chunks.sample_count * track.chunks.delta
        else:
            assert track.samples is not None
            offset, ticks = track.samples.offset, track.samples.duration
    begin = track.lead / profile.track.timescale if isinstance(track, RescuedTrack) else 0.0
    return TrackTimes(offset, begin + np.cumsum(ticks) / profile.track.timescale, begin)


def by_telemetry(
    tracks: Sequence[RescuedTrack], clocks: Sequence[TelemetryClock], gaps: Int64Array, read: Read
) -> list[RescuedTrack]:
    """Give video tracks the times that the camera stamped into their metadata.

    Parameters
    ----------
    tracks : sequence of RescuedTrack
    clocks : sequence of TelemetryClock
    gaps : int64 (k,)
        Where samples are lost.
    read : callable
        ``(offset, size)`` -> bytes of the broken file.
    """
    of = {track.profile.index: track for track in tracks}
    for clock in clocks:
        video, metadata = of.get(clock.video), of.get(clock.metadata)
        if video is None or metadata is None or video.source is TimingSource.BITSTREAM:
            continue
        stamps = stamp_seconds(clock, metadata.offset, metadata.size, read)
        timescale = video.profile.track.timescale
        if stamps is None:
            continue
        owner = paired(video.offset, metadata.offset, metadata.size, gaps, shift=clock.shift, ahead=clock.ahead)
        durations = durations_by_stamps(clock, stamps, owner, video.duration, timescale)
        if durations is not None:
            source = TimingSource.TELEMETRY
            of[clock.video] = replace(video, duration=durations, source=source, error=clock.error)
            if clock.assumed and len(metadata.duration) <= len(durations):
                ticks = metadata.profile.track.timescale / timescale
                own = np.round(np.cumsum(durations[: len(metadata.duration)]) * ticks).astype(np.int64)
                theirs = np.diff(own, prepend=0)
                of[clock.metadata] = replace(metadata, duration=theirs, source=source, error=clock.error)
    return list(of.values())


def by_exposure(
    tracks: Sequence[RescuedTrack], clock: ExposureClock | None, gaps: Int64Array, complete: bool, read: Read
) -> list[RescuedTrack]:
    """Give a video track the times that its frames' exposures make likely, and the length of the sound beside it."""
    of = {track.profile.index: track for track in tracks}
    video, metadata = (of.get(clock.video), of.get(clock.metadata)) if clock is not None else (None, None)
    if clock is None or video is None or metadata is None or video.source is TimingSource.TELEMETRY:
        return list(tracks)
    owner = paired(video.offset, metadata.offset, metadata.size, gaps, shift=0, ahead=None)
    timescale = video.profile.track.timescale
    durations = exposure_durations(clock, metadata.offset, metadata.size, owner, video.duration, timescale, read=read)
    if durations is None:
        return list(tracks)
    audio = max((t for t in tracks if t.profile.kind == "audio"), key=lambda t: t.seconds, default=None)
    total = None if audio is None or not complete else audio.seconds + _usual_tail(video.profile, audio.profile)
    if total is not None and abs(total * timescale - int(durations.sum())) < _STRETCHED * int(durations.sum()):
        durations = rescale(durations, round(total * timescale))
    of[clock.video] = replace(video, duration=durations, source=TimingSource.EXPOSURE, error=clock.error)
    return list(of.values())


def _usual_tail(video: TrackProfile, audio: TrackProfile) -> float:
    """Return by how many seconds the reference's video is longer than its audio; 0 where it was cut."""
    if not video.sample_count or not audio.sample_count:
        return 0.0
    tail = float(track_times(video).ends[-1] - track_times(audio).ends[-1])
    return tail if abs(tail) < _LONGEST_TAIL else 0.0


def by_index(track: RescuedTrack, known: HiddenTimes | None, *, damaged: bool = False) -> RescuedTrack:
    """Give a track the times of an index found in the media data; its clock goes on behind them.

    Parameters
    ----------
    track : RescuedTrack
    known : HiddenTimes or None
        What the index says of the track's first samples.
    damaged : bool
        Whether samples may be missing, so that only those have a time in the index that stand where it says.
    """
    if known is None or not len(track.duration):
        return track
    if damaged:
        return _by_places(track, known)
    count = min(len(known), len(track.duration))
    if count == len(track.duration):
        return replace(track, duration=known.duration[:count], source=TimingSource.INDEX, error=0.0)
    if track.source in (TimingSource.TELEMETRY, TimingSource.EXPOSURE):
        return replace(track, duration=np.concatenate((known.duration[:count], track.duration[count:])))
    if count < _ENOUGH_KNOWN:
        return track
    clock = learn_clock(known.duration, track.profile.track.timescale)
    durations = np.concatenate((known.duration, clock.durations(len(track.duration) - count)))
    mostly = 2 * count > len(track.duration)
    return replace(track, duration=durations, source=TimingSource.INDEX if mostly else clock.source)


def _by_places(track: RescuedTrack, known: HiddenTimes) -> RescuedTrack:
    """Give the samples that stand where an index says the times it says; what is between them fills the time."""
    order = np.argsort(known.offset, kind="stable")
    place = order[np.minimum(np.searchsorted(known.offset[order], track.offset), len(order) - 1)]
    there = (known.offset[place] == track.offset) & (track.size > 0)
    listed = (track.offset >= known.offset.min()) & (track.offset <= known.offset.max()) & (track.size > 0)
    index = np.flatnonzero(there)
    if len(index) < max(_ENOUGH_KNOWN, _BORNE_OUT * int(listed.sum())) or (np.diff(place[there]) <= 0).any():
        return track
    times = np.cumsum(known.duration) - known.duration
    durations = by_known_times(index, times[place[there]] - times[place[index[0]]], track.duration)
    if there[-1]:
        durations[-1] = known.duration[place[-1]]
    mostly = 2 * len(index) > len(track.duration)
    source = TimingSource.INDEX if mostly else track.source
    return replace(track, duration=durations, source=source, error=0.0 if there.all() else track.error)


def on_the_audio_clock(tracks: list[RescuedTrack], complete: bool) -> list[RescuedTrack]:
    """Hold video against the audio interleaved with it; what agrees stays as it is."""
    heard = [t for t in tracks if t.profile.kind == "audio" and t.source is not TimingSource.GUESSED]
    audio = max(heard, key=lambda t: t.seconds, default=None)
    videos = [track for track in tracks if track.profile.kind == "video" and len(track.duration)]
    if audio is None:
        return tracks
    held = {}
    for track in videos:
        if track.source in _TRUSTED:
            continue
        if track.stand_in is not None and track.source is not TimingSource.GUESSED:
            continue  # chunks that damage has torn lie elsewhere beside the sound than whole ones
        if track.profile.sample_count and audio.profile.sample_count:
            held_to = _beside_audio(audio, track, complete)
        elif complete and len(videos) == 1 and track.source is TimingSource.GUESSED:
            held_to = _rescaled(track, round(audio.seconds * track.profile.track.timescale))
        else:
            continue
        if held_to is not None:
            held[track.profile.index] = held_to
    return [held.get(track.profile.index, track) for track in tracks]


def _beside_audio(audio: RescuedTrack, track: RescuedTrack, complete: bool) -> RescuedTrack | None:
    """Return a video track with times by the audio beside it where that contradicts the reference's, else None."""
    samples, timescale = track.profile.samples, track.profile.track.timescale
    assert samples is not None
    reference_audio, rescued_audio, reference_video = (
        track_times(audio.profile),
        track_times(audio),
        track_times(track.profile),
    )
    lags = chunk_lags(reference_video, run_starts(samples.offset, samples.size), reference_audio)
    starts = run_starts(track.offset, track.size)
    fitted = _by_interleave(audio, track, complete)
    if fitted is not None:
        return fitted
    last = starts[-1:]
    before = float(track.duration[: int(last[0])].sum()) / timescale
    scale = scale_by_interleave(lags, float(chunk_lags(track_times(track), last, rescued_audio)[0]), before)
    if scale is None and track.source is not TimingSource.GUESSED:
        return None  # the last picture chunk stands where the reference's would: only the end of a track is missing
    if not complete:
        return None if scale is None else _rescaled(track, round(track.duration_ticks * scale))
    ahead = track.profile.start_seconds - audio.profile.start_seconds
    total = total_by_audio(
        track.seconds,
        audio.seconds - ahead,
        reference_video=float(reference_video.ends[-1]),
        reference_audio=float(reference_audio.ends[-1]) - ahead,
    )
    return None if total is None else _rescaled(track, round(total * timescale))


def _rescaled(track: RescuedTrack, total: int) -> RescuedTrack:
    return replace(track, duration=rescale(track.duration, total), source=TimingSource.AUDIO_CLOCK, error=None)


def _by_interleave(audio: RescuedTrack, track: RescuedTrack, complete: bool) -> RescuedTrack | None:
    """Return a video track with times by the rule that its writer interleaves by; None where its clock fits as well.

    Notes
    -----
    The rules are learned from the reference. Which of them is right here, or whether the reference's clock is, the
    audio tells: with the true times all chunks are ahead of the audio beside them by the same time.
    """
    samples, timescale = track.profile.samples, track.profile.track.timescale
    assert samples is not None
    theirs, starts = run_starts(samples.offset, samples.size), run_starts(track.offset, track.size)
    their_audio, our_audio, count = track_times(audio.profile), track_times(audio), len(track.offset)
    their_chunks = within_audio(samples.offset, theirs, their_audio)
    chunks = within_audio(track.offset, starts, our_audio)
    if len(chunks) < _FEWEST_CHUNKS or len(their_chunks) < _FEWEST_CHUNKS:
        return None
    lags = chunk_lags(track_times(track.profile), their_chunks, their_audio)
    frame = float(np.median(samples.duration)) / timescale
    guessed = track.source is TimingSource.GUESSED

    def strays(durations: Int64Array) -> float:
        return disagreement(chunk_lags(track_times(replace(track, duration=durations)), chunks, our_audio))

    now, usual = strays(track.duration), disagreement(lags)
    bound = usual + (_BETTER if guessed else _CONTRADICTED) * frame
    if not guessed and now <= max(bound, 2 * usual):
        return None
    tried: list[tuple[Int64Array, float]] = []
    grid = learn_grid(samples.duration, theirs, timescale)
    if grid is not None:
        total = None
        if complete:
            ahead = track.profile.start_seconds - audio.profile.start_seconds
            total = (audio.seconds - ahead + _usual_tail(track.profile, audio.profile)) * timescale
        by_grid = durations_by_grid(grid, starts, count, total)
        apart = chunk_lags(track_times(replace(track, duration=by_grid)), chunks, our_audio)
        tried.append((_within(by_grid, chunks, apart, lags, timescale), grid.error / timescale))
    clock = learn_interleave(lags)
    fit = durations_by_interleave(clock, track.offset, chunks, our_audio, timescale, float(np.median(track.duration)))
    if fit is not None:
        tried.append((fit, clock.spread))
    # a fit to the lags makes them alike whatever they are, so a rule that does it too is the better witness
    better = [(durations, error) for durations, error in tried if strays(durations) < max(bound, (now + usual) / 2)]
    if not better:
        return None
    durations, error = better[0]
    return replace(track, duration=durations, source=TimingSource.AUDIO_CLOCK, error=max(error, usual))


def _within(
    durations: Int64Array, chunks: Int64Array, apart: NDArray[np.float64], usual: NDArray[np.float64], timescale: int
) -> Int64Array:
    """Return durations by which no chunk strays further from the sound beside it than the reference's do.

    A rule for the length of chunks is wrong by a little in each, and that adds up.
    """
    middle, ours = float(np.median(usual)), float(np.median(apart))
    bound = float(np.abs(usual - middle).max())
    too_far = apart - ours - np.clip(apart - ours, -bound, bound)
    if not too_far.any():
        return durations
    times = (np.cumsum(durations) - durations)[chunks] - np.round(too_far * timescale).astype(np.int64)
    return by_known_times(chunks, np.maximum.accumulate(times), durations)


def like_its_twin(track: RescuedTrack, tracks: Sequence[RescuedTrack]) -> RescuedTrack:
    """Give metadata that comes once a frame the frames' own times, and what lasts the whole film its duration."""
    profile = track.profile
    if profile.kind in ("video", "audio") or profile.samples is None or not len(track.duration):
        return track
    if track.source is TimingSource.INDEX:
        return track
    timescale = profile.track.timescale
    longest = max((t.seconds for t in tracks if t.profile.kind in ("video", "audio")), default=0.0)
    if len(profile.samples) == 1 and len(track.duration) == 1:
        spanning = int(profile.samples.duration[0]) > 1
        ticks = round(longest * timescale) if spanning and longest else int(profile.samples.duration[0])
        return replace(track, duration=np.array([ticks], dtype=np.int64), source=TimingSource.CONSTANT)
    for twin in tracks:
        theirs = twin.profile.samples
        if twin.profile.kind != "video" or theirs is None or twin.profile.track.timescale != timescale:
            continue
        count = min(len(theirs), len(profile.samples)) - 1
        apart = abs(len(theirs) - len(profile.samples))
        alike = apart <= 1 or (apart <= _AHEAD and count >= _ENOUGH_KNOWN)
        alike = alike and np.array_equal(theirs.duration[:count], profile.samples.duration[:count])
        if alike and abs(len(twin.duration) - len(track.duration)) <= _AHEAD:
            common = min(len(twin.duration), len(track.duration))
            durations = track.duration.copy()
            durations[:common] = twin.duration[:common]
            return replace(track, duration=durations, source=twin.source, error=twin.error)
    return track
