"""One track of a file, healthy or rescued, as the extraction sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.descriptors import codec_name
from mediarescue.isobmff import SampleEntry


@dataclass(frozen=True, slots=True)
class MediaTrack:
    """Samples and description of one track.

    Attributes
    ----------
    track_id : int
    kind : str
        ``video``, ``audio``, ``metadata``, ``timecode``, ``text`` or ``other``.
    entries : tuple of SampleEntry
    timescale : int
        Ticks a second.
    offset, size : int64 (n,)
        Absolute byte position and bytes of each sample; of constant-size audio (PCM) of each chunk.
    duration : int64 (n,)
        Ticks; empty for constant-size audio.
    is_sync : bool (n,)
        Empty for constant-size audio.
    entry_index : int32 (n,)
        0-based sample entry of each sample or chunk.
    packet, packet_samples : int
        Bytes of a packet of constant-size audio, all channels, and its samples (1 for PCM); 0 for samples of their
        own sizes.
    """

    track_id: int
    kind: str
    entries: tuple[SampleEntry, ...]
    timescale: int
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    duration: NDArray[np.int64]
    is_sync: NDArray[np.bool_]
    entry_index: NDArray[np.int32]
    packet: int = 0
    packet_samples: int = 0

    @property
    def entry(self) -> SampleEntry:
        """The sample entry that the first sample follows."""
        return self.entries[int(self.entry_index[0]) if len(self.entry_index) else 0]

    @property
    def codec(self) -> str:
        """The codec's name: the sample entry, with the object type for ``mp4a`` and ``mp4v`` (``mp4a.40``)."""
        return codec_name(self.entry.kind, self.entry.configuration(b"esds"))

    @property
    def bytes(self) -> int:
        """Bytes of all samples."""
        return int(self.size.sum())

    @property
    def sample_count(self) -> int:
        """Samples in all; of PCM its frames."""
        return self.bytes // self.packet * self.packet_samples if self.packet else len(self.size)

    def within(self, end: int) -> MediaTrack:
        """Return the track without the samples that do not lie wholly in the first ``end`` bytes of the file."""
        size = self.size
        if self.packet:
            size = np.clip(end - self.offset, 0, size) // self.packet * self.packet
        there = (self.offset + size <= end) & (size > 0)
        if there.all() and np.array_equal(size, self.size):
            return self
        return replace(
            self,
            offset=self.offset[there],
            size=size[there],
            duration=self.duration[there] if len(self.duration) else self.duration,
            is_sync=self.is_sync[there] if len(self.is_sync) else self.is_sync,
            entry_index=self.entry_index[there],
        )
