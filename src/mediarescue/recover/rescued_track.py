"""One track of the rescued film: its samples, when they are decoded and shown, and which are sync."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.timing.composition import offsets_without_shift
from mediarescue.recover.timing.counters import PictureCounter
from mediarescue.recover.timing.edits import EditStart, learn_start
from mediarescue.reports import TimingSource

Int64Array = NDArray[np.int64]


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
    counter : PictureCounter or None
        What tells how many pictures are missing in a gap.
    sync_period : int
        Every how many samples one is marked sync, where the marks only count; 0 where the bitstream tells them.
    stand_in : bool (n,) or None
        Samples that stand in for lost ones: of no bytes, or of PCM a chunk of silence that is nowhere in the file.
    composition : int64 (n,) or None
        Composition minus decode time where it is not what ``ranks`` and ``shift`` say.
    error : float or None
        Seconds by which the times are likely wrong at most; 0 where they are exact, None where nobody knows.
    lead : int
        Ticks by which the first sample comes later than the reference's would, as others before it are lost.
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
    counter: PictureCounter | None = None
    sync_period: int = 0
    stand_in: NDArray[np.bool_] | None = None
    composition: Int64Array | None = None
    lead: int = 0
    error: float | None = None

    @property
    def composition_offset(self) -> Int64Array:
        """Composition minus decode time of each sample in ticks, int64 (n,)."""
        if self.composition is not None:
            return self.composition
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
    def recorded(self) -> slice | NDArray[np.bool_]:
        """Index of the samples (of constant-size audio: the chunks) that are in the file, without the stand-ins."""
        return slice(None) if self.stand_in is None else ~self.stand_in

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
    def sample_ticks(self) -> Int64Array:
        """Ticks of each sample (of constant-size audio: each chunk), int64 (n,)."""
        if self.profile.chunks is not None:
            return self.profile.chunks.samples_in(self.size) * self.profile.chunks.delta
        return self.duration

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
    def silence_seconds(self) -> float:
        """Silence that stands in for lost sound; 0 where other samples last longer instead."""
        chunks = self.profile.chunks
        if chunks is None or self.stand_in is None:
            return 0.0
        ticks = int(chunks.samples_in(self.size[self.stand_in]).sum()) * chunks.delta
        return ticks / self.profile.track.timescale

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.duration_ticks / self.profile.track.timescale
