"""Encoded pieces as one stream of packets, each with its exact time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import VerificationError

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PacketTimes:
    """Times of the packets in decoding order, in ticks; int64 (n,) each."""

    pts: Int64Array
    dts: Int64Array
    duration: Int64Array


def display_ranks(segments: Sequence[Path]) -> Int64Array:
    """Return for each packet of the pieces, in decoding order, its place in the order shown, int64 (n,)."""
    import av

    ranks, shown = [np.zeros(0, np.int64)], 0
    for segment in segments:
        with av.open(str(segment)) as container:
            pts = [packet.pts for packet in container.demux(video=0) if packet.size]
        if None in pts:
            raise VerificationError(f"a picture in {segment.name} has no time")
        rank = np.empty(len(pts), np.int64)
        rank[np.argsort(np.array(pts, np.int64), kind="stable")] = np.arange(shown, shown + len(pts))
        ranks.append(rank)
        shown += len(pts)
    return np.concatenate(ranks)


def packet_times(pts: Int64Array, rank: Int64Array, *, last_duration: int, from_zero: bool) -> PacketTimes:
    """Return the times of packets that are shown at ``pts`` (ascending, ticks) in the order of ``rank``.

    Parameters
    ----------
    pts, rank : ndarray of int64
        One a packet: ascending times, and which of them each packet in decoding order has.
    last_duration : int
        Ticks that the last picture is shown.
    from_zero : bool
        The container has no decode times below 0.

    Notes
    -----
    Packets are decoded at the times of the pictures in the order shown, as many behind as the encoder reorders; the
    first of them before anything is shown.
    """
    count = len(rank)
    held = int((np.arange(count) - rank).max())
    step = max(int(np.median(np.diff(pts))), 1) if count > 1 else 1
    if from_zero and held and int(pts[0]) >= held:
        step = min(step, int(pts[0]) // held)
    front = pts[0] - step * np.arange(held, 0, -1)
    dts = np.concatenate((front, pts[: count - held]))
    duration = np.diff(pts, append=pts[-1] + max(last_duration, 1))
    return PacketTimes(pts[rank], dts, duration[rank])


def encoded_packets(segments: Sequence[Path], times: PacketTimes) -> Iterator[Any]:
    """Yield the packets of the pieces with their times, in decoding order.

    Raises VerificationError where a piece has other parameter sets than the first: a container holds one.
    """
    import av

    number, known = 0, None
    for segment in segments:
        with av.open(str(segment)) as container:
            extradata = container.streams.video[0].codec_context.extradata
            if number and extradata != known:
                raise VerificationError(f"{segment.name} was encoded with other settings than the pieces before it")
            known = extradata
            for packet in container.demux(video=0):
                if not packet.size:
                    continue
                packet.pts = int(times.pts[number])
                packet.dts = int(times.dts[number])
                packet.duration = int(times.duration[number])
                number += 1
                yield packet
