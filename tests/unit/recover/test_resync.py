from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.padding import Padding
from mediarescue.recover.resync import StartSearch
from mediarescue.recover.window import MediaWindow
from tests.unit.recover.toys import Letters

Open = Callable[[bytes], MediaWindow]


class Shy(Letters):
    """Finds nothing by itself: its samples show only by ending where something is known to start."""

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        return -1

    def find_ending(self, window: MediaWindow, pos: int, end: int) -> int:
        fits = (at for at in range(end - 1, pos - 1, -1) if self._size(window, at) == end - at)
        return next(fits, -1)


class Usual(Letters):
    """Finds only samples of one usual size."""

    def find_usual(self, window: MediaWindow, pos: int, end: int) -> int:
        return next((at for at in range(pos, end) if self._size(window, at) == 5), -1)


@pytest.fixture
def media(tmp_path: Path) -> Iterator[Open]:
    opened: list[ByteSource] = []

    def make(data: bytes) -> MediaWindow:
        path = tmp_path / f"media{len(opened)}"
        path.write_bytes(data)
        opened.append(ByteSource.open(path))
        return MediaWindow(opened[-1], 0, len(data))

    yield make
    for source in opened:
        source.close()


A, B = Letters(0, "A"), Letters(1, "B")


def test_a_start_counts_where_another_family_follows(media: Open) -> None:
    window = media(b"....A2x....A2xB3xx" + b"." * 50)
    assert StartSearch(window, [A, B], Padding()).find(0) == 11


def test_samples_of_weak_marks_are_taken_in_from_where_they_lead_to(media: Open) -> None:
    window = media(b"......B3xxB2xB4xxxA2xA2xA2x" + b"." * 50)
    assert StartSearch(window, [A, B], Padding()).find(0) == 6
    shy = Shy(1, "B")
    assert StartSearch(window, [A, shy], Padding()).find(0) == 6
    assert StartSearch(window, [A, shy], Padding()).find(7) == 10, "not in front of where the search began"
    broken = media(b"......B3xxB2x.B4xxxA2xA2xA2x" + b"." * 50)
    assert StartSearch(broken, [A, shy], Padding()).find(0) == 14, "each must end where the next one starts"


def test_samples_of_other_families_may_stand_between(media: Open) -> None:
    shy, other = Shy(1, "B"), Shy(2, "C")
    window = media(b"...........C2xB3xxC2xB2xA2xA2xA2x" + b"." * 50)
    assert StartSearch(window, [A, shy, other], Padding()).find(0) == 11


def test_a_slow_matcher_is_asked_for_its_usual_samples(media: Open) -> None:
    window = media(b"....A2xA2xA2xA4xxxA2xA2x" + b"." * 50)
    assert StartSearch(window, [Usual(0, "A")], Padding()).find(0) == 13


def test_the_last_answer_serves_all_who_ask_within(media: Open) -> None:
    media_bytes = b"." * 3000 + b"A2xB3xxA2x" + b"." * 3000 + b"B3xxA2xB3xx" + b"." * 500
    window, matcher = media(media_bytes), Letters(0, "A")
    starts = StartSearch(window, [matcher, B], Padding())
    assert starts.find(10) == 3000
    asked = len(matcher.asked)
    assert [starts.find(pos) for pos in (11, 2000, 3000, 10)] == [3000] * 4
    assert len(matcher.asked) == asked, "nothing was verified again"
    assert starts.find(5) == 3000
    assert starts.find(3001) == 3003
    assert starts.find(3011) == 6010
    assert starts.find(100) == 3000
    assert starts.find(6030) == -1
    assert starts.find(6040) == -1


@pytest.mark.parametrize("lost", [100, 70_000, 600_000])
def test_a_start_behind_much_damage_is_found_to_the_byte(media: Open, lost: int) -> None:
    for filling in (b"\0", b"\xff", b"\0\0\1"):
        data = (filling * lost)[:lost] + b"A2xB3xxA2x" + b"." * 50
        assert StartSearch(media(data), [A, B], Padding()).find(1) == lost


def test_media_that_became_shorter_ends_the_search(media: Open) -> None:
    window = media(bytes(200_000))
    window.source.path.write_bytes(bytes(10))
    assert StartSearch(window, [A, B], Padding()).find(1) == -1
