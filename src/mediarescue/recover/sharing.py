"""Whose samples are whose: a family's samples shared out among its tracks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.assign import assign_by_interleave
from mediarescue.recover.candidate import FamilySamples
from mediarescue.recover.codecs.aac import AacMatcher
from mediarescue.recover.codecs.nal_matcher import NalVideoMatcher, own_configuration
from mediarescue.recover.constant_runs import split_constant_runs
from mediarescue.recover.evidence import AudioEvidence, DecodeProbe, SizeEvidence, VideoEvidence
from mediarescue.recover.families import Family
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rows import PackedRows

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrackSamples:
    """The samples of one track: offset and size in bytes (of PCM: of each chunk), and the bitstream's rows."""

    offset: Int64Array
    size: Int64Array
    rows: PackedRows | None


def share_out(
    family: Family,
    samples: FamilySamples,
    *,
    read: Callable[[int, int], bytes],
    probe: DecodeProbe | None,
    complete: bool,
    cut_short: bool = False,
    lost: NDArray[np.float64] | None = None,
) -> list[tuple[TrackProfile, TrackSamples]]:
    """Return each track's samples.

    Parameters
    ----------
    read : callable
        ``(offset, size)`` -> bytes of the broken file.
    probe : callable or None
        Tells video tracks of one codec apart.
    complete : bool
        The recording was not cut.
    cut_short : bool
        The media ends inside a sample.
    lost : float64 (n,) or None
        About how many of the family's samples were lost right before each; None for none.
    """
    tracks = family.tracks
    if tracks[0].chunks is not None:
        if len(tracks) == 1:
            return [(tracks[0], TrackSamples(samples.run_offset, samples.size.astype(np.int64), None))]
        shares = split_constant_runs(tracks, samples, cut_short=cut_short)
        return [(track, TrackSamples(*share, None)) for track, share in zip(tracks, shares, strict=True)]
    offset, size = samples.offset, samples.size.astype(np.int64)
    filled = [track for track in tracks if track.sample_count]
    alike = not isinstance(family.matcher, NalVideoMatcher) or len({own_configuration(t) for t in tracks}) == 1
    if len(tracks) == 1 or (len(filled) == 1 and alike):  # nothing could tell a track the reference left empty
        return [((filled or list(tracks))[0], TrackSamples(offset, size, samples.rows))]
    evidence: VideoEvidence | AudioEvidence | SizeEvidence
    if isinstance(family.matcher, NalVideoMatcher):
        evidence = VideoEvidence(family, samples, read, probe)
    elif isinstance(family.matcher, AacMatcher):
        evidence = AudioEvidence(samples.rows)
    else:
        evidence = SizeEvidence(family, samples)
    if len({track.track.track_id for track in tracks}) > 1:
        places = assign_by_interleave(tracks, samples, evidence=evidence, complete=complete, lost=lost)
    else:
        places = np.zeros(len(size), dtype=np.int16)
    if isinstance(evidence, VideoEvidence):
        places = evidence.with_entries(tracks, places)
    shared = []
    for place, track in enumerate(tracks):
        mine = places == place
        rows = evidence.rows_of(place)
        shared.append((track, TrackSamples(offset[mine], size[mine], None if rows is None else rows.chosen(mine))))
    return shared
