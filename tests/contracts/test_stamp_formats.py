"""What every format of time stamps promises, tried on each entry of the registry."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mediarescue.recover.timing.telemetry import FORMATS
from mediarescue.recover.timing.telemetry.form import StampFormat, from_first
from tests.e2e.test_camera_clocks import FORMS, nanoseconds

STAMPS = nanoseconds(7, 40)
FILMS = {name: list(make(STAMPS, random.Random(7)).samples) for name, make in FORMS.items()}
each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


@each_format
def test_a_film_exists_in_which_the_format_holds_the_clock(form: StampFormat) -> None:
    seconds = (np.array(STAMPS) - STAMPS[0]) / 1e9
    clocks = [
        (name, column.key)
        for name, samples in FILMS.items()
        for column in form.columns(samples)
        if any(np.abs(column.values * unit - seconds).max() < 2e-6 for unit in (1e-9, 1e-6))
    ]
    assert clocks


@each_format
def test_a_column_reads_the_same_by_its_key(form: StampFormat) -> None:
    for samples in FILMS.values():
        for column in form.columns(samples):
            assert (np.diff(column.values) > 0).all()
            assert np.array_equal(form.read(iter(samples), column.key), column.values)


@each_format
def test_damaged_samples_give_no_stamp_and_no_error(form: StampFormat) -> None:
    draw = random.Random(1)
    for samples in FILMS.values():
        keys = [column.key for column in form.columns(samples)]
        spoiled = [b"" if i % 3 == 1 else sample[: draw.randrange(4)] if i % 3 == 2 else sample
                   for i, sample in enumerate(samples)]  # fmt: skip
        for key in keys:
            values = form.read(spoiled, key)
            assert len(values) == len(samples)
            assert np.isnan(values[1::3]).all()
            assert np.isfinite(values[::3]).all()


@each_format
def test_noise_of_any_length_is_read_without_an_error(form: StampFormat) -> None:
    draw = random.Random(2)
    for length in (0, 1, 3, 4, 9, 200, 3000):
        samples = [draw.randbytes(length) for _ in range(12)]
        assert len(list(form.columns(samples))) <= 2
    assert list(form.columns([])) == []


def test_counters_that_go_round_go_on() -> None:
    values = from_first([250, None, 254, 3, 9], modulus=256)
    assert np.isnan(values[1])
    assert values[[0, 2, 3, 4]].tolist() == [0, 4, 9, 15]
