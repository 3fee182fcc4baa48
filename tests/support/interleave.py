"""Two recordings in one file, by clusters, as GoPro's Hero3 and Hero4 left them when the power went.

Built from what is documented (Aeroquartet, "Those GoPro HERO videos that cannot could not be repaired", 2013; CnW
Recovery's manuals of 2014 and 2019): the camera writes the MP4 and the small LRV at the same time, in turns of whole
clusters of the card that know nothing of samples, with varying runs. No real file of the kind could be had.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.support.boxes import mdat_of
from tests.support.clips import AudioSpec, ClipSpec, Planes, VideoSpec, drifting_shapes


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Where the clusters went: bytes of each recording (from its own start) that are in the file, clusters of each."""

    main_size: int
    other_size: int
    main_clusters: int
    other_clusters: int


def spec(*, small: bool, seed: int, seconds: int = 6, keyint: int = 15) -> ClipSpec:
    """Return the settings of a camera's MP4 (some megabits a second) or of its LRV, with nearly the same sound."""
    size, rate = ((128, 72), "26") if small else ((640, 360), "20")
    video = VideoSpec(
        options=(
            ("preset", "ultrafast"),
            ("crf", rate),
            ("x264-params", f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes=0:aud=1"),
        ),
        frames=seconds * 30,
        rate=Fraction(30),
        size=size,
        seed=seed,
        paint=grainy_shapes,
    )
    sound = AudioSpec(rate=48000, content="music", seconds=Fraction(seconds), seed=seed, bit_rate=128000)
    return ClipSpec(video=(video,), audio=(sound,))


def grainy_shapes(index: int, width: int, height: int, seed: int) -> Planes:
    """Paint the usual shapes with grain of their own in every picture, which costs bits."""
    luma, u, v = drifting_shapes(index, width, height, seed)
    grain = np.random.default_rng((seed, index)).integers(-9, 10, luma.shape)
    return np.clip(luma.astype(np.int64) + grain, 0, 255).astype(np.uint8), u, v


def interleave(
    main: Path, other: Path, target: Path, *, cluster: int, seed: int, with_ftyp: bool = True, from_mdat: bool = False,
    other_header: bool = True, other_run: tuple[int, int] = (1, 1),
) -> Interleaved:  # fmt: skip
    """Write the clusters of two healthy files in turns; the last ones of both, and both indexes, are missing.

    Parameters
    ----------
    cluster : int
        Bytes.
    with_ftyp : bool
        Hero4 writes ``ftyp`` and ``mdat``, Hero3 begins with ``mdat``.
    from_mdat : bool
        Count the clusters from the first byte of media.
    other_header : bool
        Whether the other recording's ``ftyp`` and ``mdat`` header stand before its first byte of media.
    other_run : (int, int)
        Shortest and longest run of its clusters.
    """
    first, last = _media(main, with_ftyp, True), _media(other, with_ftyp, other_header)
    lead = mdat_of(main).header + (mdat_of(main).offset if with_ftyp else 0) if from_mdat else 0
    front, first = first[:lead], first[lead:]
    chance, out = random.Random(seed), bytearray(front)
    share = len(first) / max(len(last), 1)
    taken = [0, 0]
    while True:
        run = chance.randint(*other_run)
        usual = max(1, round(run * share))
        turns = ((first, 0, chance.randint(max(1, usual // 2), usual + usual // 2)), (last, 1, run))
        before = list(taken)
        for data, which, count in turns:
            for _ in range(count):
                if (taken[which] + 1) * cluster > len(data):
                    if which == 0:
                        break
                    continue
                out += data[taken[which] * cluster : (taken[which] + 1) * cluster]
                taken[which] += 1
        if taken[0] == before[0] or (taken[0] + 1) * cluster > len(first):
            break
    target.write_bytes(bytes(out))
    return Interleaved(lead + taken[0] * cluster, taken[1] * cluster, taken[0], taken[1])


def _media(path: Path, with_ftyp: bool, header: bool) -> bytes:
    """Return a file up to the end of its media data, the size in the header not known yet."""
    mdat, data = mdat_of(path), path.read_bytes()
    head = data[mdat.offset : mdat.offset + mdat.header] if header else b""
    head = b"\0\0\0\0" + head[4:] if header else b""
    front = data[: mdat.offset] if with_ftyp and header else b""
    return front + head + data[mdat.offset + mdat.header : mdat.end]
