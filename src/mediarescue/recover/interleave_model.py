"""How the chunks of several tracks of one codec follow each other: what tells them apart."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from mediarescue.recover.profile import TrackProfile

CONTEXT = 3
"""Chunks that the next one's track is learned from."""
_UNSEEN = 0.02
"""Times a length of chunk counts that the reference does not have."""
_OTHER_FIRST = 6.0
"""Nats that another track than in the reference begins the film."""


class Evidence(Protocol):
    """What the samples themselves say of the track they belong to."""

    def alone(self, place: int, index: int) -> float:
        """Return the surprise in nats that sample ``index`` is of track ``place``."""

    def following(self, place: int, before: int, index: int) -> float:
        """Return the surprise in nats that ``index`` comes right after ``before`` (-1: first) in track ``place``."""


@dataclass(slots=True)
class InterleaveModel:
    """How the chunks of a family's tracks follow each other in the reference.

    Attributes
    ----------
    lengths : list of Counter
        Samples of each track's chunks.
    order : dict
        Counts of the next chunk's track after the last one to three, with whether other data stood between.
    first : int
        Track of the first chunk, -1 where there is none: two tracks in turn are told apart by nothing else.
    """

    tracks: int
    lengths: list[Counter[int]] = field(default_factory=list)
    order: dict[tuple[int, ...], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    first: int = -1

    @staticmethod
    def learn(tracks: Sequence[TrackProfile]) -> InterleaveModel:
        """Learn from the reference's chunks; chunks of one track that touch count as one."""
        model = InterleaveModel(len(tracks), [Counter() for _ in tracks])
        runs = [track.runs() for track in tracks]
        offset, size, count = (np.concatenate([run[k] for run in runs]).astype(np.int64) for k in range(3))
        place = np.repeat(np.arange(len(tracks), dtype=np.int64), [len(run[0]) for run in runs])
        turn = np.lexsort((place, count, size, offset))
        offset, size, count, place = offset[turn], size[turn], count[turn], place[turn]
        if not len(offset):
            return model
        model.first = int(place[0])
        apart = np.append(True, offset[1:] != offset[:-1] + size[:-1])
        first = np.flatnonzero(apart | np.append(True, place[1:] != place[:-1]))
        apart, place, count = apart[first], place[first], np.add.reduceat(count, first)
        for each, lengths in enumerate(model.lengths):  # the last chunk is as long as the film happened to be
            lengths.update(count[:-1][place[:-1] == each].tolist())
        total = len(place)
        code = apart.astype(np.int64)
        for k in range(min(CONTEXT + 1, total)):
            code = apart[k:].astype(np.int64)
            for back in range(k, -1, -1):
                code = code * len(tracks) + place[k - back : total - back]
            for number, times in zip(*(part.tolist() for part in np.unique(code, return_counts=True)), strict=True):
                key: tuple[int, ...] = ()
                for _ in range(k + 1):
                    number, digit = divmod(number, len(tracks))
                    key = (digit, *key)
                model.order[(number, *key[:-1])][key[-1]] = times
        return model

    def next_cost(self, apart: bool, context: tuple[int, ...], place: int) -> float:
        """Return ``-log`` of the probability that the next chunk is of track ``place``."""
        if not context and self.first >= 0:
            return 0.0 if place == self.first else _OTHER_FIRST
        probability = 1.0 / self.tracks
        for k in range(len(context) + 1):
            seen = self.order.get((int(apart), *context[len(context) - k :]))
            if seen:
                total, kinds = sum(seen.values()), len(seen)
                probability = (seen[place] + kinds * probability) / (total + kinds)
        return -math.log(max(probability, 1e-9))

    def end_cost(self, place: int, count: int, ended: bool) -> float:
        """Return ``-log`` of the hazard that a chunk ends (or goes on) after ``count`` samples."""
        seen = self.lengths[place]
        at_least = sum(times for length, times in seen.items() if length >= count)
        hazard = (seen[count] + _UNSEEN) / (at_least + 2 * _UNSEEN) if at_least else 0.5
        return -math.log(hazard if ended else 1 - min(hazard, 1 - 1e-6))
