"""Frames through a filter: decoded in one thread, filtered in several, given on in order, with bounded queues.

Notes
-----
Neighbours are shared between windows, so a frame is written to only when no window needs it any more. No thread is
ever left behind: leaving the generators stops, drains and joins them.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from mediarescue.media.planes import DecodedFrame, FramePlanes, Repainted, repainted
from mediarescue.pipeline.window import FrameWindow, windows

if TYPE_CHECKING:
    from mediarescue.pipeline.filter import FrameFilter

Item = TypeVar("Item")

_QUEUED_BYTES = 32 << 20
"""Decoded pictures that wait for the encoder, at most; one at least."""
_MOST_WORKERS = 4


def queue_depth(width: int, height: int, bit_depth: int) -> int:
    """How many decoded frames may wait: one at least, sixteen at most, about 32 MiB."""
    size = width * height * (2 if bit_depth > 8 else 1) * 3 // 2
    return max(1, min(16, _QUEUED_BYTES // max(size, 1)))


@contextmanager
def ahead(items: Iterable[Item], depth: int) -> Iterator[Iterator[Item]]:
    """Run an iterator in a thread of its own, at most ``depth`` items ahead; its exceptions come out here."""
    line: queue.Queue[tuple[str, Item | BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def offer(kind: str, value: Item | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                line.put((kind, value), timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not offer("item", item):
                    return
            offer("end", None)
        except BaseException as error:
            offer("error", error)

    def given() -> Iterator[Item]:
        while True:
            kind, value = line.get()
            if kind == "end":
                return
            if kind == "error":
                raise value  # type: ignore[misc]
            yield value  # type: ignore[misc]

    thread = threading.Thread(target=work, name="decode", daemon=True)
    thread.start()
    try:
        yield given()
    finally:
        stopped.set()
        while thread.is_alive():
            empty(line)
            thread.join(0.05)
        empty(line)


def empty(line: queue.Queue[tuple[str, Item | BaseException | None]]) -> None:
    """Empty a queue, so that whoever waits to put something into it goes on."""
    while True:
        try:
            line.get_nowait()
        except queue.Empty:
            return


class Filtered:
    """The frames of a film after a filter, in order.

    Parameters
    ----------
    frames : iterable of av.VideoFrame
        In the order of presentation, each with its pts.
    time_base : Fraction
    chosen : FrameFilter or None
        None gives the frames as they are.
    first : int
        Frames before this one are looked at as neighbours only, and not given.

    Attributes
    ----------
    changed : int
        Frames that the filter gave new samples, so far.
    """

    def __init__(
        self, frames: Iterable[DecodedFrame], time_base: Fraction, chosen: FrameFilter | None, *, first: int = 0
    ) -> None:
        self.changed = 0
        self._frames = frames
        self._time_base = time_base
        self._filter = chosen
        self._first = first

    def __iter__(self) -> Iterator[DecodedFrame]:
        if self._filter is None:
            for index, frame in enumerate(self._frames):
                if index >= self._first:
                    yield frame
            return
        workers = max(1, min(_MOST_WORKERS, os.cpu_count() or 1))
        pool = ThreadPoolExecutor(workers, thread_name_prefix="filter")
        try:
            yield from self._through(pool, self._filter, workers)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _through(self, pool: ThreadPoolExecutor, chosen: FrameFilter, workers: int) -> Iterator[DecodedFrame]:
        def job(window: FrameWindow) -> Repainted | None:
            return repainted(window.frame, chosen.apply(window))

        waiting: deque[tuple[FramePlanes, Future[Repainted | None]]] = deque()
        shown = (FramePlanes(f, i, self._time_base) for i, f in enumerate(self._frames))
        for window in windows(shown, chosen.radius):
            if window.frame.index < self._first:
                continue
            waiting.append((window.frame, pool.submit(job, window)))
            if len(waiting) > workers + chosen.radius:
                yield self._settled(waiting, chosen.radius)
        while waiting:
            yield self._settled(waiting, chosen.radius)

    def _settled(self, waiting: deque[tuple[FramePlanes, Future[Repainted | None]]], radius: int) -> DecodedFrame:
        frame, future = waiting.popleft()
        result = future.result()
        if result is None:
            return frame.decoded
        for number, (_, later) in enumerate(waiting):
            if number == radius:
                break
            later.result()
        self.changed += 1
        return result.paint()
