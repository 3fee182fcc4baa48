"""A picture with its neighbours in time, for filters that look around."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from mediarescue.media.planes import FramePlanes


class FrameWindow:
    """A frame and up to ``radius`` frames before and behind it.

    Attributes
    ----------
    frame : FramePlanes
        The one to be filtered.
    radius : int
    """

    __slots__ = ("_around", "frame", "radius")

    def __init__(self, frame: FramePlanes, around: dict[int, FramePlanes], radius: int) -> None:
        self.frame = frame
        self.radius = radius
        self._around = around

    def __getitem__(self, distance: int) -> FramePlanes | None:
        """Give the frame so many frames later (negative: earlier), None beyond the ends of the film.

        Raises
        ------
        IndexError
            Further away than ``radius``.
        """
        if abs(distance) > self.radius:
            raise IndexError(f"the window reaches {self.radius} frames, not {distance}")
        return self._around.get(distance)

    def neighbours(self) -> Iterator[tuple[int, FramePlanes]]:
        """Give each neighbour there is with its distance, the earliest first; not the frame itself."""
        for distance in sorted(self._around):
            if distance:
                yield distance, self._around[distance]


def windows(frames: Iterable[FramePlanes], radius: int) -> Iterator[FrameWindow]:
    """Give a window around each frame, in order; ``radius`` frames are read ahead."""
    held: deque[FramePlanes] = deque(maxlen=2 * radius + 1)
    place = 0
    for frame in frames:
        if len(held) == held.maxlen:
            place -= 1
        held.append(frame)
        if len(held) - 1 - place >= radius:
            yield _window(held, place, radius)
            place += 1
    while place < len(held):
        yield _window(held, place, radius)
        place += 1


def _window(held: deque[FramePlanes], place: int, radius: int) -> FrameWindow:
    around = {i - place: frame for i, frame in enumerate(held) if abs(i - place) <= radius}
    return FrameWindow(held[place], around, radius)
