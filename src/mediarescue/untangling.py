"""Take the recording that is wanted out of a file that holds two, by turns of clusters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mediarescue.events import Listener, Noted, Progressed, StageFinished, StageStarted
from mediarescue.isobmff import ByteSource, JoinedSource
from mediarescue.recover.clusters.find import Interleaving, find_interleaving
from mediarescue.recover.families import Families
from mediarescue.recover.locate import locate_media
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.run import Preparation, identify
from mediarescue.reports import ClustersReport

_DEAL = "part two recordings"
_TRIAL = 8 << 20
_FOUND = (
    "{file} holds two recordings in turns of clusters of {size} KiB, as GoPro's Hero3 and Hero4 leave an MP4 and its "
    "LRV; {other} of {all} clusters belong to the other one: name one of its kind as --ref (an LRV for the small one) "
    "to get it"
)


def untangled(
    source: ByteSource, families: Families, preparation: Preparation, listener: Listener
) -> tuple[ByteSource, Preparation, ClustersReport | None]:
    """Return the recording of the reference's kind, joined, where a file holds two; else what was given, and None.

    Parameters
    ----------
    source : ByteSource
        The broken file.
    families : Families
        Learned from the reference.
    preparation : Preparation
    listener : callable
    """
    begun = False

    def told(pos: int) -> None:
        nonlocal begun
        if not begun:
            listener(StageStarted(_DEAL, source.size))
            begun = True
        listener(Progressed(_DEAL, pos))

    found = find_interleaving(source, preparation.location, families, progress=told)
    if begun:
        listener(StageFinished(_DEAL))
    if found is None:
        return source, preparation, None
    recordings = [JoinedSource(source, found.ranges(owner, source.size)) for owner in (0, 1)]
    prepared = [replace(preparation, location=locate_media(recording)) for recording in recordings]
    unlike = [_unlikeness(*both, families) for both in zip(recordings, prepared, strict=True)]
    wanted = int(unlike[1] < unlike[0])
    report = _report(found, wanted)
    listener(
        Noted(
            _FOUND.format(
                file=source.path.name,
                size=found.cluster >> 10,
                other=report.other_clusters,
                all=report.own_clusters + report.other_clusters,
            )
        )
    )
    return recordings[wanted], prepared[wanted], report


def _report(found: Interleaving, wanted: int) -> ClustersReport:
    own = int(np.count_nonzero(found.dealing.owner == wanted))
    return ClustersReport(found.cluster, own, len(found.dealing.owner) - own, found.dealing.unsure)


def _unlikeness(recording: ByteSource, preparation: Preparation, families: Families) -> float:
    """Return how far the pictures' mean size is from the reference's, as a logarithm.

    Notes
    -----
    Slice headers of two sizes of picture read alike; whether the pictures are whole is tested on what is chosen.
    """
    trial = identify(recording, families, preparation, limit=_TRIAL)
    sizes = [track.size for track in trial.tracks if track.profile.kind == "video" and len(track.size)]
    usual = max(map(_mean_size, preparation.profile.tracks), default=0.0)
    if not sizes or not usual:
        return math.inf
    return abs(math.log(float(np.mean(sizes[0])) / usual))


def _mean_size(track: TrackProfile) -> float:
    if track.kind != "video" or track.samples is None or not len(track.samples):
        return 0.0
    return float(np.mean(track.samples.size))
