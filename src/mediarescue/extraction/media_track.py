"""One track of a file, healthy or rescued, as the extraction sees it."""

from __future__ import annotations

from dataclasses import dataclass

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
    entry : SampleEntry
    timescale : int
        Ticks a second.
    offset, size : int64 (n,)
        Absolute byte position and bytes of each sample; of constant-size audio (PCM) of each chunk.
    duration : int64 (n,)
        Ticks; empty for constant-size audio.
    is_sync : bool (n,)
        Empty for constant-size audio.
    block : int
        Bytes of one PCM frame, all channels; 0 for samples of their own sizes.
    """

    track_id: int
    kind: str
    entry: SampleEntry
    timescale: int
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    duration: NDArray[np.int64]
    is_sync: NDArray[np.bool_]
    block: int = 0

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
        return self.bytes // self.block if self.block else len(self.size)
