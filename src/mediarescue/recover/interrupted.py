"""Pictures that damage interrupts: what the length field claims is no longer what stands behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mediarescue.recover.candidate import INTERRUPTED, FamilySamples, Gap, Segmentation
from mediarescue.recover.codecs.aac import AacMatcher
from mediarescue.recover.codecs.nal_matcher import NalVideoMatcher
from mediarescue.recover.codecs.unknown import UnknownMatcher
from mediarescue.recover.families import Families
from mediarescue.recover.foreign import looks_like
from mediarescue.recover.matcher import Matcher, Unmarked

_READ = 4096
_SHORT = 64
"""Bytes that are hardly a sample of another track behind a picture."""
_DENSE_READ = 256
_DENSE = 0.75
"""Of the byte values that as many random bytes have."""
_FEW = 8
_MOST = 0.1
"""Part of a family's samples with a gap behind them above which the gaps are a track and no damage."""


def without_interrupted(
    segmentation: Segmentation, families: Families, read: Callable[[int, int], bytes]
) -> Segmentation:
    """Return the segmentation without the pictures behind which nothing is recognised.

    Parameters
    ----------
    read : callable
        ``(offset, size)`` -> bytes of the broken file.

    Notes
    -----
    Damage that begins in a picture leaves its head with a length that is no longer true, or data that no longer are;
    only damage that begins in the few bytes of the next sample's head leaves the picture whole. So what stands in
    front of an unexplained stretch goes with it, unless that looks like something, or is where the reference has a
    track that nobody can recognise, or so often that it must be one.
    """
    unknown = unknown_reach(families.matchers)
    taken: dict[int, list[int]] = defaultdict(list)
    for part in np.flatnonzero(segmentation.family[1:] < 0).tolist():
        family, gap = int(segmentation.family[part]), part + 1
        if family >= 0 and isinstance(families.matchers[family], NalVideoMatcher):
            taken[family].append(gap)
    gap_at = {gap.offset: gap for gap in segmentation.gaps}
    dropped: list[int] = []
    for family, places in taken.items():
        gaps = [(part, gap_at[int(segmentation.offset[part])]) for part in places]
        gaps = [
            (part, gap)
            for part, gap in gaps
            if unknown < gap.size and _is_damage(gap, segmentation.end, read, families.matchers)
        ]
        if len(gaps) <= max(_FEW, _MOST * len(segmentation.samples[family].size)):
            dropped += [part - 1 for part, _ in gaps]
    return _without_last(segmentation, sorted(dropped)) if dropped else segmentation


def unknown_reach(matchers: Sequence[Matcher]) -> int:
    """Return how long a gap may be that is samples of a track nobody can recognise, in bytes; 0 without such."""
    return max((2 * m.largest for m in matchers if isinstance(m, (UnknownMatcher, Unmarked))), default=0)


def _is_damage(gap: Gap, end: int, read: Callable[[int, int], bytes], matchers: Sequence[Matcher]) -> bool:
    """Whether a gap is bytes that nothing explains, in the midst of the media, that begin inside a picture."""
    if gap.expected or gap.reason == INTERRUPTED or gap.offset + gap.size >= end:
        return False
    before, head = read(gap.offset - 1, 1), read(gap.offset, min(gap.size, _READ))
    if gap.size >= _SHORT and not any(head[:_SHORT]):
        return not any(before)  # or the hole begins right behind the picture
    if any(head[1:_SHORT]) and any(m.begins(head) for m in matchers if isinstance(m, AacMatcher)):
        return False  # the damage begins in a frame of sound
    if gap.size < _SHORT:
        return True  # as many bytes as were put into the picture
    return _is_dense(head[:_DENSE_READ]) and not (looks_like(head, whole=gap.size <= _READ) or looks_like(head))


def _is_dense(data: bytes) -> bool:
    """Whether bytes vary as much as those inside a picture, or noise; metadata and plain sound do less."""
    different = 256 * (1 - (255 / 256) ** len(data))
    return len(set(data)) >= _DENSE * different


def _without_last(segmentation: Segmentation, parts: list[int]) -> Segmentation:
    """Return the segmentation with the last sample of each of these runs in the gap behind it."""
    family, offset, size = segmentation.family, segmentation.offset.copy(), segmentation.size.copy()
    samples = list(segmentation.samples)
    moved: dict[int, int] = {}
    for number, of in enumerate(samples):
        mine = [part for part in parts if family[part] == number]
        if mine:
            runs = np.searchsorted(of.run_offset, offset[mine])
            last = np.cumsum(of.run_count)[runs] - 1
            for part, lost in zip(mine, of.size[last].astype(np.int64).tolist(), strict=True):
                moved[int(offset[part + 1])] = lost
                size[part] -= lost
                offset[part + 1] -= lost
                size[part + 1] += lost
            samples[number] = _samples_without(of, runs, last)
    gaps = tuple(
        replace(gap, offset=gap.offset - moved[gap.offset], size=gap.size + moved[gap.offset])
        if gap.offset in moved
        else gap
        for gap in segmentation.gaps
    )
    kept = (size > 0) | (family < 0)
    return Segmentation(
        segmentation.start, segmentation.end, family[kept], offset[kept], size[kept], tuple(samples), gaps
    )


def _samples_without(of: FamilySamples, runs: np.ndarray, last: np.ndarray) -> FamilySamples:
    """Return the samples without those numbered ``last``, each the last one of one of ``runs``."""
    left = np.ones(len(of.size), dtype=bool)
    left[last] = False
    count = of.run_count.copy()
    count[runs] -= 1
    rows = None if of.rows is None else of.rows.chosen(left)
    return FamilySamples(of.run_offset[count > 0], count[count > 0], of.size[left], rows)
