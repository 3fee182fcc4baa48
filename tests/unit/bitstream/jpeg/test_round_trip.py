"""Coefficients read and written: without a change the file comes out as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mediarescue.bitstream.jpeg import read_coefficients, write_coefficients
from tests.support.jpegs import jpeg

KINDS: dict[str, dict[str, Any]] = {
    "4:4:4": {"subsampling": "4:4:4"},
    "4:2:2": {"subsampling": "4:2:2"},
    "4:2:0": {"subsampling": "4:2:0"},
    "4:1:1": {"subsampling": "4:1:1"},
    "optimised": {"optimize": True},
    "restart rows": {"restart_marker_rows": 1},
    "restart blocks": {"restart_marker_blocks": 3},
    "grey": {"mode": "L"},
    "cmyk": {"mode": "CMYK"},
    "quality 1": {"quality": 1},
    "quality 100": {"quality": 100},
    "progressive": {"progressive": True},
    "progressive 4:4:4": {"progressive": True, "subsampling": "4:4:4", "quality": 100},
    "progressive restarts": {"progressive": True, "restart_marker_blocks": 5},
    "progressive grey": {"progressive": True, "mode": "L"},
    "progressive cmyk": {"progressive": True, "mode": "CMYK"},
    "wide tables": {"qtables": [[300 + i for i in range(64)], [i + 1 for i in range(64)]]},
}


@pytest.mark.parametrize("kind", KINDS)
def test_all_bits_coded_anew_are_those_of_the_file(kind: str) -> None:
    data = jpeg(**KINDS[kind])
    image = read_coefficients(data)
    assert write_coefficients(image, image.coefficients) == data
    assert write_coefficients(image, image.coefficients, recode=True) == data


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (7, 9), (8, 8), (16, 17), (33, 15)])
def test_sizes_that_fill_no_block_are_read(size: tuple[int, int]) -> None:
    data = jpeg(*size)
    image = read_coefficients(data)
    assert (image.frame.width, image.frame.height) == size
    assert write_coefficients(image, image.coefficients, recode=True) == data


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_block_changes_no_other(kind: str) -> None:
    image = read_coefficients(jpeg(**KINDS[kind]))
    wanted = [c.copy() for c in image.coefficients]
    wanted[0][1, 2] = np.arange(-32, 32)
    wanted[-1][0, 0, :3] += 2
    got = read_coefficients(write_coefficients(image, wanted))
    for new, old in zip(got.coefficients, wanted, strict=True):
        np.testing.assert_array_equal(new, old)
