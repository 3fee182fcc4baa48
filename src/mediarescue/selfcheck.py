"""The check of a written film before it gets its name: its index reads back, and its frames decode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mediarescue.checking.frames import CheckedTrack, check_frames
from mediarescue.checking.smeared import smeared_behind
from mediarescue.events import Listener
from mediarescue.options import CheckMode, UntruncOptions
from mediarescue.recover.candidate import Gap
from mediarescue.recover.foreign import LOOKS_LIKE
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.reports import CheckReport, SmearedReport

_NAL_CONFIGURATIONS = ((b"avcC", 4), (b"hvcC", 21))
"""Boxes of a sample entry, and where in their payload the length of lengths stands (ISO/IEC 14496-15)."""


class OutputCheck:
    """Called with the written file, before it is renamed; keeps what the frames showed.

    Parameters
    ----------
    structure : callable
        Raises VerificationError where the file is not what was meant to be written.
    tracks : sequence of RescuedTrack
    shift : int
        From a sample's offset in the source to that in the written file.
    gaps : sequence of Gap
        Frames near those that are losses are looked at first.
    movie_timescale : int
        Ticks a second of the movie's clock, which empty edits count in.
    options, listener
        As for `mediarescue.untrunc`.

    Attributes
    ----------
    frames : CheckReport or None
        None before the call, and where no frame is asked for and no gap tells of smeared pictures.

    Notes
    -----
    Frames with errors are no reason to remove a film: they are reported. An interruption leaves nothing, as the file
    has no name yet.
    """

    def __init__(
        self,
        structure: Callable[[Path], None],
        tracks: Sequence[RescuedTrack],
        *,
        shift: int,
        gaps: Sequence[Gap],
        movie_timescale: int,
        options: UntruncOptions,
        listener: Listener,
    ) -> None:
        self.frames: CheckReport | None = None
        self._structure = structure
        self._tracks = tracks
        self._shift = shift
        self._gaps = gaps
        self._movie_timescale = movie_timescale
        self._mode = options.check
        self._listener = listener

    def __call__(self, path: Path) -> None:
        """Check the file at ``path``; raises VerificationError."""
        self._structure(path)
        damage = [gap.offset for gap in self._gaps if not gap.expected]
        chosen = [
            _checked(track, self._shift, damage, self._movie_timescale)
            for track in self._tracks
            if track.profile.kind in ("video", "audio") and not track.is_pcm
        ]
        smeared = self._smeared(chosen)
        if self._mode is not CheckMode.NONE:
            found = check_frames(path, chosen, mode=self._mode.value, listener=self._listener)
            self.frames = replace(found, smeared=smeared)
        elif smeared:
            total = sum(len(track.size) for track in chosen)
            self.frames = CheckReport(self._mode.value, 0, total, 0, smeared=smeared)

    def _smeared(self, tracks: Sequence[CheckedTrack]) -> tuple[SmearedReport, ...]:
        """Return the pictures behind gaps; what reads as something other than video is no lost picture."""
        losses = [g for g in self._gaps if not g.expected and ("video" in g.reason or LOOKS_LIKE not in g.reason)]
        gaps = [(gap.offset + self._shift, gap.size) for gap in losses]
        return tuple(
            stretch
            for t in tracks
            if t.kind == "video"
            for stretch in smeared_behind(gaps, t.offset, t.size, t.is_sync, track_id=t.track_id, seconds=t.seconds)
        )


def _checked(track: RescuedTrack, shift: int, damage: Sequence[int], movie_timescale: int) -> CheckedTrack:
    """Return what a check needs of a track: the samples of its first sample entry, up to where another begins."""
    profile = track.profile
    decode, timescale = np.cumsum(track.duration) - track.duration, profile.track.timescale
    composition = track.composition_offset
    start = track.start
    delay = start.empty / movie_timescale - start.media_time / timescale

    def seconds(sample: int) -> float:
        return float((int(decode[sample]) + int(composition[sample])) / timescale + delay)

    reach = int(np.argmax(np.append(track.description_index != 0, True)))
    damaged = np.unique(np.searchsorted(track.offset[:reach], np.asarray(damage, dtype=np.int64)))
    return CheckedTrack(
        profile.track.track_id,
        profile.kind,
        profile.codec.decode("latin-1"),
        track.offset[:reach] + shift,
        track.size[:reach],
        track.is_sync[:reach],
        seconds,
        tuple(damaged.tolist()),
        _nal_length(track),
    )


def _nal_length(track: RescuedTrack) -> int:
    for kind, at in _NAL_CONFIGURATIONS:
        payload = track.profile.configuration(kind)
        if payload is not None and len(payload) > at:
            return (payload[at] & 3) + 1
    return 0
