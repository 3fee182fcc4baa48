"""Decode and composition times of re-encoded pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediarescue.isobmff import BoxError
from mediarescue.isobmff.picture_times import SourceTimes, composition_times, picture_times

Int64Array = NDArray[np.int64]
ORDER = np.array([0, 3, 1, 2, 6, 4, 5, 7])
"""Decoding order I P B B P B B P."""


def _source(composition: Int64Array, *, signed: bool = False, last: int = 10) -> SourceTimes:
    """Return a source that decodes in the order shown."""
    decode = composition - composition[0]
    return SourceTimes(decode, composition, int(decode[-1]) + last, signed)


def _reordered(depth: int, count: int) -> Int64Array:
    """Return a decoding order that shows each ``depth + 1``-th picture before those in front of it."""
    order: list[int] = []
    for start in range(0, count, depth + 1):
        block = list(range(start, min(start + depth + 1, count)))
        order += [block[-1], *block[:-1]]
    return np.array(order)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.integers(0, 4), st.integers(0, 50), st.booleans())
def test_every_picture_is_shown_at_its_time_and_decoded_before(
    steps: list[int], depth: int, start: int, signed: bool
) -> None:
    composition = start + np.cumsum(np.array(steps)) - steps[0]
    rank = _reordered(depth, len(composition))
    source = _source(composition, signed=signed)
    times = picture_times(source, composition, rank)
    shown = times.decode + times.composition_offset
    assert (shown == composition[rank] + times.shift).all()
    assert (times.decode + times.duration)[-1] == source.end  # the media last as long
    assert (np.cumsum(times.duration)[:-1] == times.decode[1:]).all()
    assert times.decode[0] == 0
    if signed:
        assert times.shift == 0
    else:
        assert (times.composition_offset >= 0).all()


def test_without_reordering_nothing_is_moved() -> None:
    composition = np.arange(8) * 10
    times = picture_times(_source(composition), composition, np.arange(8))
    assert times.shift == 0
    assert not times.composition_offset.any()


def test_pictures_are_composed_only_as_much_later_as_the_encoder_reorders() -> None:
    composition = np.arange(8) * 10
    times = picture_times(_source(composition), composition, ORDER)
    assert times.shift == 10
    assert times.composition_offset.tolist() == [10, 30, 0, 0, 30, 0, 0, 10]
    assert times.duration.tolist() == [10] * 8


def test_a_source_that_reorders_as_much_needs_no_shift() -> None:
    decode = np.arange(8) * 10
    source = SourceTimes(decode, decode[ORDER] + 20, 80, False)
    times = picture_times(source, np.sort(source.composition), ORDER)
    assert times.shift == 0
    assert (times.decode == decode).all()


def test_a_picture_that_stands_for_long_does_not_move_the_others_by_as_much() -> None:
    composition = np.array([0, 10, 20, 30, 9000, 9010, 9020, 9030])
    times = picture_times(_source(composition), composition, np.array([0, 1, 2, 5, 3, 4, 6, 7]))
    assert times.shift <= 20
    assert (np.diff(times.decode) > 0).all()


def test_a_last_picture_of_no_duration_stays_one() -> None:
    composition = np.arange(8) * 10
    times = picture_times(_source(composition, last=0), composition, ORDER)
    assert times.duration[-1] == 0


def test_fewer_pictures_than_samples_keep_their_own_times() -> None:
    own = np.arange(10) * 10 + 5
    source = _source(own)
    shown = np.delete(own, [0, 6])
    # FFmpeg counts from another point where offsets are negative.
    assert (composition_times(source, shown + 35) == shown).all()
    times = picture_times(source, shown, np.arange(8))
    assert (times.decode + times.composition_offset - times.shift == shown).all()
    assert times.decode[-1] + times.duration[-1] == source.end


def test_as_many_pictures_as_samples_have_the_times_of_the_samples() -> None:
    source = _source(np.array([7, 9, 30]))
    assert composition_times(source, np.array([0, 1, 2])).tolist() == [7, 9, 30]


def test_times_beyond_the_fields_are_refused() -> None:
    composition = np.array([0, 1 << 33])
    with pytest.raises(BoxError, match="do not fit"):
        picture_times(_source(composition), composition, np.arange(2))
