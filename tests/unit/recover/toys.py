"""Matchers for media of printable letters: small enough to see what the search does with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Candidate, Segmentation
from mediarescue.recover.models import OrderModel
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.window import MediaWindow


def candidate(family: int, offset: int, *sizes: int, cost: float = 0.0, certain: bool = False) -> Candidate:
    return Candidate(family, offset, sum(sizes), np.array(sizes, dtype=np.int64), None, cost, certain)


class Letters:
    """Samples of a letter and a digit, the sample's size: ``A5abcd`` is 6 bytes of family A.

    ``cost`` is that of each run, ``certain`` says so, ``greedy`` takes all samples in a row for one run.
    """

    blind = False

    def __init__(
        self, family: int, letter: str, *, cost: float = 0.0, certain: bool = True, greedy: bool = True
    ) -> None:
        self.family, self.letter = family, ord(letter)
        self.cost, self.certain, self.greedy = cost, certain, greedy
        self.asked: list[int] = []

    def _size(self, window: MediaWindow, pos: int) -> int:
        head = window.peek(pos, 2)
        return 1 + head[1] - 48 if len(head) == 2 and head[0] == self.letter and 49 <= head[1] <= 57 else 0

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        self.asked.append(pos)
        sizes, at = [], pos
        while (size := self._size(window, at)) and at + size <= window.end:
            sizes.append(size)
            at += size
            if not self.greedy:
                break
        return candidate(self.family, pos, *sizes, cost=self.cost, certain=self.certain) if sizes else None

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        return None

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        return next((at for at in range(pos, end) if self._size(window, at)), -1)

    def cut(self, window: MediaWindow, pos: int) -> bool:
        return self._size(window, pos) > window.end - pos


class Blind(Letters):
    """Runs of given sizes, of any bytes; fills holes up to ``most`` bytes."""

    blind = True

    def __init__(self, family: int, *sizes: int, most: int = 0) -> None:
        super().__init__(family, "?")
        self.sizes, self.most = sizes, most

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        return None

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        return [candidate(self.family, pos, size, cost=1.0) for size in self.sizes]

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        return candidate(self.family, offset, size, cost=1.0) if 0 < size <= self.most else None

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        return -1

    def cut(self, window: MediaWindow, pos: int) -> bool:
        return False


class Fixed(Letters):
    """Says what a table tells it to say."""

    def __init__(self, family: int, runs: dict[int, Candidate]) -> None:
        super().__init__(family, "?")
        self.runs = runs

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        return self.runs.get(pos)

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        return next((at for at in sorted(self.runs) if pos <= at < end), -1)

    def cut(self, window: MediaWindow, pos: int) -> bool:
        return False


def segment(
    folder: Path, media: bytes, matchers: Sequence[Letters], order: Sequence[int] = (), *, lead: int = 0
) -> Segmentation:
    """Search ``media`` with an order model that learned the runs of ``order``."""
    path = folder / "media"
    path.write_bytes(media)
    model = OrderModel(len(matchers))
    model.learn(order)
    with ByteSource.open(path) as source:
        return Segmenter(MediaWindow(source, 0, len(media)), matchers, model, lead=lead).run()


def spelled(segmentation: Segmentation) -> str:
    """Return the parts as text: family letter (``.`` a gap) and size."""
    names = ["." if family < 0 else "ABCDEF"[family] for family in segmentation.family.tolist()]
    return " ".join(f"{name}{size}" for name, size in zip(names, segmentation.size.tolist(), strict=True))
