"""From the samples of a family to finished tracks: whose they are, when they are decoded and shown, which are sync."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import SyncKind
from mediarescue.bitstream.frames import FrameColumn
from mediarescue.recover.candidate import CUT_SHORT, Segmentation
from mediarescue.recover.codecs.aac import audio_config
from mediarescue.recover.codecs.framed import FrameRows
from mediarescue.recover.codecs.nal_video import NalVideoMatcher, coded_rate
from mediarescue.recover.evidence import DecodeProbe
from mediarescue.recover.families import Families, Family
from mediarescue.recover.hidden import hidden_durations
from mediarescue.recover.joining import joined_samples
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import TrackProfile, whole_profile
from mediarescue.recover.rows import PackedRows
from mediarescue.recover.runs import run_starts
from mediarescue.recover.sharing import TrackSamples, share_out
from mediarescue.recover.timing.audio_clock import (
    TrackTimes,
    chunk_lags,
    durations_by_interleave,
    learn_interleave,
    scale_by_interleave,
    total_by_audio,
)
from mediarescue.recover.timing.composition import (
    display_ranks,
    learn_shift,
    offsets_without_shift,
    picture_step,
)
from mediarescue.recover.timing.decode import DecodeClock, learn_clock, rescale
from mediarescue.recover.timing.edits import EditStart, learn_start
from mediarescue.recover.timing.framed import framed_durations, framed_order, framed_partial_sync, framed_sync
from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]
_SYNC = int(SyncKind.IDR | SyncKind.IRAP | SyncKind.RECOVERY_POINT)
_ENOUGH_KNOWN = 8
_UNKNOWN_RATE = 30
"""Frames a second of a video track of which the reference has no sample: any rate that keeps their order."""


@dataclass(frozen=True, slots=True)
class RescuedTrack:
    """One track of the rescued film.

    Attributes
    ----------
    profile : TrackProfile
    offset, size : int64 (n,)
        Samples; of constant-size audio the chunks.
    duration : int64 (n,)
        Ticks; empty for constant-size audio, whose samples are all alike.
    ranks : int64 (n,) or None
        Place of each sample in the order of output; None where that is the decode order.
    shift : int
        Composition minus decode time of a picture shown in its place of the decode order.
    is_sync : bool (n,)
    source : TimingSource
    is_independent : bool (n,) or None
        Pictures that decode alone for certain (IDR, IRAP); None where the codec is not parsed.
    is_partial_sync : bool (n,) or None
        Samples that QuickTime lists in ``stps``; None where there are none.
    entries : int32 (n,) or None
        0-based sample entry of each sample where the track has samples of several; None: the profile's.
    """

    profile: TrackProfile
    offset: Int64Array
    size: Int64Array
    duration: Int64Array
    ranks: Int64Array | None
    shift: int
    is_sync: NDArray[np.bool_]
    source: TimingSource
    is_independent: NDArray[np.bool_] | None = None
    is_partial_sync: NDArray[np.bool_] | None = None
    entries: NDArray[np.int32] | None = None

    @property
    def composition_offset(self) -> Int64Array:
        """Composition minus decode time of each sample in ticks, int64 (n,)."""
        if self.ranks is None:
            return np.full(len(self.duration), self.shift, dtype=np.int64)
        return offsets_without_shift(self.ranks, self.duration) + self.shift

    @property
    def description_index(self) -> NDArray[np.int32]:
        """0-based sample entry of each sample (of constant-size audio: each chunk), int32 (n,)."""
        if self.entries is not None:
            return self.entries
        return np.full(len(self.size), self.profile.entry, dtype=np.int32)

    @property
    def start(self) -> EditStart:
        """Where the media begin in the presentation: as in the reference."""
        return learn_start(self.profile.track.edit_list)

    @property
    def is_pcm(self) -> bool:
        """Whether this is constant-size audio, kept by chunks."""
        return self.profile.chunks is not None

    @property
    def sample_count(self) -> int:
        """Samples in all."""
        if self.profile.chunks is not None:
            return int(self.profile.chunks.samples_in(self.size).sum())
        return len(self.size)

    @property
    def duration_ticks(self) -> int:
        """Ticks of the track's clock."""
        if self.profile.chunks is not None:
            return self.sample_count * self.profile.chunks.delta
        return int(self.duration.sum())

    @property
    def shown_ticks(self) -> int:
        """End of the last picture shown, in ticks of the track's clock."""
        if not len(self.duration):
            return self.duration_ticks
        ends = np.cumsum(self.duration) + self.composition_offset
        return max(int(ends.max()), self.duration_ticks)

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
    complete = _was_closed(families, segmentation)
    cut_short = _is_cut_short(segmentation)
    tracks = []
    for family in families.families:
        samples = segmentation.samples[family.index]
        if not len(samples.size):
            continue
        for track, part in share_out(family, samples, read=read, probe=probe, complete=complete, cut_short=cut_short):
            if len(part.offset):
                tracks.append(_timed(family, track, part))
    tracks = joined(tracks, [track for family in families.families for track in family.tracks])
    hidden = hidden_durations(segmentation.gaps, read)
    tracks = [_by_index(track, hidden.get(track.profile.track.track_id)) for track in tracks]
    tracks = _on_the_audio_clock(tracks, complete)
    tracks = [_like_its_twin(track, tracks) for track in tracks]
    return sorted(tracks, key=lambda track: track.profile.index)


def _is_cut_short(segmentation: Segmentation) -> bool:
    """Whether the media ends inside a sample."""
    return any(gap.reason == CUT_SHORT for gap in segmentation.gaps)


def _ends_in_gap(segmentation: Segmentation) -> bool:
    """Whether the media ends in bytes that are no sample, other than a box."""
    if not segmentation.gaps or not len(segmentation.family) or segmentation.family[-1] >= 0:
        return False
    return not segmentation.gaps[-1].reason.startswith("a ")


def _was_closed(families: Families, segmentation: Segmentation) -> bool:
    """Whether the recording seems to end where its writer meant it to; PCM looks whole wherever it is cut."""
    if _is_cut_short(segmentation) or _ends_in_gap(segmentation):
        return False
    last = int(segmentation.family[-1]) if len(segmentation.family) else -1
    return last < 0 or families.families[last].tracks[0].chunks is None


def joined(tracks: Sequence[RescuedTrack], profiles: Sequence[TrackProfile]) -> list[RescuedTrack]:
    """Join the parts of a track that has samples of several entries, by their place in the file."""
    of: dict[int, list[RescuedTrack]] = {}
    for track in tracks:
        of.setdefault(track.profile.track.track_id, []).append(track)
    index = {p.track.track_id: p.index for p in sorted(profiles, key=lambda p: -p.index)}
    whole = [parts[0] if len(parts) == 1 else _joined(parts) for parts in of.values()]
    return [
        t
        if t.profile.index == (own := index[t.profile.track.track_id])
        else replace(t, profile=replace(t.profile, index=own))
        for t in whole
    ]


def _joined(parts: Sequence[RescuedTrack]) -> RescuedTrack:
    found = joined_samples([part.offset for part in parts], [part.ranks for part in parts])
    first = min(parts, key=lambda part: part.profile.index)
    independent = [part.is_independent for part in parts if part.is_independent is not None]
    partial = [part.is_partial_sync for part in parts if part.is_partial_sync is not None]
    order = found.order
    return RescuedTrack(
        whole_profile([part.profile for part in parts]),
        np.concatenate([part.offset for part in parts])[order],
        np.concatenate([part.size for part in parts])[order],
        np.concatenate([part.duration for part in parts])[order],
        found.ranks,
        first.shift,
        np.concatenate([part.is_sync for part in parts])[order],
        max((part.source for part in parts), key=list(TimingSource).index),
        np.concatenate(independent)[order] if len(independent) == len(parts) else None,
        np.concatenate(partial)[order] if len(partial) == len(parts) else None,
        np.repeat([part.profile.entry for part in parts], [len(part.offset) for part in parts])[order].astype(np.int32),
    )


def _timed(family: Family, profile: TrackProfile, part: TrackSamples) -> RescuedTrack:
    count = len(part.offset)
    empty = np.zeros(0, dtype=np.int64)
    if profile.chunks is not None:
        none = np.zeros(0, dtype=bool)
        return RescuedTrack(profile, part.offset, part.size, empty, None, 0, none, TimingSource.BITSTREAM)
    clock = reference_clock(profile)
    if not clock.step and profile.kind == "video":
        clock = _clock_without_samples(profile, family.matcher)
    durations = clock.durations(count)
    ranks, shift, is_sync, independent, partial = None, 0, np.ones(count, dtype=bool), None, None
    if isinstance(family.matcher, NalVideoMatcher) and part.rows is not None:
        is_sync = _sync_samples(profile, family.matcher, part.rows)
        ranks, shift = _display_order(profile, family.matcher, part.rows)
        independent = (part.rows.flags(family.matcher.reader_of(profile).scanner.sync_kinds) & int(SyncKind.IRAP)) != 0
    source = clock.source
    if isinstance(family.matcher, FrameRows) and part.rows is not None:
        facts = np.array(part.rows.columns(list(FrameColumn)), dtype=np.int64)
        known = family.matcher.known[profile.index]
        is_sync, partial = framed_sync(profile, known, facts), framed_partial_sync(facts)
        ranks, shift = framed_order(profile, known, facts)
        told = framed_durations(profile, known, facts, family.matcher.rate)
        if told is not None:
            durations, source = told, TimingSource.BITSTREAM
        if family.matcher.estimated:
            source = TimingSource.GUESSED
    if profile.sample_count == 1 and count == 1:
        source = TimingSource.CONSTANT
    return RescuedTrack(profile, part.offset, part.size, durations, ranks, shift, is_sync, source, independent, partial)


def _clock_without_samples(profile: TrackProfile, matcher: Matcher) -> DecodeClock:
    """Return the clock of a video track of which the reference has no sample: by its parameter sets, or a guess."""
    rate = coded_rate(matcher.reader_of(profile).scanner) if isinstance(matcher, NalVideoMatcher) else None
    if rate is None:
        return DecodeClock(Fraction(profile.track.timescale, _UNKNOWN_RATE), 0, TimingSource.GUESSED)
    return DecodeClock(profile.track.timescale / rate, 0, TimingSource.CONSTANT)


def reference_clock(profile: TrackProfile) -> DecodeClock:
    """Return the clock of one of the reference's tracks."""
    assert profile.samples is not None
    timescale = profile.track.timescale
    durations = profile.samples.duration
    if profile.codec == b"mp4a" and (config := audio_config(profile)) is not None:
        step = Fraction(config.frame_length * timescale, config.sampling_frequency)
        mean = float(durations[:-1].mean()) if len(durations) > 1 else float(step)
        if abs(mean - 2 * float(step)) < abs(mean - float(step)):  # the rate given is that of the SBR core
            step *= 2
        if len(durations) < 4 or abs(mean - float(step)) < 0.02 * float(step):
            return learn_clock(durations, timescale, bitstream_step=step)
    return learn_clock(durations, timescale)


def _sync_samples(profile: TrackProfile, matcher: NalVideoMatcher, rows: PackedRows) -> NDArray[np.bool_]:
    """Mark sync samples by the kinds of pictures the reference marks; IDR, IRAP and recovery points where unknown."""
    samples = profile.samples
    assert samples is not None
    reader = matcher.reader_of(profile)
    kinds = rows.flags(reader.scanner.sync_kinds) & _SYNC
    learned = reader.rows
    seen = matcher.reader_of(profile).scanner.sync_kinds(learned) & int(
        SyncKind.IDR | SyncKind.IRAP | SyncKind.RECOVERY_POINT
    )
    marked = samples.is_sync[: len(seen)]
    if len(marked) and marked.all() and not profile.has_table(b"stss"):
        return np.ones(len(rows), dtype=bool)
    verdict = {kind: bool(kind) for kind in range(8)}
    for kind in set(seen.tolist()):
        verdict[kind] = bool(marked[seen == kind].mean() > 0.5)
    return np.asarray(np.array([verdict[kind] for kind in range(8)], dtype=bool)[kinds], dtype=np.bool_)


def _display_order(profile: TrackProfile, matcher: NalVideoMatcher, rows: PackedRows) -> tuple[Int64Array | None, int]:
    """Return ranks by picture order (None for the decode order) and the reference's own shift."""
    samples = profile.samples
    assert samples is not None
    learned, shift = matcher.reader_of(profile).rows, 0
    if len(learned):
        shift = learn_shift(
            samples.composition_offset, matcher.reader_of(profile).scanner.display_ranks(learned), samples.duration
        )
    scanner = matcher.reader_of(profile).scanner
    sequence, poc = scanner.picture_order(rows.blocks(), len(rows))
    known = matcher.reader_of(profile).rows
    step = picture_step(sequence, poc) or picture_step(*scanner.picture_order([known], len(known)))
    ranks = display_ranks(sequence, poc, step=step)
    return (ranks if (ranks != np.arange(len(ranks))).any() else None), shift


def _times(track: RescuedTrack | TrackProfile) -> TrackTimes:
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
    return TrackTimes(offset, np.cumsum(ticks) / profile.track.timescale)


def _by_index(track: RescuedTrack, known: Int64Array | None) -> RescuedTrack:
    """Give a track the durations of an index found in the media data; its clock goes on behind them."""
    if known is None or not len(track.duration):
        return track
    count = min(len(known), len(track.duration))
    if count == len(track.duration):
        return replace(track, duration=known[:count], source=TimingSource.INDEX)
    if count < _ENOUGH_KNOWN:
        return track
    clock = learn_clock(known, track.profile.track.timescale)
    durations = np.concatenate((known, clock.durations(len(track.duration) - count)))
    return replace(track, duration=durations, source=clock.source)


def _on_the_audio_clock(tracks: list[RescuedTrack], complete: bool) -> list[RescuedTrack]:
    """Hold video against the audio interleaved with it; what agrees stays as it is."""
    heard = [t for t in tracks if t.profile.kind == "audio" and t.source is not TimingSource.GUESSED]
    audio = max(heard, key=lambda t: t.seconds, default=None)
    videos = [track for track in tracks if track.profile.kind == "video" and len(track.duration)]
    if audio is None:
        return tracks
    held = {}
    for track in videos:
        if track.source in (TimingSource.BITSTREAM, TimingSource.INDEX):
            continue
        if track.profile.sample_count and audio.profile.sample_count:
            durations = _beside_audio(audio, track, complete)
        elif complete and len(videos) == 1 and track.source is TimingSource.GUESSED:
            durations = rescale(track.duration, round(audio.seconds * track.profile.track.timescale))
        else:
            continue
        if durations is not None:
            held[track.profile.index] = replace(track, duration=durations, source=TimingSource.AUDIO_CLOCK)
    return [held.get(track.profile.index, track) for track in tracks]


def _beside_audio(audio: RescuedTrack, track: RescuedTrack, complete: bool) -> Int64Array | None:
    """Return a video track's durations where the audio beside it contradicts the reference's clock, else None."""
    samples, timescale = track.profile.samples, track.profile.track.timescale
    assert samples is not None
    reference_audio, rescued_audio, reference_video = _times(audio.profile), _times(audio), _times(track.profile)
    lags = chunk_lags(reference_video, run_starts(samples.offset, samples.size), reference_audio)
    starts = run_starts(track.offset, track.size)
    if track.source is TimingSource.GUESSED:
        durations = durations_by_interleave(
            learn_interleave(lags), track.offset, starts, rescued_audio, timescale, float(track.duration.mean())
        )
        if durations is not None:
            return durations
    last = starts[-1:]
    before = float(track.duration[: int(last[0])].sum()) / timescale
    scale = scale_by_interleave(lags, float(chunk_lags(_times(track), last, rescued_audio)[0]), before)
    if scale is None and track.source is not TimingSource.GUESSED:
        return None  # the last picture chunk stands where the reference's would: only the end of a track is missing
    if not complete:
        return None if scale is None else rescale(track.duration, round(track.duration_ticks * scale))
    ahead = track.profile.start_seconds - audio.profile.start_seconds
    total = total_by_audio(
        track.seconds,
        audio.seconds - ahead,
        reference_video=float(reference_video.ends[-1]),
        reference_audio=float(reference_audio.ends[-1]) - ahead,
    )
    return None if total is None else rescale(track.duration, round(total * timescale))


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
