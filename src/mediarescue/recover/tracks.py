"""From the samples of a family to finished tracks: whose they are, when they are decoded and shown, which are sync."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.aac import parse_audio_specific_config
from mediarescue.bitstream.columns import SyncKind
from mediarescue.recover.assign import assign_by_decoding, assign_by_interleave, split_constant_runs
from mediarescue.recover.candidate import FamilySamples, Segmentation
from mediarescue.recover.codecs.aac import decoder_config, window_sequence_cost
from mediarescue.recover.codecs.nal_video import NalVideoMatcher, own_configuration
from mediarescue.recover.families import Families, Family
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.timing.audio_clock import (
    TrackTimes,
    durations_by_interleave,
    learn_interleave,
    run_starts,
    expected_total,
)
from mediarescue.recover.timing.composition import learn_shift, offsets_without_shift
from mediarescue.recover.timing.decode import DecodeClock, learn_clock, rescale
from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]
DecodeProbe = Callable[[TrackProfile, bytes], float | None]
"""Which part of a sync sample's picture decodes with a track's parameter sets, 0 to 1; None where nobody can tell."""


@dataclass(frozen=True, slots=True)
class RescuedTrack:
    """One track of the rescued film.

    Attributes
    ----------
    profile : TrackProfile
    offset, size : int64 (n,)
        Samples; of constant-size audio the chunks.
    duration : int64 (n,)
        Ticks; empty for constant-size audio, whose samples last one tick each.
    ranks : int64 (n,) or None
        Place of each sample in the order of output; None where that is the decode order.
    shift : int
        Composition minus decode time of a picture shown in its place of the decode order.
    is_sync : bool (n,)
    source : TimingSource
    """

    profile: TrackProfile
    offset: Int64Array
    size: Int64Array
    duration: Int64Array
    ranks: Int64Array | None
    shift: int
    is_sync: NDArray[np.bool_]
    source: TimingSource
    note: str = ""

    @property
    def composition_offset(self) -> Int64Array:
        """Composition minus decode time of each sample in ticks, int64 (n,)."""
        if self.ranks is None:
            return np.full(len(self.duration), self.shift, dtype=np.int64)
        return offsets_without_shift(self.ranks, self.duration) + self.shift

    @property
    def is_pcm(self) -> bool:
        """Whether this is constant-size audio, kept by chunks."""
        return self.profile.chunks is not None

    @property
    def sample_count(self) -> int:
        """Samples in all."""
        if self.profile.chunks is not None:
            return int(self.size.sum()) // self.profile.chunks.sample_size
        return len(self.size)

    @property
    def duration_ticks(self) -> int:
        """Ticks of the track's clock."""
        return self.sample_count if self.is_pcm else int(self.duration.sum())

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.duration_ticks / self.profile.track.timescale


def build_tracks(
    families: Families, segmentation: Segmentation, *, read: Callable[[int, int], bytes], probe: DecodeProbe | None
) -> list[RescuedTrack]:
    """Return the rescued tracks that have samples, in the reference's order.

    Parameters
    ----------
    read : callable
        ``(offset, size)`` -> bytes of the broken file.
    probe : callable or None
        Tells video tracks of one codec apart.
    """
    complete = not any(gap.reason.startswith("the last sample") for gap in segmentation.gaps)
    tracks = []
    for family in families.families:
        samples = segmentation.samples[family.index]
        if not len(samples.size):
            continue
        for track, part in _shared_out(family, samples, read, probe, complete):
            if len(part.offset):
                tracks.append(_timed(family, track, part))
    tracks = _on_the_audio_clock(tracks, complete)
    tracks = [_like_its_twin(track, tracks) for track in tracks]
    return sorted(tracks, key=lambda track: track.profile.index)


@dataclass(frozen=True, slots=True)
class _Part:
    offset: Int64Array
    size: Int64Array
    rows: NDArray[np.int32] | None


def _shared_out(
    family: Family,
    samples: FamilySamples,
    read: Callable[[int, int], bytes],
    probe: DecodeProbe | None,
    complete: bool,
) -> list[tuple[TrackProfile, _Part]]:
    tracks = family.tracks
    if tracks[0].chunks is not None:
        if len(tracks) == 1:
            return [(tracks[0], _Part(samples.run_offset, samples.size.astype(np.int64), None))]
        shares = split_constant_runs(tracks, samples)
        return [(track, _Part(*share, None)) for track, share in zip(tracks, shares, strict=True)]
    whole = _Part(samples.offset, samples.size.astype(np.int64), samples.rows)
    if len(tracks) == 1:
        return [(tracks[0], whole)]
    if isinstance(family.matcher, NalVideoMatcher):
        places = _by_picture(family, samples, read, probe)
    else:
        places = assign_by_interleave(tracks, samples, row_cost=window_sequence_cost, complete=complete)
    return [
        (
            track,
            _Part(whole.offset[mine], whole.size[mine], whole.rows[mine] if whole.rows is not None else None),
        )
        for place, track in enumerate(tracks)
        for mine in [places == place]
    ]


def _by_picture(
    family: Family, samples: FamilySamples, read: Callable[[int, int], bytes], probe: DecodeProbe | None
) -> NDArray[np.int16]:
    tracks, matcher = family.tracks, family.matcher
    assert isinstance(matcher, NalVideoMatcher)
    configurations = {own_configuration(track) for track in tracks}
    if probe is None or len(configurations) == 1:
        return assign_by_interleave(tracks, samples, row_cost=None, complete=False)
    assert samples.rows is not None
    idr = (matcher.scanner.sync_kinds(samples.rows.astype(np.int64)) & int(SyncKind.IRAP)) != 0
    return assign_by_decoding(
        samples, idr, lambda place, offset, size: probe(tracks[place], read(offset, size)) or 0.0, len(tracks)
    )


def _timed(family: Family, profile: TrackProfile, part: _Part) -> RescuedTrack:
    count = len(part.offset)
    empty = np.zeros(0, dtype=np.int64)
    if profile.chunks is not None:
        none = np.zeros(0, dtype=bool)
        return RescuedTrack(profile, part.offset, part.size, empty, None, 0, none, TimingSource.BITSTREAM)
    clock = reference_clock(profile)
    durations = clock.durations(count)
    ranks, shift, is_sync = None, 0, np.ones(count, dtype=bool)
    if isinstance(family.matcher, NalVideoMatcher) and part.rows is not None:
        is_sync = _sync_samples(profile, family.matcher, part.rows)
        ranks, shift = _display_order(profile, family.matcher, part.rows)
    source = clock.source
    if profile.sample_count == 1 and count == 1:
        source = TimingSource.CONSTANT
    return RescuedTrack(profile, part.offset, part.size, durations, ranks, shift, is_sync, source)


def reference_clock(profile: TrackProfile) -> DecodeClock:
    """Return the clock of one of the reference's tracks."""
    assert profile.samples is not None
    timescale = profile.track.timescale
    durations = profile.samples.duration
    if profile.codec == b"mp4a" and (asc := decoder_config(profile)) is not None:
        config = parse_audio_specific_config(asc)
        step = Fraction(config.frame_length * timescale, config.sampling_frequency)
        mean = float(durations[:-1].mean()) if len(durations) > 1 else float(step)
        if abs(mean - 2 * float(step)) < abs(mean - float(step)):  # the rate given is that of the SBR core
            step *= 2
        if len(durations) < 4 or abs(mean - float(step)) < 0.02 * float(step):
            return learn_clock(durations, timescale, bitstream_step=step)
    return learn_clock(durations, timescale)


def _reference_rows(profile: TrackProfile, matcher: NalVideoMatcher) -> NDArray[np.int64]:
    return matcher.learned_rows if matcher.learned_from is profile else matcher.learned_rows[:0]


def _sync_samples(profile: TrackProfile, matcher: NalVideoMatcher, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mark sync samples by the kinds of pictures the reference marks; IDR, IRAP and recovery points where unknown."""
    samples = profile.samples
    assert samples is not None
    kinds = matcher.scanner.sync_kinds(rows.astype(np.int64)) & int(
        SyncKind.IDR | SyncKind.IRAP | SyncKind.RECOVERY_POINT
    )
    learned = _reference_rows(profile, matcher)
    seen = matcher.scanner.sync_kinds(learned) & int(SyncKind.IDR | SyncKind.IRAP | SyncKind.RECOVERY_POINT)
    marked = samples.is_sync[: len(seen)]
    if len(marked) and marked.all() and not profile.has_table(b"stss"):
        return np.ones(len(rows), dtype=bool)
    verdict = {kind: bool(kind) for kind in range(8)}
    for kind in set(seen.tolist()):
        verdict[kind] = bool(marked[seen == kind].mean() > 0.5)
    return np.array([verdict[kind] for kind in range(8)], dtype=bool)[kinds]


def _display_order(
    profile: TrackProfile, matcher: NalVideoMatcher, rows: NDArray[np.int32]
) -> tuple[Int64Array | None, int]:
    """Return ranks by picture order (None for the decode order) and the reference's own shift."""
    samples = profile.samples
    assert samples is not None
    learned, shift = _reference_rows(profile, matcher), 0
    if len(learned):
        shift = learn_shift(samples.composition_offset, matcher.scanner.display_ranks(learned), samples.duration)
    ranks = matcher.scanner.display_ranks(rows.astype(np.int64))
    return (ranks if (ranks != np.arange(len(ranks))).any() else None), shift


def _times(track: RescuedTrack | TrackProfile) -> TrackTimes:
    """Return byte positions and end times of a track's samples (of PCM: its chunks)."""
    if isinstance(track, RescuedTrack):
        profile, offset = track.profile, track.offset
        ticks = track.size // profile.chunks.sample_size if profile.chunks is not None else track.duration
    else:
        profile = track
        if track.chunks is not None:
            offset, ticks = track.chunks.offset, track.chunks.sample_count
        else:
            assert track.samples is not None
            offset, ticks = track.samples.offset, track.samples.duration
    return TrackTimes(offset, np.cumsum(ticks) / profile.track.timescale)


def _on_the_audio_clock(tracks: list[RescuedTrack], complete: bool) -> list[RescuedTrack]:
    """Hold video against the audio interleaved with it."""
    audio = max((t for t in tracks if t.profile.kind == "audio"), key=lambda t: t.seconds, default=None)
    if audio is None or audio.profile.sample_count == 0:
        return tracks
    reference_audio, rescued_audio = _times(audio.profile), _times(audio)
    out = []
    for track in tracks:
        guessed = track.source in (TimingSource.GUESSED, TimingSource.PATTERN, TimingSource.CONSTANT)
        if track.profile.kind != "video" or not guessed or track.profile.samples is None:
            out.append(track)
            continue
        durations = None
        samples = track.profile.samples
        if track.source is TimingSource.GUESSED:
            interleave = learn_interleave(
                _times(track.profile), run_starts(samples.offset, samples.size), reference_audio
            )
            step = float(track.duration.mean()) if len(track.duration) else 1.0
            durations = durations_by_interleave(
                interleave,
                track.offset,
                run_starts(track.offset, track.size),
                rescued_audio,
                track.profile.track.timescale,
                step,
            )
        if durations is None:
            usual = float(_times(track.profile).ends[-1] - reference_audio.ends[-1]) if len(samples) else 0.0
            counts = np.diff(run_starts(track.offset, track.size), append=len(track.size))
            total = expected_total(
                track.seconds,
                audio.seconds,
                usual_difference=usual,
                run_seconds=float(counts.max()) * track.seconds / max(len(track.size), 1),
                complete=complete,
            )
            if total is not None:
                durations = rescale(track.duration, round(total * track.profile.track.timescale))
        if durations is None:
            out.append(track)
        else:
            out.append(replace(track, duration=durations, source=TimingSource.AUDIO_CLOCK))
    return out


def _like_its_twin(track: RescuedTrack, tracks: Sequence[RescuedTrack]) -> RescuedTrack:
    """Give metadata that comes once a frame the frames' own times, and what lasts the whole film its duration."""
    profile = track.profile
    if profile.kind in ("video", "audio") or profile.samples is None or not len(track.duration):
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
        if abs(len(theirs) - len(profile.samples)) <= 1 and abs(len(twin.duration) - len(track.duration)) <= 60:
            count = min(len(theirs), len(profile.samples)) - 1
            if np.array_equal(theirs.duration[:count], profile.samples.duration[:count]):
                common = min(len(twin.duration), len(track.duration))
                durations = track.duration.copy()
                durations[:common] = twin.duration[:common]
                return replace(track, duration=durations, source=twin.source)
    return track
