"""From the samples of a family to finished tracks: whose they are, when they are decoded and shown, which are sync."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import SyncKind
from mediarescue.bitstream.frames import FrameColumn
from mediarescue.bitstream.scanner import AccessUnitScanner
from mediarescue.recover.candidate import CUT_SHORT, Segmentation
from mediarescue.recover.codecs.aac import audio_config
from mediarescue.recover.codecs.framed_matcher import FrameRows
from mediarescue.recover.codecs.nal_matcher import NalVideoMatcher
from mediarescue.recover.codecs.nal_video import coded_rate
from mediarescue.recover.evidence import DecodeProbe
from mediarescue.recover.families import Families, Family
from mediarescue.recover.hidden import hidden_times
from mediarescue.recover.interrupted import unknown_reach
from mediarescue.recover.joining import joined_samples
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import TrackProfile, whole_profile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.resuming import lost_samples
from mediarescue.recover.rows import PackedRows
from mediarescue.recover.sharing import TrackSamples, share_out
from mediarescue.recover.timing.beginning import is_begun_late, late_beginnings
from mediarescue.recover.timing.composition import (
    commonest_step,
    display_ranks,
    learn_shift,
    picture_step,
)
from mediarescue.recover.timing.counters import PictureCounter, picture_counter
from mediarescue.recover.timing.decode import DecodeClock, learn_clock
from mediarescue.recover.timing.framed import (
    counted_sync,
    framed_durations,
    framed_order,
    framed_partial_sync,
    framed_sync,
)
from mediarescue.recover.timing.gaps import bridged
from mediarescue.recover.timing.indexed_sound import silence_by_index
from mediarescue.recover.timing.stand_ins import Pause, without_stand_ins
from mediarescue.recover.timing.together import by_exposure, by_index, by_telemetry, like_its_twin, on_the_audio_clock
from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]
_SYNC = int(SyncKind.IDR | SyncKind.IRAP | SyncKind.RECOVERY_POINT)
_UNKNOWN_RATE = 30
"""Frames a second of a video track of which the reference has no sample: any rate that keeps their order."""


def build_tracks(
    families: Families, segmentation: Segmentation, *, read: Callable[[int, int], bytes], probe: DecodeProbe | None
) -> list[RescuedTrack]:
    """Return the rescued tracks that have samples, as if nothing were missing between them; see `timed_tracks`."""
    return _clocked(families, segmentation, _timed_tracks(families, segmentation, read=read, probe=probe), read)


def timed_tracks(
    families: Families,
    segmentation: Segmentation,
    *,
    read: Callable[[int, int], bytes],
    probe: DecodeProbe | None,
    close_gaps: bool = False,
) -> tuple[list[RescuedTrack], list[Pause]]:
    """Return the rescued tracks that have samples, in the reference's order, and when each gap is.

    Parameters
    ----------
    read : callable
        ``(offset, size)`` -> bytes of the broken file.
    probe : callable or None
        Tells video tracks of one codec apart.
    close_gaps : bool
        What follows a gap moves up to what stands before it, by the same time in all tracks.
    """
    tracks = _timed_tracks(families, segmentation, read=read, probe=probe)
    tracks, errors = bridged(tracks, segmentation.gaps)
    tracks = _clocked(families, segmentation, tracks, read)
    tracks, pauses = without_stand_ins(tracks, segmentation.gaps, close=close_gaps)
    return tracks, [
        replace(pause, error=errors.get(gap.offset)) for gap, pause in zip(segmentation.gaps, pauses, strict=True)
    ]


def _timed_tracks(
    families: Families, segmentation: Segmentation, *, read: Callable[[int, int], bytes], probe: DecodeProbe | None
) -> list[RescuedTrack]:
    """Return the tracks on their own clocks."""
    complete = _was_closed(families, segmentation)
    damage = np.array([gap.offset for gap in segmentation.gaps if not gap.expected], dtype=np.int64)
    cut_short = _is_cut_short(segmentation)
    tracks = []
    for family in families.families:
        samples = segmentation.samples[family.index]
        if not len(samples.size):
            continue
        lost = (
            lost_samples(samples, segmentation, unknown=unknown_reach(families.matchers))
            if len(family.tracks) > 1
            else None
        )
        for track, part in share_out(
            family, samples, read=read, probe=probe, complete=complete, cut_short=cut_short, lost=lost
        ):
            if len(part.offset):
                tracks.append(_timed(family, track, part, damage))
    return joined(tracks, [track for family in families.families for track in family.tracks])


def _clocked(
    families: Families, segmentation: Segmentation, tracks: list[RescuedTrack], read: Callable[[int, int], bytes]
) -> list[RescuedTrack]:
    """Hold the tracks' clocks against each other, and against an index found in the media data."""
    complete = _was_closed(families, segmentation)
    damage = np.array([gap.offset for gap in segmentation.gaps if not gap.expected], dtype=np.int64)
    if is_begun_late(segmentation):
        tracks = late_beginnings(tracks)
    tracks = by_telemetry(tracks, families.telemetry, damage, read)
    tracks = by_exposure(tracks, families.exposure, damage, complete, read)
    hidden = hidden_times(segmentation.gaps, read)
    tracks = [by_index(t, hidden.get(t.profile.track.track_id), damaged=bool(len(damage))) for t in tracks]
    tracks = [silence_by_index(t, hidden.get(t.profile.track.track_id)) for t in tracks]
    tracks = on_the_audio_clock(tracks, complete)
    tracks = [like_its_twin(track, tracks) for track in tracks]
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


def _timed(family: Family, profile: TrackProfile, part: TrackSamples, damage: Int64Array) -> RescuedTrack:
    count = len(part.offset)
    empty = np.zeros(0, dtype=np.int64)
    if profile.chunks is not None:
        none = np.zeros(0, dtype=bool)
        return RescuedTrack(profile, part.offset, part.size, empty, None, 0, none, TimingSource.BITSTREAM, error=0.0)
    clock = reference_clock(profile)
    if not clock.step and profile.kind == "video":
        clock = _clock_without_samples(profile, family.matcher)
    durations = clock.durations(count)
    ranks, shift, is_sync, independent, partial = None, 0, np.ones(count, dtype=bool), None, None
    counter: PictureCounter | None = None
    sync_period = 0
    if isinstance(family.matcher, NalVideoMatcher) and part.rows is not None:
        is_sync = _sync_samples(profile, family.matcher, part.rows)
        places = np.searchsorted(part.offset, damage)
        ranks, shift, counter = _display_order(profile, family.matcher, part.rows, places)
        independent = (part.rows.flags(family.matcher.reader_of(profile).scanner.sync_kinds) & int(SyncKind.IRAP)) != 0
    source = clock.source
    if isinstance(family.matcher, FrameRows) and part.rows is not None:
        facts = np.array(part.rows.columns(list(FrameColumn)), dtype=np.int64)
        known = family.matcher.known[profile.index]
        is_sync, partial = framed_sync(profile, known, facts), framed_partial_sync(facts)
        sync_period = counted_sync(profile, known) if profile.has_table(b"stss") else 0
        ranks, shift = framed_order(profile, known, facts)
        told = framed_durations(profile, known, facts, family.matcher.rate)
        if told is not None:
            durations, source = told, TimingSource.BITSTREAM
        if family.matcher.estimated:
            source = TimingSource.GUESSED
    if profile.sample_count == 1 and count == 1:
        source = TimingSource.CONSTANT
    return RescuedTrack(
        profile,
        part.offset,
        part.size,
        durations,
        ranks,
        shift,
        is_sync,
        source,
        independent,
        partial,
        counter=counter,
        sync_period=sync_period,
        error=None if source is TimingSource.GUESSED else clock.spread / profile.track.timescale,
    )


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


def _display_order(
    profile: TrackProfile, matcher: NalVideoMatcher, rows: PackedRows, damage: Int64Array
) -> tuple[Int64Array | None, int, PictureCounter | None]:
    """Return ranks by picture order (None for the decode order), the reference's own shift, and the counter.

    ``damage`` are indices of the first samples behind gaps: no rank crosses one.
    """
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
    learned_step = picture_step(*scanner.picture_order([known], len(known)))
    if not len(damage):
        ranks = display_ranks(sequence, poc, step=picture_step(sequence, poc) or learned_step)
        return (ranks if (ranks != np.arange(len(ranks))).any() else None), shift, None
    parted = sequence + np.searchsorted(damage, np.arange(len(sequence)), side="right")
    step = picture_step(parted, poc) or learned_step or commonest_step(parted, poc)
    behind_gap = bool(np.isin(np.searchsorted(parted, parted[-1:]), damage).all())
    ranks = display_ranks(parted, poc, step=step, behind_gap=behind_gap)
    values, modulus = _counter_values(scanner, rows)
    counter = picture_counter(values, modulus, sequence, ranks, step=step)
    return (ranks if (ranks != np.arange(len(ranks))).any() else None), shift, counter


def _counter_values(scanner: AccessUnitScanner, rows: PackedRows) -> tuple[Int64Array, int]:
    """Return the slice headers' counter of each picture, int64 (n,), and its modulus, 0 where that varies."""
    values, moduli, at = np.zeros(len(rows), dtype=np.int64), set[int](), 0
    for block in rows.blocks():
        values[at : at + len(block)], modulus = scanner.output_counter(block)
        moduli.add(modulus)
        at += len(block)
    return values, moduli.pop() if len(moduli) == 1 else 0
