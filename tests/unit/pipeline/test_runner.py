"""Frames keep their order and their neighbours, and no thread outlives its generator."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.events import Listener
from mediarescue.media.planes import FramePlanes, Plane
from mediarescue.media.reader import VideoReader
from mediarescue.pipeline.filter import as_filter
from mediarescue.pipeline.runner import Filtered, ahead, queue_depth
from mediarescue.pipeline.window import FrameWindow, windows

TIME_BASE = Fraction(1, 25)


def grey_frames(count: int) -> Iterator[av.VideoFrame]:
    """Frames whose every sample is ten times their number."""
    for number in range(count):
        frame = av.VideoFrame(16, 8, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([10 * number]) * plane.buffer_size)
        frame.pts = 7 * number
        yield frame


def luma(frame: av.VideoFrame) -> int:
    return int(frame.to_ndarray()[0, 0])


class Mean:
    """Replaces luma by the mean of the window, at uneven speed."""

    radius = 2
    fingerprint = "mean"

    def prepare(self, clip: VideoReader, listener: Listener) -> str | None:
        return None

    def apply(self, window: FrameWindow) -> Sequence[Plane] | None:
        time.sleep(random.random() * 0.01)
        shown = [window.frame, *(frame for _, frame in window.neighbours())]
        mean = np.mean([frame.planes[0] for frame in shown], axis=0)
        time.sleep(random.random() * 0.01)
        assert all((frame.planes[0] == 10 * frame.index).all() for frame in shown), "a neighbour was written to"
        return (mean.astype(np.uint8), *window.frame.planes[1:])


class TestFiltered:
    def test_frames_come_in_order_with_the_means_of_untouched_neighbours(self) -> None:
        frames = list(Filtered(grey_frames(20), TIME_BASE, Mean()))
        assert [frame.pts for frame in frames] == [7 * i for i in range(20)]
        expected = [int(np.mean([10 * j for j in range(max(0, i - 2), min(20, i + 3))])) for i in range(20)]
        assert [luma(frame) for frame in frames] == expected

    def test_frames_before_the_first_wanted_are_neighbours_only(self) -> None:
        whole = [luma(frame) for frame in Filtered(grey_frames(12), TIME_BASE, Mean())]
        rest = [luma(frame) for frame in Filtered(grey_frames(12), TIME_BASE, Mean(), first=5)]
        assert rest == whole[5:]

    def test_a_frame_that_is_left_alone_is_passed_on_itself(self) -> None:
        frames = list(grey_frames(4))
        filtered = Filtered(frames, TIME_BASE, as_filter(lambda frame: None if frame.index else frame.planes))
        assert all(a is b for a, b in zip(filtered, frames, strict=True))
        assert filtered.changed == 0

    def test_changed_frames_are_counted(self) -> None:
        def darker(frame: FramePlanes) -> Sequence[Plane] | None:
            return (frame.planes[0] // 2, *frame.planes[1:]) if frame.index % 2 else None

        filtered = Filtered(grey_frames(6), TIME_BASE, as_filter(darker))
        assert [luma(frame) for frame in filtered] == [0, 5, 20, 15, 40, 25]
        assert filtered.changed == 3

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda frame: frame.planes[:2],
            lambda frame: (frame.planes[0][:-1], *frame.planes[1:]),
            lambda frame: (frame.planes[0].astype(np.uint16), *frame.planes[1:]),
        ],
        ids=["too-few", "shape", "dtype"],
    )
    def test_planes_of_another_form_are_refused(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match="the filter returned"):
            list(Filtered(grey_frames(2), TIME_BASE, as_filter(wrong)))

    def test_planes_cannot_be_written_to(self) -> None:
        def careless(frame: FramePlanes) -> None:
            frame.planes[0][0] = 1

        with pytest.raises(ValueError, match="read-only"):
            list(Filtered(grey_frames(2), TIME_BASE, as_filter(careless)))

    def test_the_exception_of_a_filter_comes_out_and_leaves_no_thread(self) -> None:
        def broken(frame: FramePlanes) -> None:
            raise KeyError("broken")

        before = threading.active_count()
        with pytest.raises(KeyError, match="broken"), ahead(grey_frames(100), 2) as frames:
            list(Filtered(frames, TIME_BASE, as_filter(broken)))
        assert threading.active_count() == before


class TestAhead:
    def test_gives_all_items_in_order(self) -> None:
        with ahead(range(1000), 3) as items:
            assert list(items) == list(range(1000))

    def test_runs_at_most_so_far_ahead(self) -> None:
        made: list[int] = []

        def items() -> Iterator[int]:
            for i in range(100):
                made.append(i)
                yield i

        with ahead(items(), 4) as given_items:
            for item in given_items:
                time.sleep(0.001)
                assert len(made) <= item + 4 + 3

    def test_leaving_early_stops_the_thread(self) -> None:
        before = threading.active_count()
        with ahead(iter(int, 1), 2) as items:
            next(items)
        assert threading.active_count() == before

    def test_an_exception_of_the_iterator_comes_out(self) -> None:
        def items() -> Iterator[int]:
            yield 1
            raise OSError("gone")

        with ahead(items(), 2) as given_items:
            assert next(given_items) == 1
            with pytest.raises(OSError, match="gone"):
                next(given_items)


class TestWindows:
    @given(st.integers(0, 12), st.integers(0, 5))
    def test_every_frame_has_the_neighbours_there_are(self, count: int, radius: int) -> None:
        frames = [FramePlanes(frame, i, TIME_BASE) for i, frame in enumerate(grey_frames(count))]
        found = list(windows(iter(frames), radius))
        assert [window.frame.index for window in found] == list(range(count))
        for i, window in enumerate(found):
            for distance in range(-radius, radius + 1):
                neighbour = window[distance]
                assert (neighbour.index if neighbour else None) == (i + distance if 0 <= i + distance < count else None)
            assert [d for d, _ in window.neighbours()] == [d for d in range(-i, count - i) if 0 < abs(d) <= radius]

    def test_looking_too_far_is_an_error(self) -> None:
        frame = FramePlanes(next(grey_frames(1)), 0, TIME_BASE)
        with pytest.raises(IndexError, match="reaches 1"):
            FrameWindow(frame, {0: frame}, 1)[2]


def test_planes_that_are_no_arrays_are_a_mistake_of_the_filter_said_in_a_sentence() -> None:
    chosen = as_filter(lambda frame: [plane.tolist() for plane in frame.planes])
    with pytest.raises(ValueError, match=r"plane 0 of frame 0 as a list; it must stay uint8\[8, 16\]"):
        list(Filtered(grey_frames(2), TIME_BASE, chosen))


def test_the_queue_holds_few_large_frames_and_more_small_ones() -> None:
    assert queue_depth(3840, 2160, 10) == 1
    assert queue_depth(3840, 2160, 8) == 2
    assert queue_depth(640, 480, 8) == 16
