"""Give fragments without an init segment the tracks of a reference: by what reads as their samples, not by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from mediarescue.isobmff import (
    Box,
    BoxError,
    ByteSource,
    Fragments,
    Movie,
    SampleTable,
    TimedSamples,
    Track,
    build_payload,
    compact,
    parse_payload,
    rebuild_movie,
    rebuild_track,
)
from mediarescue.isobmff.sound_packets import sound_packet
from mediarescue.recover.codecs import is_supported
from mediarescue.recover.families import make_families
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import ReferenceProfile, TrackProfile
from mediarescue.recover.window import MediaWindow

_TRIED = 12
_LEAST_SCORE = 0.5
_SAME_CLOCK = 0.05
"""Frame durations this near to each other are of one rate and clock: cameras jitter."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A track of the fragments that may be one of the reference; the greater, the likelier."""

    score: float
    same_id: bool
    track_id: int
    theirs: TrackProfile


def adopt_movie(
    source: ByteSource, fragments: Fragments, reference: ReferenceProfile, healthy: ByteSource
) -> tuple[Movie, tuple[int, ...]]:
    """Return the reference's movie with the tracks of the fragments, and the ids of fragments' tracks that have none.

    Parameters
    ----------
    source : ByteSource
        The broken file.
    fragments : Fragments
    reference, healthy
        The reference's profile and file.

    Notes
    -----
    A few samples of each track are read by the codec of each of the reference's: one that ends exactly where the
    fragment says is no chance. Tracks alike in that are told apart by their ids. Tracks of codecs that nobody reads go
    by their ids alone, where another track shows that the reference fits.
    """
    families = make_families(reference, MediaWindow(healthy, 0, healthy.size))
    matcher_of = {track.index: family.matcher for family in families.families for track in family.tracks}
    listed: dict[int, TimedSamples] = {}
    for track_id in fragments.track_ids:
        try:
            listed[track_id] = fragments.samples(track_id)
        except BoxError:
            continue
    pairs = [
        _Pair(
            _score(source, listed[track_id].samples, t, matcher_of[t.index]), t.track.track_id == track_id, track_id, t
        )
        for track_id in listed
        for t in reference.tracks
    ]
    pairs.sort(key=lambda pair: (-pair.score, not pair.same_id, pair.theirs.index, pair.track_id))
    chosen: dict[int, _Pair] = {}
    readable = any(is_supported(track) for track in reference.tracks)
    for pair in pairs if not readable or any(pair.score >= _LEAST_SCORE for pair in pairs) else ():
        taken = any(pair.theirs is other.theirs for other in chosen.values())
        likely = pair.score >= _LEAST_SCORE or (pair.same_id and not is_supported(pair.theirs))
        if likely and not taken and pair.track_id not in chosen:
            chosen[pair.track_id] = pair
    ids = {pair.theirs.track.track_id: track_id for track_id, pair in chosen.items()}
    ordered = sorted(chosen.values(), key=lambda pair: pair.theirs.index)
    tracks = tuple(_adopted(pair, listed[pair.track_id], ids) for pair in ordered)
    moov = rebuild_movie(reference.movie.moov, [track.trak for track in tracks], duration=0)
    movie = replace(reference.movie, moov=moov, tracks=tracks, headers=())
    return movie, tuple(track_id for track_id in fragments.track_ids if track_id not in chosen)


def init_segment(movie: Movie, fragments: Fragments) -> bytes:
    """Return ``ftyp`` and a ``moov`` without samples whose ``mvex`` announces fragments (ISO/IEC 14496-12 8.8.1)."""
    trex = []
    for track in movie.tracks:
        defaults = fragments.extends.get(track.track_id)
        index, duration, size, flags = defaults if defaults is not None else (1, 0, 0, 0)
        values = {
            "version": 0,
            "flags": 0,
            "track_id": track.track_id,
            "default_sample_description_index": max(index, 1),
            "default_sample_duration": duration,
            "default_sample_size": size,
            "default_sample_flags": flags,
        }
        trex.append(Box(b"trex", build_payload(b"trex", values)))
    moov = movie.moov.replace(children=[*(movie.moov.children or ()), Box(b"mvex", children=tuple(trex))])
    head = movie.file_type.serialize() if movie.file_type is not None else b""
    return head + moov.serialize()


def _score(source: ByteSource, samples: SampleTable, theirs: TrackProfile, matcher: Matcher) -> float:
    """Return which part of some samples read as the track's from their first byte to their last."""
    there = np.flatnonzero((samples.size > 0) & (samples.offset + samples.size <= source.size))
    if not len(there):
        return 0.0
    if matcher.blind:
        return _pcm_score(samples, theirs.track)
    tried = there[:: max(1, len(there) // _TRIED)][:_TRIED]
    hits = 0
    for offset, size in zip(samples.offset[tried].tolist(), samples.size[tried].tolist(), strict=True):
        found = matcher.match(MediaWindow(source, offset, offset + size), offset)
        hits += found is not None and found.size == size and len(found.sizes) == 1
    return hits / len(tried)


def _pcm_score(samples: SampleTable, track: Track) -> float:
    """PCM cannot be read, but its size goes with its duration."""
    packet = sound_packet(track)
    if packet is None or packet[1] != 1:
        return 0.0
    return float((samples.size == packet[0] * samples.duration).mean())


def _adopted(pair: _Pair, listed: TimedSamples, ids: Mapping[int, int]) -> Track:
    """Return the reference's track under the fragments' id and clock, without the reference's samples."""
    track = pair.theirs.track
    timescale = _timescale(pair.theirs, listed)
    none = np.zeros(0, np.int64)
    index = none.astype(np.int32)
    empty = compact(SampleTable(none, none, none, none, none.astype(np.bool_), index, index), has_stss=False)
    trak = rebuild_track(track.trak, stbl_children=empty, media_duration=0, movie_duration=0).trak
    stale = (b"stss", b"ctts")
    stbl = trak.get(b"mdia", b"minf", b"stbl")
    stbl = stbl.replace(children=[child for child in stbl.children or () if child.kind not in stale])
    mdia = trak.get(b"mdia")
    mdia = mdia.with_child(mdia.get(b"minf").with_child(stbl))
    mdia = mdia.with_child(_with(mdia.get(b"mdhd"), "timescale", timescale))
    trak = trak.with_child(mdia).with_child(_with(trak.get(b"tkhd"), "track_id", pair.track_id))
    tref = trak.find(b"tref")
    if tref is not None and tref.children is not None:
        trak = trak.with_child(tref.replace(children=[_renumbered(child, ids) for child in tref.children]))
    return replace(track, track_id=pair.track_id, timescale=timescale, duration=0, trak=trak)


def _timescale(theirs: TrackProfile, listed: TimedSamples) -> int:
    """Return the ticks a second of the fragments' clock: their frames last as long as the reference's.

    Notes
    -----
    The durations agree where the same program wrote both; a packager that counts in other ticks keeps the rate.
    """
    timescale = theirs.track.timescale
    steps = np.diff(listed.decode_time)
    steps = steps[steps > 0]
    if theirs.samples is None or len(theirs.samples) < 2 or not len(steps):
        return timescale
    known, ours = int(np.median(theirs.samples.duration)), int(np.median(steps))
    if not known or abs(ours - known) <= _SAME_CLOCK * known:
        return timescale
    return max(round(timescale * Fraction(ours, known)), 1)


def _with(box: Box, name: str, value: int) -> Box:
    fields = parse_payload(box.kind, box.payload, offset=box.offset)
    return box.replace(payload=build_payload(box.kind, {**fields, name: value}))


def _renumbered(reference: Box, ids: Mapping[int, int]) -> Box:
    """Return a track reference (8.3.3) by the new ids; one to a track that is left out becomes 0, which is none."""
    old = [int.from_bytes(reference.payload[at : at + 4], "big") for at in range(0, len(reference.payload), 4)]
    return reference.replace(payload=b"".join(ids.get(track_id, 0).to_bytes(4, "big") for track_id in old))
