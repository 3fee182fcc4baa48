"""Edit lists of media whose times moved."""

from __future__ import annotations

from mediarescue.isobmff import Edit
from mediarescue.isobmff.shifted_edits import begun_late, shifted_edits, whole_media

CLOCKS = {"timescale": 90000, "movie_timescale": 1000}


def test_edits_that_show_something_move_and_dwells_too() -> None:
    edits = (Edit(5, -1, 1.0), Edit(60, 0, 1.0), Edit(9, 6000, 0.0))
    assert shifted_edits(edits, 3000) == (Edit(5, -1, 1.0), Edit(60, 3000, 1.0), Edit(9, 9000, 0.0))


def test_an_edit_of_all_media_hides_nothing_and_is_no_shorter_than_the_header_says() -> None:
    assert whole_media(90001, 3000, told=0, **CLOCKS) == (Edit(1001, 3000, 1.0),)
    assert whole_media(90000, 3000, told=1040, **CLOCKS) == (Edit(1040, 3000, 1.0),)
    assert whole_media(90000, 3000, told=0xFFFFFFFF, **CLOCKS) == (Edit(1000, 3000, 1.0),)


def test_missing_first_pictures_leave_their_time_empty() -> None:
    edits = (Edit(500, -1, 1.0), Edit(1000, 3000, 1.0))
    late = begun_late(edits, first=9000, was_first=3000, **CLOCKS)
    assert late == (Edit(500, -1, 1.0), Edit(67, -1, 1.0), Edit(933, 9000, 1.0))


def test_where_the_first_picture_is_there_or_hidden_anyway_the_edits_stay() -> None:
    edits = (Edit(1000, 3000, 1.0),)
    assert begun_late(edits, first=3000, was_first=3000, **CLOCKS) == edits
    assert begun_late(edits, first=5000, was_first=5000, **CLOCKS) == edits  # as in the source
    assert begun_late(edits, first=2000, was_first=0, **CLOCKS) == edits
    assert begun_late(edits, first=200_000, was_first=0, **CLOCKS) == edits  # nothing of it would be shown
    assert begun_late((), first=9000, was_first=0, **CLOCKS) == ()
