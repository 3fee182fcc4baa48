"""MPEG-1 and MPEG-2 video tracks: ``mp4v`` of their object types, ``m2v1``, XDCAM, HDV and IMX of QuickTime."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mediarescue.bitstream.descriptors import decoder_specific_info
from mediarescue.bitstream.mpeg2 import Mpeg2Syntax, first_sequence
from mediarescue.isobmff import Leniency, read_rows
from mediarescue.recover.codecs.framed import FramedFactory
from mediarescue.recover.profile import TrackProfile


class Mpeg2Factory(FramedFactory):
    """Make matchers for MPEG-1 and MPEG-2 video tracks."""

    name = "mpeg2"

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> Mpeg2Syntax:
        """Expect the reference's picture size, its fields a sample, its stuffing and what it calls a sync sample."""
        configured = [decoder_specific_info(track.configuration(b"esds")) for track in tracks]
        sequence = first_sequence([*samples, *filter(None, configured)])
        return Mpeg2Syntax(sequence, samples, _sync(tracks, samples))


def _sync(tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> list[int]:
    """Return 1 for each of the leading samples that is a sync sample, 2 for QuickTime's partial ones, else 0."""
    flags: list[int] = []
    for track in tracks:
        if track.samples is None:
            continue
        sync = track.samples.is_sync.astype(np.int64)
        partial = track.track.stbl.find(b"stps")
        if partial is not None:
            rows = read_rows(partial.payload, b"stps", leniency=Leniency.PERMISSIVE).astype(np.int64)
            sync[rows[(rows > 0) & (rows <= len(sync))] - 1] = 2
        for size, flag in zip(track.samples.size.tolist(), sync.tolist(), strict=True):
            if len(flags) == len(samples) or size != len(samples[len(flags)]):
                break
            flags.append(flag)
    return flags
